#include "pipeline/core/scene.hpp"

#include <algorithm>
#include <cctype>

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
