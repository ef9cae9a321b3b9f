#pragma once
// Polygons in longitude and latitude: what they have in common on the ground, and which pixels they cover.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/io/geo/geodesy.hpp"

namespace pitwatch {

/// Closed without repeating the first vertex; the winding is the file's.
using LonLatRing = std::vector<LonLat>;

struct LonLatPolygon {
  LonLatRing outer;
  std::vector<LonLatRing> holes;
  friend bool operator==(const LonLatPolygon&, const LonLatPolygon&) = default;
};

using LonLatMultiPolygon = std::vector<LonLatPolygon>;

/// Polygons on an equal-area plane (Lambert azimuthal on WGS 84): areas there are true areas. Not thread-safe.
class PolygonLayer {
 public:
  /// Layers that are compared must have one `centre`, near the polygons: shapes are undistorted there.
  explicit PolygonLayer(LonLat centre);
  ~PolygonLayer();
  PolygonLayer(PolygonLayer&&) noexcept;
  PolygonLayer& operator=(PolygonLayer&&) noexcept;

  /// Adds a shape; an invalid one is repaired by GEOS: of rings that cross themselves what they go around an odd number
  /// of times, parts that overlap are united. Throws DataError, starting with `id`, for what has no area after that.
  void add(const std::string& id, const LonLatMultiPolygon& shape);

  std::size_t size() const;
  double area_m2(std::size_t index) const;

  struct State;
  const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// What a polygon of one layer and a polygon of another have in common.
struct PolygonOverlap {
  std::size_t first = 0;
  std::size_t second = 0;
  double intersection_m2 = 0;  // > 0
};

/// All overlaps of two layers with a common centre, by `first`, then `second`. Finds pairs by a quadtree, so that the
/// time goes with the number of overlaps.
std::vector<PolygonOverlap> overlaps(const PolygonLayer& first, const PolygonLayer& second);

/// Some polygons of a layer taken as one, against a polygon of another.
struct UnionOverlap {
  double union_m2 = 0;         // of the members
  double intersection_m2 = 0;  // of that with the other polygon
};
UnionOverlap union_overlap(const PolygonLayer& layer, std::span<const std::size_t> members, const PolygonLayer& other,
                           std::size_t other_index);

/// The middle of the smallest box around all shapes, for the centre of a layer; 0, 0 where there is none.
LonLat middle_of(std::span<const LonLatMultiPolygon* const> shapes);

/// A shape on a raster: the pixels of `window` whose centres lie inside are 1, others 0.
struct BurntShape {
  Window window;
  Plane<std::uint8_t> inside;
};

/// Burns shapes on a grid with GDAL's pixel centre rule, each on the pixels of its box; the window is empty for a shape
/// beside the grid. Throws DataError for a CRS that shapes cannot be transformed to.
std::vector<BurntShape> burn_shapes(std::span<const LonLatMultiPolygon* const> shapes, const Grid& grid);

}  // namespace pitwatch
