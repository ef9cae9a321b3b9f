#pragma once
// A map of index values with its legend, for people who only look.

#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/plane.hpp"
#include "pipeline/indices/catalogue.hpp"
#include "pipeline/plot/drawing.hpp"

namespace pitwatch {

/// The 2nd to the 98th percentile of the values, of at most a million of them, widened to at least 0.02; 0 to 1 where
/// there is none.
ValueRange stretch_of_values(PlaneView<const float> values);

struct PictureStyle {
  ValueRange stretch;         // values with the first and the last colour; what is beyond has theirs, too
  std::string title;          // below the map
  bool is_of_plants = false;  // much is green
};

/// What stands below the scale of colours at both ends and at the quarters between: with so many decimals that none is
/// a twentieth of the way to the next from what it says; with an exponent from 10^9 on, and where 8 decimals are too
/// few.
std::vector<std::string> legend_numbers(const ValueRange& range);

/// At most 1400 pixels wide and high: means of so many values; NaN is light grey. Colours go from dark blue to yellow,
/// from blue by pale yellow (0) to red where both signs take a fifth of the stretch, and from brown to green for
/// plants. Below: title, scale of colours, and a bar of ground, whose pixels are `pixel_size_m` wide.
Picture index_picture(PlaneView<const float> values, const PictureStyle& style, double pixel_size_m);

}  // namespace pitwatch
