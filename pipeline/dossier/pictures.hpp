#pragma once
// Pictures of the ground for a page: the pixels of a chip, and over them as drawing what was found.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "pipeline/chips/chip.hpp"
#include "pipeline/chips/chip_picture.hpp"
#include "pipeline/dossier/texts.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

namespace pitwatch {

/// RFC 4648, with padding.
std::string base64(std::span<const std::uint8_t> bytes);

/// Metres that a scale bar shows: 1, 2 or 5 times a power of ten, at most a third of the width.
double scale_bar_m(double width_m);

/// What a picture shows besides the ground.
struct PictureLabels {
  std::string alt;                              // for readers that do not see it
  std::string date;                             // upper left
  std::string acquisition;                      // below; empty: nothing
  const LonLatMultiPolygon* outline = nullptr;  // null: none
  bool is_later = false;                        // the outline is of a later date: dashed
  double convergence_deg = 0;                   // from true north to the grid's north, clockwise
};

/// An SVG element, whole in itself: the chip as PNG, the outline, a scale bar, an arrow to true north, labels. `wgs84`
/// is of the chip's CRS.
std::string picture_svg(const Chip& chip, Composite composite, const Stretch& stretch, const PictureLabels& labels,
                        ToWgs84& wgs84, const Texts& texts);

}  // namespace pitwatch
