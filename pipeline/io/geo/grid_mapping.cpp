#include "pipeline/io/geo/grid_mapping.hpp"

#include <algorithm>
#include <limits>

#include "pipeline/io/geo/geodesy.hpp"

namespace pitwatch {
namespace {

constexpr double most_error_px = 0.004;
constexpr double farthest_px = 1e8;  // beyond any raster; keeps what is far away within an int

}  // namespace

RasterLattice lattice_of(const Grid& grid) {
  return {grid.crs, grid.origin, grid.pixel_size_m, grid.pixel_size_m, grid.width, grid.height};
}

GridMapping::GridMapping(const Grid& grid, const RasterLattice& raster) : raster_{0, 0, raster.width, raster.height} {
  Reprojection reprojection(grid.crs, raster.crs);
  const auto exact = [&](double column, double row) -> PixelPosition {
    const MapPoint point = reprojection(grid.to_map(column + 0.5, row + 0.5));
    const auto bounded = [](double position) { return std::clamp(position, -farthest_px, farthest_px); };  // keeps NaN
    return {bounded((point.x - raster.origin.x) / raster.pixel_width - 0.5),
            bounded((raster.origin.y - point.y) / raster.pixel_height - 0.5)};
  };
  int down = 0;
  const auto lay_nodes = [&] {
    across_ = (grid.width - 1) / step_ + 2;
    down = (grid.height - 1) / step_ + 2;
    nodes_.clear();
    for (int j = 0; j < down; ++j) {
      for (int i = 0; i < across_; ++i) nodes_.push_back(exact(i * step_, j * step_));
    }
  };
  // In the middle of a cell and of its upper and left side, where the error of linear interpolation is largest.
  const auto is_exact_between = [&] {
    const double half = step_ / 2.0;
    for (int j = 0; j + 1 < down; ++j) {
      for (int i = 0; i + 1 < across_; ++i) {
        const PixelPosition& a = node(i, j);
        const PixelPosition& b = node(i + 1, j);
        const PixelPosition& c = node(i, j + 1);
        const PixelPosition& d = node(i + 1, j + 1);
        const auto differs = [&](const PixelPosition& there, double x, double y) {
          return std::abs(there.x - x) > most_error_px || std::abs(there.y - y) > most_error_px;
        };
        if (differs(exact(i * step_ + half, j * step_ + half), (a.x + b.x + c.x + d.x) / 4,
                    (a.y + b.y + c.y + d.y) / 4) ||
            differs(exact(i * step_ + half, j * step_), (a.x + b.x) / 2, (a.y + b.y) / 2) ||
            differs(exact(i * step_, j * step_ + half), (a.x + c.x) / 2, (a.y + c.y) / 2)) {
          return false;
        }
      }
    }
    return true;
  };
  lay_nodes();
  while (step_ > 1 && !is_exact_between()) {
    step_ /= 2;
    lay_nodes();
  }
}

Window GridMapping::window(int reach) const {
  double left = std::numeric_limits<double>::infinity();
  double top = left;
  double right = -left;
  double bottom = -left;
  for (const PixelPosition& position : nodes_) {
    if (std::isnan(position.x) || std::isnan(position.y)) continue;
    left = std::min(left, position.x);
    right = std::max(right, position.x);
    top = std::min(top, position.y);
    bottom = std::max(bottom, position.y);
  }
  if (left > right) return {};
  const auto before = [&](double position) { return static_cast<int>(std::floor(position)) - reach; };
  const auto after = [&](double position) {  // which at() may round up to a whole number
    return static_cast<int>(std::floor(position + 1e-3)) + reach + 2;
  };
  return intersection({before(left), before(top), after(right) - before(left), after(bottom) - before(top)}, raster_);
}

}  // namespace pitwatch
