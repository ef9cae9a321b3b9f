#pragma once
// How the boundaries that cross a pixel divide its ground.

#include <cstddef>
#include <map>
#include <vector>

#include "pipeline/context/coverage.hpp"

namespace pitwatch {

/// Shares of a pixel, 0 to 1, by the shapes that they lie in (places, ascending) and no others; nothing of no size.
/// They add up to 1.
using PixelDivision = std::map<std::vector<std::size_t>, double>;

/// Divides the pixel whose upper left corner is at that column and row. Exact, up to rounding: between columns at which
/// an edge begins, ends or crosses another within the pixel, all that lies between two edges is a trapezoid (the slabs
/// of Dobkin and Lipton 1976). Where more than 64 edges cross the pixel it is cut into 1024 equal columns instead, each
/// divided as its middle is.
PixelDivision divide_pixel(const std::vector<const GridShape*>& shapes, int x, int y);

}  // namespace pitwatch
