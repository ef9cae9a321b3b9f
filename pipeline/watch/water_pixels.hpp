#pragma once
// Which pixels of a pane show a water: of a layer, of an alert that became water, of the reaches above and below an
// alert's inflow.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pipeline/context/attribution.hpp"
#include "pipeline/watch/panes.hpp"
#include "pipeline/water/places.hpp"
#include "pipeline/water/reaches.hpp"

namespace pitwatch {

/// Row-major numbers on a pane's grid, ascending; all in its core, so that no pixel of a site counts twice.
using PanePixels = std::vector<std::size_t>;

/// Those that lie wholly in the place's polygons or within a pixel of those that its lines pass through. The place is
/// on the grid of the pane's zone.
PanePixels place_pixels(const FlowPlace& place, const Pane& pane);

/// Those of which the alert, on the grid of the pane's zone, has half or more.
PanePixels alert_pixels(const AlertPixels& alert, const Pane& pane);

/// A surface water on a pane.
struct PaneWater {
  const FlowPlace* place = nullptr;
  PanePixels pixels;
};

/// The surface waters of which the pane has pixels.
std::vector<PaneWater> waters_on(const std::vector<FlowPlace>& places, const Pane& pane);

/// The reaches of one alert as places in PaneReaches::pixels, ascending.
struct PaneReach {
  std::size_t number = 0;  // in the list that was given
  std::vector<std::uint32_t> downstream;
  std::vector<std::uint32_t> upstream;
};

struct PaneReaches {
  PanePixels pixels;  // of any of them
  std::vector<PaneReach> reaches;
};

/// Pixels of the waters on or beside the cells of one reach of an alert and not of its other one; downstream those of
/// the reach's own water alone. Reaches of another zone have none.
PaneReaches reaches_on(std::span<const AlertReach> reaches, const std::vector<PaneWater>& waters, const Pane& pane);

}  // namespace pitwatch
