#pragma once
// Sizes and places of shapes, in pixels.

#include <cstdint>
#include <utility>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/polygon.hpp"
#include "pipeline/polygons/components.hpp"

namespace pitwatch {

/// The number of pixels that makes up an area in hectares, at least 1.
std::int64_t min_pixels(double area_ha, const Grid& grid);

/// The middle of the runs' pixels, columns and rows from the grid's corner. `runs`: at least one.
std::pair<double, double> middle_of(const std::vector<Run>& runs);

/// One standard deviation of a shape's area in pixels, by the random error of where its outline lies: half a pixel
/// (misregistration and blur), independent from pixel to pixel along the outline.
double area_uncertainty_px(const PixelMultiPolygon& shape);

}  // namespace pitwatch
