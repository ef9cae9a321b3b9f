#pragma once
// The text of GeoJSON (RFC 7946) that io and bundles of evidence write.
// It is put together by hand: the JSON library writes the shortest digits that give the same double, nearly always,
// and "nearly" would break the rule of 7 decimals. It does escape texts.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/polygon.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

namespace pitwatch {

/// `value` with at most `decimals` decimals and no trailing zeros; "null" for what is not finite: JSON has no such
/// numbers.
std::string json_number(double value, int decimals);

/// A JSON string. Bytes that are not UTF-8 are replaced, not refused: texts come from outside.
std::string json_text(std::string_view text);
std::string json_text_or_null(std::string_view text);  // null where empty

std::string json_instant(const std::optional<Instant>& value);  // ISO 8601, UTC; null where there is none
std::string json_list(const std::vector<std::string>& texts);
std::string json_list(const std::vector<Instant>& instants);

/// A position in units of 10^-7 degrees, about a centimetre: what is written, so that rounding happens once.
struct WrittenPosition {
  std::int64_t lon = 0;
  std::int64_t lat = 0;
};

/// The box of what was written.
class WrittenBox {
 public:
  void include(const WrittenPosition& position);
  void include(const WrittenBox& other);
  std::string text() const;  // the value of "bbox": west, south, east, north

 private:
  WrittenPosition low_{1'800'000'000, 900'000'000};
  WrittenPosition high_{-1'800'000'000, -900'000'000};
};

/// The value of "geometry": WGS 84, at most 7 decimals, rings as they run; Polygon for a shape of one part and
/// MultiPolygon otherwise. Grows `box`. Throws DataError where the shape is empty.
std::string geometry_text(const LonLatMultiPolygon& shape, WrittenBox& box);

/// A feature of a collection. Without a shape its geometry is null, and it has no bbox.
struct CollectionFeature {
  std::string id;
  LonLatMultiPolygon shape;
  std::string properties;  // as JSON
};

/// A FeatureCollection with `bbox` on itself (left out where nothing has a shape) and on each feature.
std::string collection_text(std::span<const CollectionFeature> features);

/// Geometries on a grid as text. Costly to make: one serves many shapes. One thread at a time; the grid must outlive
/// it.
class GeometryWriter {
 public:
  /// Throws DataError for a CRS that PROJ does not know.
  explicit GeometryWriter(const Grid& grid) : grid_(grid), to_wgs84_(grid.crs) {}

  /// The value of "geometry", as geometry_text() has it.
  std::string write(const PixelMultiPolygon& shape, WrittenBox& box) { return geometry_text(outline(shape), box); }

  /// The shape as it is written: positions rounded to 7 decimals, exterior rings counter-clockwise, holes clockwise.
  /// Throws DataError where the shape is empty.
  LonLatMultiPolygon outline(const PixelMultiPolygon& shape);

 private:
  LonLatRing ring_of(const Ring& corners, bool counter_clockwise);

  std::vector<MapPoint> places_;
  const Grid& grid_;
  ToWgs84 to_wgs84_;
};

}  // namespace pitwatch
