#pragma once
// Elevations without depressions: filled, or breached. Voids are NaN; water leaves the grid over its edge and into
// voids.

#include <limits>

#include "pipeline/core/plane.hpp"

namespace pitwatch {

/// Raises every cell to the lowest level at which water leaves it: the least surface that is nowhere below the
/// elevations and has no depressions (priority-flood: Barnes, Lehman and Mulla 2014, algorithm 2,
/// doi:10.1016/j.cageo.2013.04.024). The result is exact: it has the elevations of cells only. Throws DataError for a
/// grid with a side longer than max_flow_side.
void fill_depressions(PlaneView<float> elevation);

/// Whether fill_depressions() would raise any cell: whether there is level ground from which none drains. Throws as it
/// does.
bool has_depressions(PlaneView<const float> elevation);

/// As fill_depressions(), but depressions of more cells than that stay as they are.
void fill_small_depressions(PlaneView<float> elevation, int max_cells);

/// Which channels may be cut, and how much a channel may lower.
struct BreachLimits {
  int max_length = std::numeric_limits<int>::max();            // cells that it lowers
  float max_depth_m = std::numeric_limits<float>::infinity();  // by which it lowers a cell
  bool partly = false;  // where a channel would have to be deeper, cells are lowered by as much as they may be
};

/// Lowers the cells between each pit and the next lower place on the path that a flood from outside takes to it, lowest
/// ground first, to the elevation of the pit (Lindsay 2016, doi:10.1002/hyp.10648, without gradients in channels).
/// Depressions whose channel is beyond the limits stay. Throws as fill_depressions() does.
void breach_depressions(PlaneView<float> elevation, const BreachLimits& limits = {});

}  // namespace pitwatch
