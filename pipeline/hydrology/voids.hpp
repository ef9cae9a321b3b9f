#pragma once
// Holes in elevations, filled from around.

#include "pipeline/core/plane.hpp"

namespace pitwatch {

/// What was done about voids (NaN).
struct FilledVoids {
  int cells = 0;       // that have an elevation now
  int cells_left = 0;  // that have none: in holes that are too large, or open to the edge of the grid
};

/// Gives the cells of each hole that does not touch the edge of the grid and has no more than `most_cells` cells the
/// elevations of a surface that is as level as its border allows: each is the mean of the four beside it (Laplace's
/// equation), nearly. Larger holes, and those at the edge, are left: they may be the sea.
FilledVoids fill_voids(PlaneView<float> elevation, int most_cells);

}  // namespace pitwatch
