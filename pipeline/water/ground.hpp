#pragma once
// The ground of a window as water sees it: elevations, places on it, and the flow of the elevations as they are.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/context/context_config.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/hydrology/flow_direction.hpp"
#include "pipeline/hydrology/routing.hpp"
#include "pipeline/hydrology/streams.hpp"
#include "pipeline/hydrology/voids.hpp"
#include "pipeline/water/places.hpp"

namespace pitwatch {

/// Elevations of a window, small voids filled, and what lies on them.
struct WaterGround {
  CellWindow cells;
  Plane<float> elevation;  // metres
  FilledVoids voids;
  PlaceCells places;
  Plane<std::uint8_t> waters;       // 1: a surface water
  Plane<std::uint8_t> beside_void;  // 1: a cell with a void around it

  double cell_ha() const { return cells.cell_m * cells.cell_m / 1e4; }
};

/// The cells of a window in the zone of that CRS.
Grid grid_of(const std::string& crs, const CellWindow& cells);

/// Reads the elevations of a window. Throws as read_elevation() does.
WaterGround read_ground(const ElevationOptions& options, const std::string& crs, const CellWindow& cells,
                        const std::vector<FlowPlace>& places);

/// Directions of flow on elevations of the ground, which are changed: the waters burnt in, depressions taken out.
Plane<FlowDirection> flow_over(const WaterGround& ground, const ElevationOptions& options, PlaneView<float> elevation);

/// The flow of the elevations as they are.
struct GroundFlow {
  Plane<float> drained;  // elevations without depressions, waters burnt in
  Plane<FlowDirection> directions;
  Plane<float> angles;                 // D-infinity
  Plane<std::uint32_t> drained_cells;  // through each cell
  Plane<std::uint8_t> streams;         // by threshold, and the waters
  Plane<float> heights;                // above the stream that a cell drains to (HAND), metres
};

GroundFlow flow_of(const WaterGround& ground, const ElevationOptions& options);

/// What drains to some cells.
struct Catchment {
  double area_ha = 0;
  double disturbed_ha = 0;
  bool is_cut = false;        // it goes beyond the window, or into a void: there is more of it
  bool ends_at_void = false;  // likewise, into a void: a larger window would not help
};

/// `disturbed` is the share of each cell that alerts cover.
Catchment catchment_of(const WaterGround& ground, PlaneView<const FlowDirection> directions,
                       const std::vector<FlowCell>& outlets, PlaneView<const float> disturbed);

/// Slope of the ground, metres a metre: that of the plane through the eight cells around (Horn 1981); NaN beside voids
/// and at the edge.
double ground_slope(PlaneView<const float> elevation, double cell_m, FlowCell cell);

}  // namespace pitwatch
