#pragma once
// Where pixels lie: windows in pixel coordinates, grids in map coordinates.

#include <algorithm>
#include <string>

namespace pitwatch {

/// A corner of a pixel on a grid (column, row), counted from the grid's upper left corner.
struct PixelPoint {
  int x = 0;
  int y = 0;
  friend auto operator<=>(const PixelPoint&, const PixelPoint&) = default;
};

/// Easting and northing in the grid's CRS, metres.
struct MapPoint {
  double x = 0;
  double y = 0;
};

/// Columns [x, x + width), rows [y, y + height). May reach beyond the raster it is applied to.
struct Window {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;

  int right() const { return x + width; }
  int bottom() const { return y + height; }
  bool empty() const { return width <= 0 || height <= 0; }
  Window grown(int by) const { return {x - by, y - by, width + 2 * by, height + 2 * by}; }
  friend bool operator==(const Window&, const Window&) = default;
};

inline Window intersection(const Window& a, const Window& b) {
  const int x = std::max(a.x, b.x);
  const int y = std::max(a.y, b.y);
  return {x, y, std::max(0, std::min(a.right(), b.right()) - x), std::max(0, std::min(a.bottom(), b.bottom()) - y)};
}

/// A north-up raster grid with square pixels.
struct Grid {
  std::string crs;  // "EPSG:32638", or WKT where there is no code
  MapPoint origin;  // the outer corner of the upper left pixel
  double pixel_size_m = 0;
  int width = 0;
  int height = 0;

  Window extent() const { return {0, 0, width, height}; }
  MapPoint to_map(double column, double row) const {
    return {origin.x + column * pixel_size_m, origin.y - row * pixel_size_m};
  }
  friend bool operator==(const Grid& a, const Grid& b) {
    return a.crs == b.crs && a.origin.x == b.origin.x && a.origin.y == b.origin.y && a.pixel_size_m == b.pixel_size_m &&
           a.width == b.width && a.height == b.height;
  }
};

}  // namespace pitwatch
