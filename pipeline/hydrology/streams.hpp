#pragma once
// What follows from directions of flow: streams, catchments, paths, height above the nearest stream.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "pipeline/core/plane.hpp"
#include "pipeline/hydrology/flow_direction.hpp"

namespace pitwatch {

/// 1 where at least so many cells drain through, 0 elsewhere.
Plane<std::uint8_t> streams_by_threshold(PlaneView<const std::uint32_t> accumulation, std::uint32_t least_cells);

/// Columns and rows from the grid's corner; the middle of the first cell is (0.5, 0.5).
using GridLine = std::vector<std::pair<double, double>>;

/// Sets to `value` every cell that a line passes through, but for what lies beside the grid: cells next to each other
/// on the line have a side in common, so that no flow slips between them.
void draw_line(PlaneView<std::uint8_t> cells, const GridLine& line, std::uint8_t value);

/// Lowers the elevations of stream cells, so that flow keeps to them.
void burn_streams(PlaneView<float> elevation, PlaneView<const std::uint8_t> streams, float depth_m);

/// For each cell the outlet that its flow comes to first, counted from 1 in their order; 0 where it comes to none. Of
/// outlets in one cell the first counts. Outlets beside the grid or in voids have no catchment.
Plane<std::uint32_t> catchments(PlaneView<const FlowDirection> directions, std::span<const FlowCell> outlets);

/// Why a path ends.
enum class PathEnd : std::uint8_t {
  outside,  // the edge of the grid, or a void
  pit,      // no lower ground
  target,   // it has come to one
};

struct FlowPath {
  std::vector<FlowCell> cells;  // from the first to the last, both included
  double length_m = 0;          // between the cells' middles, on the map
  double drop_m = 0;            // from the first to the last
  PathEnd end = PathEnd::outside;
  double slope() const { return length_m > 0 ? drop_m / length_m : 0; }
};

/// The way of water from a cell, until it ends or comes to a cell of `targets` that is not 0 (which may be empty: no
/// targets). Starts on the grid; from a void it is empty. Throws DataError for directions that lead in a circle.
FlowPath flow_path(PlaneView<const float> elevation, PlaneView<const FlowDirection> directions,
                   PlaneView<const std::uint8_t> targets, double pixel_size_m, FlowCell from);

/// How far each cell lies above the stream cell that its flow comes to, metres (HAND: Rennó et al. 2008,
/// doi:10.1016/j.rse.2008.03.018); 0 for stream cells and where the ground is lower, NaN where it comes to none.
Plane<float> height_above_streams(PlaneView<const float> elevation, PlaneView<const FlowDirection> directions,
                                  PlaneView<const std::uint8_t> streams);

}  // namespace pitwatch
