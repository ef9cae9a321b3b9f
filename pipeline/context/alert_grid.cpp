#include "pipeline/context/alert_grid.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr double on_a_corner_px = 0.02;  // outlines are written to a centimetre
constexpr double most_pixels = 64e6;
constexpr std::size_t looked_at = 32;  // vertices of an outline that decide on its zone

std::string utm(int zone, bool north) {
  zone = (zone + 59) % 60 + 1;
  return "EPSG:" + std::to_string((north ? 32600 : 32700) + zone);
}

/// Of "38TPK", or "T38TPK".
std::optional<int> zone_of_tile(std::string_view tile) {
  if (!tile.empty() && tile.front() == 'T') tile.remove_prefix(1);
  int zone = 0;
  const auto [end, error] = std::from_chars(tile.data(), tile.data() + tile.size(), zone);
  if (error != std::errc{} || end == tile.data() || zone < 1 || zone > 60) return std::nullopt;
  return zone;
}

}  // namespace

std::string AlertZones::crs_of(const OutlinedAlert& alert) {
  if (alert.outline.empty() || alert.outline.front().outer.empty()) {
    throw DataError("alert '" + alert.alert.id + "': has no outline");
  }
  const LonLatRing& ring = alert.outline.front().outer;
  const LonLat place = ring.front();
  const bool north = place.lat >= 0;
  const int by_place = static_cast<int>(std::floor((place.lon + 180) / 6)) + 1;
  const int zone = zone_of_tile(alert.alert.tile).value_or(by_place);
  std::string best = utm(zone, north);
  double least = distance_from_corners(ring, best);
  for (const int other : {zone - 1, zone + 1}) {
    if (least <= on_a_corner_px) break;
    const double distance = distance_from_corners(ring, utm(other, north));
    // A zone whose corners the outline is not on either is no better.
    if (distance > on_a_corner_px || distance >= least) continue;
    least = distance;
    best = utm(other, north);
  }
  return best;
}

/// How far the first vertices lie from corners of pixels, on average.
double AlertZones::distance_from_corners(const LonLatRing& ring, const std::string& crs) {
  auto found = to_zones_.find(crs);
  if (found == to_zones_.end()) found = to_zones_.emplace(crs, zone_grid(crs)).first;
  double sum = 0;
  const std::size_t count = std::min(ring.size(), looked_at);
  for (std::size_t i = 0; i < count; ++i) {
    const GridPoint point = found->second(ring[i]);
    if (!std::isfinite(point.x) || !std::isfinite(point.y)) return std::numeric_limits<double>::infinity();
    sum += std::hypot(point.x - std::round(point.x), point.y - std::round(point.y));
  }
  return sum / static_cast<double>(count);
}

Grid zone_grid(const std::string& crs) { return {crs, {0, 10'000'000}, alert_pixel_m, 100'000, 1'000'000}; }

ToGrid::ToGrid(const Grid& grid) : grid_(grid), reprojection_("EPSG:4326", grid.crs) {}

GridPoint ToGrid::operator()(LonLat place) {
  const MapPoint at = reprojection_({place.lon, place.lat});
  return {(at.x - grid_.origin.x) / grid_.pixel_size_m, (grid_.origin.y - at.y) / grid_.pixel_size_m};
}

std::vector<GridPoint> ToGrid::operator()(const std::vector<LonLat>& places) {
  std::vector<GridPoint> points;
  points.reserve(places.size());
  for (const LonLat& place : places) points.push_back((*this)(place));
  return points;
}

GridShape ToGrid::operator()(const LonLatMultiPolygon& shape) {
  GridShape result;
  for (const LonLatPolygon& polygon : shape) {
    GridPolygon& added = result.emplace_back();
    added.outer = (*this)(polygon.outer);
    for (const LonLatRing& hole : polygon.holes) added.holes.push_back((*this)(hole));
  }
  return result;
}

GridShape alert_shape(const LonLatMultiPolygon& outline, ToGrid& to_grid) {
  GridShape shape = to_grid(outline);
  const auto snap = [](GridRing& ring) {
    for (GridPoint& point : ring) {
      const GridPoint corner{std::round(point.x), std::round(point.y)};
      if (std::hypot(point.x - corner.x, point.y - corner.y) <= on_a_corner_px) point = corner;
    }
  };
  for (GridPolygon& polygon : shape) {
    snap(polygon.outer);
    for (GridRing& hole : polygon.holes) snap(hole);
  }
  return shape;
}

AlertPixels pixels_of(const GridShape& shape, double area_ha) {
  const GridBox box = box_of(shape);
  const double width = std::ceil(box.right) - std::floor(box.left);
  const double height = std::ceil(box.bottom) - std::floor(box.top);
  if (!(width > 0 && height > 0)) throw DataError("has no area");
  if (!(width * height <= most_pixels)) throw DataError("covers too much ground");
  const Window window{static_cast<int>(std::floor(box.left)), static_cast<int>(std::floor(box.top)),
                      static_cast<int>(width), static_cast<int>(height)};
  return {window, coverage(shape, window), area_ha};
}

}  // namespace pitwatch
