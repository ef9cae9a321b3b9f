#pragma once
// Fewer vertices for many outlines at once, without tearing them apart.

#include <vector>

#include "pipeline/core/polygon.hpp"

namespace pitwatch {

/// Simplifies all shapes together. Precondition: each is valid, and no two overlap (they may touch in points and share
/// borders, also parts of edges); coordinates are on one grid (memory grows with the range of y). Afterwards:
/// - every shape is valid still and no two overlap; polygons, rings and their nesting stay, none vanishes;
/// - a border that two shapes shared is shared still, vertex by vertex. For this, where a corner of one shape lies on
/// an
///   edge of another, that edge gets a vertex there, at any tolerance (without it, shapes that fit in pixel coordinates
///   would gape after reprojection);
/// - each vertex is a vertex of one of the given shapes; those where three or more edges meet all stay;
/// - each given vertex is at most `tolerance_pixels` away from the edge that replaces its part of the border;
/// - a ring keeps at least 4 vertices (one that has fewer than 5 keeps all).
/// Rings begin at their topmost, then leftmost vertex. The result does not depend on the order of the shapes. Areas
/// change: take them before.
///
/// Vertices go in the order of the area of the triangle with their neighbours (Visvalingam & Whyatt 1993, The
/// Cartographic Journal 30(1)), within the distance bound of Douglas & Peucker 1973 (Cartographica 10(2)), and only if
/// that triangle holds no other vertex, so that the planar graph of all borders keeps its topology (the criterion of
/// de Berg, van Kreveld & Schirra 1998, Cartography and GIS 25(4)).
///
/// Roughly O(n log n) in the total length of the borders in pixels. Thread-safe on distinct shapes. Throws
/// ConfigError if the tolerance is negative or not a number.
void simplify(std::vector<PixelMultiPolygon>& shapes, double tolerance_pixels);

}  // namespace pitwatch
