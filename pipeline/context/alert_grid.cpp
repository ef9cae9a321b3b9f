#include "pipeline/context/alert_grid.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <utility>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr double on_a_corner_px = 0.02;  // outlines are written to a centimetre
constexpr double most_pixels = 64e6;
constexpr std::size_t looked_at = 32;  // vertices of an outline that decide on its zone

constexpr double reach_deg = 70;         // of longitude on either side of a zone's middle
constexpr double longest_cut_deg = 0.5;  // of the edges where shapes are cut

/// Longitudes of a zone's surroundings.
struct Band {
  double west = 0;
  double east = 0;
  bool holds(LonLat place) const { return west <= place.lon && place.lon <= east; }
};

/// The surroundings of a longitude, each as places may have it: a turn more or less is the same.
std::array<Band, 5> bands_around(double middle_lon) {
  std::array<Band, 5> bands;
  double turn = -720;
  for (Band& band : bands) {
    band = {middle_lon + turn - reach_deg, middle_lon + turn + reach_deg};
    turn += 360;
  }
  return bands;
}

/// The part of a ring on one side of a meridian (Sutherland and Hodgman 1974): in parity and area it is right also
/// where it falls into pieces, which edges along the meridian then join.
LonLatRing cut(const LonLatRing& ring, double lon, bool keeps_east) {
  LonLatRing result;
  const auto is_kept = [&](LonLat place) { return keeps_east ? place.lon >= lon : place.lon <= lon; };
  const auto append = [&](LonLat place) {
    if (!result.empty() && result.back().lon == lon && place.lon == lon) {
      const LonLat from = result.back();
      const double steps = std::ceil(std::abs(place.lat - from.lat) / longest_cut_deg);
      for (double step = 1; step < steps; ++step) {
        result.push_back({lon, from.lat + (place.lat - from.lat) * step / steps});
      }
    }
    result.push_back(place);
  };
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const LonLat a = ring[i];
    const LonLat b = ring[(i + 1) % ring.size()];
    if (is_kept(a)) append(a);
    if (is_kept(a) != is_kept(b)) append({lon, a.lat + (lon - a.lon) / (b.lon - a.lon) * (b.lat - a.lat)});
  }
  if (!result.empty()) {
    const LonLat first = result.front();
    append(first);
    result.pop_back();
  }
  return result;
}

/// The part of a polygon within a band; without an outer ring where there is none.
LonLatPolygon cut(const LonLatPolygon& polygon, const Band& band) {
  const auto within = [&](const LonLatRing& ring) { return cut(cut(ring, band.west, true), band.east, false); };
  LonLatPolygon result{within(polygon.outer), {}};
  if (result.outer.size() < 3) return {};
  for (const LonLatRing& hole : polygon.holes) {
    if (LonLatRing part = within(hole); part.size() >= 3) result.holes.push_back(std::move(part));
  }
  return result;
}

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

ToGrid::ToGrid(const Grid& grid)
    : grid_(grid),
      reprojection_("EPSG:4326", grid.crs),
      middle_lon_(ToWgs84(grid.crs)(MapPoint{500'000, 5'000'000}).lon) {}

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
  const auto add = [&](const LonLatPolygon& polygon) {
    GridPolygon& added = result.emplace_back();
    added.outer = (*this)(polygon.outer);
    for (const LonLatRing& hole : polygon.holes) added.holes.push_back((*this)(hole));
  };
  const std::array<Band, 5> bands = bands_around(middle_lon_);
  for (const LonLatPolygon& polygon : shape) {
    const auto is_whole = [&](const Band& band) {
      return std::all_of(polygon.outer.begin(), polygon.outer.end(), [&](LonLat place) { return band.holds(place); });
    };
    if (std::any_of(bands.begin(), bands.end(), is_whole)) {
      add(polygon);
      continue;
    }
    for (const Band& band : bands) {
      if (const LonLatPolygon part = cut(polygon, band); !part.outer.empty()) add(part);
    }
  }
  return result;
}

NearFeature ToGrid::operator()(const LayerFeature& feature) {
  const std::array<Band, 5> bands = bands_around(middle_lon_);
  const auto is_near = [&](LonLat place) {
    return std::any_of(bands.begin(), bands.end(), [&](const Band& band) { return band.holds(place); });
  };
  const auto place = [&](LonLat at) {
    const GridPoint point = (*this)(at);
    return is_near(at) && std::isfinite(point.x) && std::isfinite(point.y) ? std::optional(point) : std::nullopt;
  };
  NearFeature near;
  for (const LonLat& at : feature.points) {
    if (const std::optional<GridPoint> point = place(at)) near.points.push_back(*point);
  }
  for (const LonLatLine& line : feature.lines) {
    std::vector<GridPoint> part;
    for (const LonLat& at : line) {
      if (const std::optional<GridPoint> point = place(at)) {
        part.push_back(*point);
      } else if (!part.empty()) {
        near.lines.push_back(std::exchange(part, {}));
      }
    }
    if (!part.empty()) near.lines.push_back(std::move(part));
  }
  near.areas = (*this)(feature.areas);
  std::erase_if(near.areas, [](const GridPolygon& polygon) { return !is_finite({polygon}); });
  return near;
}

bool is_finite(const GridShape& shape) {
  const auto ring_is = [](const GridRing& ring) {
    return std::all_of(ring.begin(), ring.end(),
                       [](const GridPoint& point) { return std::isfinite(point.x) && std::isfinite(point.y); });
  };
  return std::all_of(shape.begin(), shape.end(), [&](const GridPolygon& polygon) {
    return ring_is(polygon.outer) && std::all_of(polygon.holes.begin(), polygon.holes.end(), ring_is);
  });
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
