#pragma once
// From elevations to flow: directions, and how much ground drains through each cell.

#include <cstdint>

#include "pipeline/core/plane.hpp"
#include "pipeline/hydrology/flow_direction.hpp"

namespace pitwatch {

/// The neighbour to which the ground falls most steeply (D8: O'Callaghan and Mark 1984); of equally steep ones the
/// first by direction. Level ground drains to where it ends, away from higher and towards lower ground (Barnes, Lehman
/// and Mulla 2014, doi:10.1016/j.cageo.2013.01.009). A cell at the edge of the grid or beside a void that no neighbour
/// lies below drains out: flow_ends, as in pits where there still are any. Voids (NaN) are flow_void. Throws DataError
/// for a grid with a side longer than max_flow_side.
Plane<FlowDirection> flow_directions(PlaneView<const float> elevation);

/// The cells that drain through each cell, itself counted; 0 for voids. `directions` may end anywhere and lead over the
/// edge, but not in circles: cells on such and below them are not counted on.
Plane<std::uint32_t> flow_accumulation(PlaneView<const FlowDirection> directions);

/// The sum of a value over the cells that drain through each cell, itself included; 0 for voids. Values are at least 0;
/// NaN counts as 0. As flow_accumulation() of directions, which it must not be given circles in either.
Plane<double> flow_sum(PlaneView<const FlowDirection> directions, PlaneView<const float> values);

enum class DepressionRule : std::uint8_t {
  fill,
  breach,  // and fill what is left
};

/// Takes the depressions out of the elevations, in place, and gives their directions. Throws as flow_directions() does.
Plane<FlowDirection> drained_directions(PlaneView<float> elevation, DepressionRule rule);

struct Drainage {
  Plane<FlowDirection> directions;
  Plane<std::uint32_t> cells;  // that drain through each, itself counted
};

/// As drained_directions(), with the accumulation. Memory beside the elevations: five
/// bytes for each cell, another for some time, and eight for each cell of level ground. Throws as flow_directions()
/// does.
Drainage route(PlaneView<float> elevation, DepressionRule rule);

}  // namespace pitwatch
