#pragma once
// Flow in any direction, shared between the two cells that the steepest fall lies between.

#include <cstdint>

#include "pipeline/core/plane.hpp"
#include "pipeline/hydrology/flow_direction.hpp"

namespace pitwatch {

/// Angles of steepest fall, radians counter-clockwise from east, 0 to 2 pi: the steepest of the eight triangles around
/// a cell (D-infinity: Tarboton 1997, doi:10.1029/96WR03137). Where no triangle falls, or the cell is at the edge of
/// the grid or beside a void, the angle of its D8 direction; NaN where that ends, and for voids. `directions` must be
/// of the same elevations, without depressions.
Plane<float> flow_angles(PlaneView<const float> elevation, PlaneView<const FlowDirection> directions);

/// The cells that drain through each cell, itself counted: a cell's flow goes to the two neighbours on both sides of
/// its angle, in inverse proportion to the angles between. 0 for voids (of `directions`). What would go over the edge
/// is lost.
Plane<double> flow_accumulation(PlaneView<const float> angles, PlaneView<const FlowDirection> directions);

/// The share of each cell's flow, 0 to 1, that comes to a cell of `targets` that is not 0, shared likewise; 1 for those
/// themselves, 0 for voids.
Plane<double> flow_share_to(PlaneView<const float> angles, PlaneView<const FlowDirection> directions,
                            PlaneView<const std::uint8_t> targets);

}  // namespace pitwatch
