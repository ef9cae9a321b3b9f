#include "pipeline/core/scene.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

namespace pitwatch {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

}  // namespace

std::optional<Band> band_from_name(std::string_view text) {
  std::string key = upper(text);
  if (key.size() == 2 && key[0] == 'B' && std::isdigit(static_cast<unsigned char>(key[1])) != 0)
    key = std::string{'B', '0', key[1]};
  for (const BandInfo& candidate : band_infos) {
    if (candidate.name == key) return candidate.band;
  }
  return std::nullopt;
}

std::optional<Band> band_from_common_name(std::string_view text) {
  for (const BandInfo& candidate : band_infos) {
    if (candidate.common_name == text) return candidate.band;
  }
  return std::nullopt;
}

DnRange physical_range(const Calibration& calibration) {
  const auto scale = static_cast<double>(calibration.scale);
  const auto offset = static_cast<double>(calibration.offset);
  if (!(scale > 0)) return {};
  constexpr double rounding = 1e-3;  // of numbers: what `scale` and `offset` lose as floats is less
  const double lowest = std::ceil((least_reflectance - offset) / scale - rounding);
  const double highest = std::floor((most_reflectance - offset) / scale + rounding);
  return {static_cast<int>(std::clamp(lowest, 0.0, 65536.0)), static_cast<int>(std::clamp(highest, -1.0, 65535.0))};
}

bool is_measurement(const Calibration& calibration, std::uint16_t dn) {
  const DnRange range = physical_range(calibration);
  return dn != calibration.nodata && dn != calibration.saturated && dn >= range.lowest && dn <= range.highest;
}

bool overlap(const DegreeBox& a, const DegreeBox& b) {
  if (a.south > b.north || b.south > a.north) return false;
  const double a_east = a.east < a.west ? a.east + 360 : a.east;
  const double b_east = b.east < b.west ? b.east + 360 : b.east;
  for (const double turn : {-360.0, 0.0, 360.0}) {
    if (a.west + turn <= b_east && b.west <= a_east + turn) return true;
  }
  return false;
}

}  // namespace pitwatch
