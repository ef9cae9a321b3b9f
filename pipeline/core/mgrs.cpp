#include "pipeline/core/mgrs.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr double square_m = 100000;

/// 32638 -> zone 38, north.
struct Zone {
  int number = 0;
  bool north = true;
};

Zone zone_of(const std::string& crs) {
  constexpr std::string_view prefix = "EPSG:";
  int code = 0;
  if (crs.compare(0, prefix.size(), prefix) == 0) {
    std::from_chars(crs.data() + prefix.size(), crs.data() + crs.size(), code);
  }
  const int zone = code % 100;
  if ((code / 100 != 326 && code / 100 != 327) || zone < 1 || zone > 60) {
    throw ConfigError("not a UTM zone of WGS 84: '" + crs + "'");
  }
  return {zone, code / 100 == 326};
}

std::string two_digits(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

}  // namespace

std::string utm_crs(double longitude, double latitude) {
  const int zone = std::clamp(static_cast<int>(std::floor((longitude + 180) / 6)) + 1, 1, 60);
  return std::string("EPSG:") + (latitude >= 0 ? "326" : "327") + two_digits(zone);
}

std::string mgrs_tile(const std::string& utm, MapPoint point, double latitude) {
  constexpr std::string_view bands = "CDEFGHJKLMNPQRSTUVWX";
  constexpr std::string_view columns = "ABCDEFGHJKLMNPQRSTUVWXYZ";  // eight for each of three zones
  constexpr std::string_view rows = "ABCDEFGHJKLMNPQRSTUV";
  if (!(latitude >= -80 && latitude <= 84)) throw ConfigError("the military grid reaches from 80 S to 84 N");
  const Zone zone = zone_of(utm);
  const auto band = static_cast<std::size_t>(std::clamp((latitude + 80) / 8, 0.0, 19.0));
  const int column = static_cast<int>(std::floor(point.x / square_m)) - 1;
  const int row = static_cast<int>(std::floor(point.y / square_m)) + (zone.number % 2 == 0 ? 5 : 0);
  if (column < 0 || column > 7) throw ConfigError("a point that far from its UTM zone has no tile");
  return "T" + two_digits(zone.number) + bands[band] +
         columns[static_cast<std::size_t>((zone.number - 1) % 3 * 8 + column)] +
         rows[static_cast<std::size_t>(row % 20)];
}

std::string crs_of_tile(const std::string& tile) {
  const auto is_digit = [&](std::size_t i) { return tile[i] >= '0' && tile[i] <= '9'; };
  if (tile.size() != 6 || !is_digit(1) || !is_digit(2)) return {};
  return (tile[3] >= 'N' ? "EPSG:326" : "EPSG:327") + tile.substr(1, 2);
}

Grid tile_grid(const std::string& utm, MapPoint point) {
  constexpr double step_m = 60;  // tiles begin at whole pixels of the coarsest bands
  constexpr int side_px = 10980;
  const double left = std::floor(std::floor(point.x / square_m) * square_m / step_m) * step_m;
  const double equator = zone_of(utm).north ? 0 : 1e7;  // the false northing is no multiple of 60 m
  const double top = std::ceil(((std::floor(point.y / square_m) + 1) * square_m - equator) / step_m) * step_m + equator;
  return {utm, {left, top}, 10, side_px, side_px};
}

}  // namespace pitwatch
