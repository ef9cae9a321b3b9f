#pragma once
// Cells and their neighbours. Used inside this folder only.

#include <cmath>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/hydrology/flow_direction.hpp"

namespace pitwatch {

inline FlowCell flow_cell(int x, int y) { return {static_cast<std::uint16_t>(x), static_cast<std::uint16_t>(y)}; }

template <typename T>
bool on_grid(const PlaneView<T>& plane, int x, int y) {
  return x >= 0 && y >= 0 && x < plane.width && y < plane.height;
}

template <typename T>
bool on_edge(const PlaneView<T>& plane, int x, int y) {
  return x == 0 || y == 0 || x == plane.width - 1 || y == plane.height - 1;
}

/// Whether water leaves the elevations here: at the edge of the grid, or beside a void.
inline bool at_outside(PlaneView<const float> elevation, int x, int y) {
  if (on_edge(elevation, x, y)) return true;
  for (int direction = 1; direction <= 8; ++direction) {
    const FlowStep step = flow_steps[static_cast<std::size_t>(direction)];
    if (std::isnan(elevation.at(x + step.x, y + step.y))) return true;
  }
  return false;
}

template <typename T>
void check_side(const PlaneView<T>& plane) {
  if (plane.width <= max_flow_side && plane.height <= max_flow_side) return;
  throw DataError("elevations of " + std::to_string(plane.width) + " x " + std::to_string(plane.height) +
                  " cells: at most " + std::to_string(max_flow_side) + " a side");
}

}  // namespace pitwatch
