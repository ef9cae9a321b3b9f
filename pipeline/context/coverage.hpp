#pragma once
// Which share of each pixel a shape covers.

#include <optional>
#include <utility>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"

namespace pitwatch {

/// Column and row from a grid's corner: (0, 0) is the outer corner of the first pixel, (1, 1) its other one.
struct GridPoint {
  double x = 0;
  double y = 0;
};

/// Closed without repeating the first vertex.
using GridRing = std::vector<GridPoint>;

/// The winding of the rings does not matter; holes lie inside, and no ring crosses another.
struct GridPolygon {
  GridRing outer;
  std::vector<GridRing> holes;
};

/// Polygons that do not overlap.
using GridShape = std::vector<GridPolygon>;

struct GridBox {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
};

/// The box of all vertices; empty (right < left) where there are none.
GridBox box_of(const GridShape& shape);

/// For each pixel of the window the share of it that lies in the shape, 0 to 1: the exact area of the polygon within
/// the pixel, up to rounding. Each edge adds the area to its right in the pixels that it crosses, and the height that
/// it spans to all behind them, which sums along the row carry on. Time goes with pixels and with the pixels along
/// edges.
Plane<double> coverage(const GridShape& shape, const Window& window);

/// Whether the point lies in the shape; on an edge it may be either.
bool contains(const GridShape& shape, GridPoint point);

using GridEdge = std::pair<GridPoint, GridPoint>;

/// The edges of a shape whose boxes meet a box.
std::vector<GridEdge> edges_in(const GridShape& shape, const GridBox& box);

/// The part of an edge within a box; nothing where there is none, or no more than a point.
std::optional<GridEdge> clipped(const GridEdge& edge, const GridBox& box);

/// Distance of a point from the nearest of the edges, in pixels; infinite where there are none.
double distance_to(const std::vector<GridEdge>& edges, GridPoint point);

}  // namespace pitwatch
