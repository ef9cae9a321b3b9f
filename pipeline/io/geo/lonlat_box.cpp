#include "pipeline/io/geo/lonlat_box.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pitwatch {

void LonLatBox::include(LonLat place) {
  west = std::min(west, place.lon);
  east = std::max(east, place.lon);
  south = std::min(south, place.lat);
  north = std::max(north, place.lat);
}

void LonLatBox::include(const std::vector<LonLat>& places) {
  for (const LonLat place : places) include(place);
}

void LonLatBox::include(const LonLatMultiPolygon& shape) {
  for (const LonLatPolygon& polygon : shape) include(polygon.outer);
}

bool LonLatBox::meets(const LonLatBox& other) const {
  if (is_empty() || other.is_empty() || south > other.north || other.south > north) return false;
  for (const double turn : {-720.0, -360.0, 0.0, 360.0, 720.0}) {
    if (west <= other.east + turn && other.west + turn <= east) return true;
  }
  return false;
}

LonLatBox LonLatBox::grown(double metres) const {
  constexpr double metres_per_degree = 110'570;  // of latitude, where it has the fewest
  constexpr double farthest_lat = 89;
  if (is_empty()) return *this;
  const double lat = std::min(std::max(std::abs(south), std::abs(north)), farthest_lat);
  const double up = metres / metres_per_degree;
  const double aside = up / std::cos(lat * std::numbers::pi / 180);
  return {west - aside, south - up, east + aside, north + up};
}

}  // namespace pitwatch
