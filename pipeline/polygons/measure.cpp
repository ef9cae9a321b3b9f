#include "pipeline/polygons/measure.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace pitwatch {
namespace {

// One standard deviation of where an outline lies, in pixels: half of the misregistration and half of a pixel's blur.
constexpr double outline_uncertainty_px = 0.5;

}  // namespace

std::pair<double, double> middle_of(const std::vector<Run>& runs) {
  double columns = 0;
  double rows = 0;
  double pixels = 0;
  for (const Run& run : runs) {
    const double length = run.end - run.begin;
    columns += length * (run.begin + run.end) / 2.0;
    rows += length * (run.row + 0.5);
    pixels += length;
  }
  return {columns / pixels, rows / pixels};
}

double area_uncertainty_px(const PixelMultiPolygon& shape) {
  double length = 0;
  const auto add = [&](const Ring& ring) {
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const PixelPoint& a = ring[i];
      const PixelPoint& b = ring[(i + 1) % ring.size()];
      length += std::hypot(b.x - a.x, b.y - a.y);
    }
  };
  for (const PixelPolygon& polygon : shape) {
    add(polygon.outer);
    for (const Ring& hole : polygon.holes) add(hole);
  }
  // Errors along an outline are independent from pixel to pixel: they add up with the root of its length.
  return outline_uncertainty_px * std::sqrt(length);
}

std::int64_t min_pixels(double area_ha, const Grid& grid) {
  const double pixel_ha = grid.pixel_size_m * grid.pixel_size_m / 1e4;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(area_ha / pixel_ha - 1e-9)));
}

}  // namespace pitwatch
