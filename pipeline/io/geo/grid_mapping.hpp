#pragma once
// Where the pixels of one grid lie in a raster of another CRS.

#include <cmath>
#include <string>
#include <vector>

#include "pipeline/core/grid.hpp"

namespace pitwatch {

/// The pixels of a north-up raster in its own CRS, which may be geographic.
struct RasterLattice {
  std::string crs;
  MapPoint origin;         // outer corner of the upper left pixel
  double pixel_width = 0;  // in units of the CRS
  double pixel_height = 0;
  int width = 0;
  int height = 0;
};

RasterLattice lattice_of(const Grid& grid);

/// Among pixel centres: (0, 0) is the middle of the first pixel.
struct PixelPosition {
  double x = 0;
  double y = 0;
};

/// Positions of a grid's pixel centres in a raster. Transformed by PROJ at nodes up to 64 pixels apart and linear
/// between them, as in GDAL's approximating transformer; nodes lie as close as the worst error in the middle of their
/// cells and sides asks for: 0.004 pixels of the raster. Rounded to 1/1024 pixel, so that the last digits of
/// trigonometric functions, which differ between machines, do not come through but by the rarest chance. Immutable once
/// made.
class GridMapping {
 public:
  /// Throws DataError where PROJ knows no way from one CRS to the other.
  GridMapping(const Grid& grid, const RasterLattice& raster);

  /// NaN where the raster's projection has no such place. `column` and `row` inside the grid.
  PixelPosition at(int column, int row) const {
    const int i = column / step_;
    const int j = row / step_;
    const double fx = static_cast<double>(column - i * step_) / step_;
    const double fy = static_cast<double>(row - j * step_) / step_;
    const PixelPosition& a = node(i, j);
    const PixelPosition& b = node(i + 1, j);
    const PixelPosition& c = node(i, j + 1);
    const PixelPosition& d = node(i + 1, j + 1);
    const auto between = [&](double va, double vb, double vc, double vd) {
      constexpr double units = 1024;
      return std::round(((va + (vb - va) * fx) * (1 - fy) + (vc + (vd - vc) * fx) * fy) * units) / units;
    };
    return {between(a.x, b.x, c.x, d.x), between(a.y, b.y, c.y, d.y)};
  }

  /// The raster's pixels that lie around the grid's, with `reach` more on all sides; may be empty.
  Window window(int reach) const;

 private:
  const PixelPosition& node(int i, int j) const {
    return nodes_[static_cast<std::size_t>(j) * static_cast<std::size_t>(across_) + static_cast<std::size_t>(i)];
  }

  int step_ = 64;
  int across_ = 0;  // nodes in a row
  Window raster_;
  std::vector<PixelPosition> nodes_;  // row-major
};

}  // namespace pitwatch
