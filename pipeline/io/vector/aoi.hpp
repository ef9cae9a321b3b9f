#pragma once
// The area of interest: polygons from a vector file.

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"

class OGRPolygon;

namespace pitwatch {

class VectorFile;

/// All polygons of a vector file (GeoJSON, GeoPackage, Shapefile, FlatGeobuf or KML), on a grid. Immutable and
/// thread-safe after construction.
class Aoi {
 public:
  /// Reads every polygon of every layer and transforms it to the grid's CRS; features of other geometry types are
  /// passed over. Layers without a CRS are taken as WGS 84 longitude and latitude, as RFC 7946 has it.
  /// Throws DataError, starting with the path: cannot be opened or not read to its end, no polygon, not
  /// transformable, no overlap.
  Aoi(const std::string& path, const Grid& grid);

  /// The same area on another grid of the same CRS, without the file. Throws DataError where they do not overlap.
  Aoi on(const Grid& grid) const;

  /// The smallest window that holds every inside pixel, clipped to the grid. Never empty.
  Window bounds() const { return bounds_; }

  /// Writes 1 where the pixel's centre lies inside a polygon and 0 elsewhere, for the pixels of `window` (which may
  /// reach beyond the grid) to the upper left of `inside`, which must be at least as large. Overlapping polygons add
  /// up to their union; holes are outside.
  void burn(const Window& window, PlaneView<std::uint8_t> inside) const;

 private:
  struct Vertex {
    double x = 0;
    double y = 0;
  };
  struct Polygon {
    std::vector<std::vector<Vertex>> rings;  // closed without repeating the first vertex; even-odd rule
  };

  void read(const VectorFile& file, const Grid& grid);
  void add(const OGRPolygon& polygon);
  void place(const Grid& grid);
  Window bounds_on(const Grid& grid) const;

  std::vector<Polygon> on_map_;
  std::vector<Polygon> polygons_;  // in pixels: (0, 0) is the outer corner of the upper left one
  Window bounds_;
};

}  // namespace pitwatch
