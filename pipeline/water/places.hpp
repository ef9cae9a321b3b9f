#pragma once
// What water may come to or pass: features of layers, on the cells of a grid that water flows on.

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/context/context.hpp"
#include "pipeline/context/context_config.hpp"
#include "pipeline/context/coverage.hpp"
#include "pipeline/context/nearest.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/hydrology/flow_direction.hpp"

namespace pitwatch {

/// A feature, or several of a layer that have one name, as the reaches of a river have.
struct FlowPlace {
  LayerRole role = LayerRole::surface_water;
  std::string layer;
  std::string name;              // or the first id, where they have none
  std::vector<std::string> ids;  // of its features
  NearFeature shape;             // on the grid of the zone (zone_grid())
  GridBox box;                   // of the shape
};

/// Surface waters, springs, wells, settlements and protected areas, in the order of the layers, on the grid of a UTM
/// zone. A role of which a layer cannot be used is left out.
std::vector<FlowPlace> places_in_zone(const std::vector<LoadedLayer>& layers, const std::string& crs);

/// A window of the cells that cover a zone: cell (0, 0) is at the corner of zone_grid().
struct CellWindow {
  double cell_m = 0;
  Window window;
};

/// A shape of the zone's grid on the cells.
GridShape on_cells(const GridShape& shape, double cell_m);

/// Places by cell of a window.
struct PlaceCells {
  Plane<std::uint32_t> sets;                        // number in `members`; 0: none
  std::vector<std::vector<std::uint32_t>> members;  // of each set, ascending; the first is empty
  std::vector<std::vector<FlowCell>> cells;         // of each place, by rows
};

/// Lines take every cell that they pass through, areas every cell of which they cover a hundredth, points theirs and
/// those around it: a spring lies beside the cell that the flow takes as often as in it.
PlaceCells place_cells(const std::vector<FlowPlace>& places, const CellWindow& cells);

}  // namespace pitwatch
