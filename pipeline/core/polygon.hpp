#pragma once
// Polygons on a pixel grid. Vertices are pixel corners, so coordinates are whole numbers and exact.

#include <vector>

#include "pipeline/core/grid.hpp"

namespace pitwatch {

/// Closed without repeating the first vertex. Outer rings run counter-clockwise as seen on the north-up map
/// (RFC 7946's right-hand rule), e.g. (0,0) (0,1) (1,1) (1,0) with y counted downwards; holes run the other way.
using Ring = std::vector<PixelPoint>;

struct PixelPolygon {
  Ring outer;
  std::vector<Ring> holes;
  friend bool operator==(const PixelPolygon&, const PixelPolygon&) = default;
};

using PixelMultiPolygon = std::vector<PixelPolygon>;

}  // namespace pitwatch
