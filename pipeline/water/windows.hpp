#pragma once
// Which windows of elevations alerts are looked at in.

#include <cstddef>
#include <vector>

#include "pipeline/context/coverage.hpp"
#include "pipeline/water/places.hpp"

namespace pitwatch {

/// Alerts that share a window.
struct AlertWindow {
  CellWindow cells;
  std::vector<std::size_t> alerts;  // ascending
};

/// Most cells of a window.
inline constexpr double most_window_cells = 5e6;

/// A window around each box (pixels of the zone's grid) that reaches so far on all sides; windows that together are no
/// larger than apart become one. A window of too many cells has cells two, four, ... times as large. Boxes of no size
/// or far from Earth must not be given.
std::vector<AlertWindow> alert_windows(const std::vector<GridBox>& boxes, double cell_m, double reach_m);

/// A window around another, `times` as far from its middle on all sides, of at most so many cells, which are as large
/// as that asks for.
CellWindow wide_window(const CellWindow& window, double times, double most_cells);

}  // namespace pitwatch
