#include "pipeline/io/products/product_name.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr const char* centre = "SYNT";

std::string padded(int number, int digits) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%0*d", digits, number);
  return text.data();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool may_stand_in_a_site(char c) {
  return is_digit(c) || is_capital(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

/// In `form`, 0 is any digit and A any capital letter but I and O, which tiles do not have; others are themselves.
bool has_form(std::string_view text, std::string_view form) {
  return std::equal(text.begin(), text.end(), form.begin(), form.end(), [](char c, char as) {
    if (as == '0') return is_digit(c);
    return as == 'A' ? is_capital(c) && c != 'I' && c != 'O' : c == as;
  });
}

void check_names(const Granule& granule) {
  if (granule.spacecraft < 'A' || granule.spacecraft > 'D') {
    throw DataError(std::string("not a spacecraft of Sentinel-2: '") + granule.spacecraft + "'");
  }
  if (!has_form(granule.tile, "T00AAA")) throw DataError("not a tile: '" + granule.tile + "'");
  if (!has_form(granule.processing_baseline, "00.00")) {
    throw DataError("not a processing baseline: '" + granule.processing_baseline + "'");
  }
  if (granule.relative_orbit < 1 || granule.relative_orbit > 143) {
    throw DataError("not a relative orbit: " + std::to_string(granule.relative_orbit));
  }
  if (granule.absolute_orbit < 1 || granule.absolute_orbit > 999999) {
    throw DataError("not an absolute orbit: " + std::to_string(granule.absolute_orbit));
  }
  if (!std::all_of(granule.site.begin(), granule.site.end(), may_stand_in_a_site)) {
    throw DataError("not the name of a site: '" + granule.site + "'");
  }
}

std::string mission(const Granule& granule) { return std::string("S2") + granule.spacecraft; }

std::string baseline_mark(const Granule& granule) { return "_N" + granule.processing_baseline; }

}  // namespace

std::string compact_time(Instant instant) {
  // "2022-06-05T07:56:11.024Z"
  std::string text = format_instant(std::chrono::floor<std::chrono::seconds>(instant));
  std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == 'Z'; });
  return text;
}

std::string product_name(const Granule& granule) {
  check_names(granule);
  std::string baseline = granule.processing_baseline;
  baseline.erase(2, 1);
  return mission(granule) + "_MSIL2A_" + compact_time(granule.acquired) + "_N" + baseline + "_R" +
         padded(granule.relative_orbit, 3) + "_" + granule.tile + "_" + compact_time(granule.processed);
}

std::string stac_item_id(const Granule& granule) {
  check_names(granule);
  const std::string id = mission(granule) + "_" + granule.tile.substr(1) + "_" +
                         compact_time(granule.acquired).substr(0, 8) + "_" + std::to_string(granule.sequence) + "_L2A";
  return granule.site.empty() ? id : id + "_" + granule.site;
}

std::string granule_folder_name(const Granule& granule) {
  check_names(granule);
  return "L2A_" + granule.tile + "_A" + padded(granule.absolute_orbit, 6) + "_" + compact_time(granule.acquired);
}

std::string datastrip_folder_name(const Granule& granule) {
  check_names(granule);
  return std::string("DS_") + centre + "_" + compact_time(granule.processed) + "_S" + compact_time(granule.acquired);
}

std::string tile_id(const Granule& granule) {
  check_names(granule);
  return mission(granule) + "_OPER_MSI_L2A_TL_" + centre + "_" + compact_time(granule.processed) + "_A" +
         padded(granule.absolute_orbit, 6) + "_" + granule.tile + baseline_mark(granule);
}

std::string datastrip_id(const Granule& granule) {
  return mission(granule) + "_OPER_MSI_L2A_" + datastrip_folder_name(granule) + baseline_mark(granule);
}

std::string datatake_id(const Granule& granule) {
  check_names(granule);
  return "G" + mission(granule) + "_" + compact_time(granule.acquired) + "_" + padded(granule.absolute_orbit, 6) +
         baseline_mark(granule);
}

std::string image_name(const Granule& granule, const std::string& layer, int pixel_size_m) {
  check_names(granule);
  return granule.tile + "_" + compact_time(granule.acquired) + "_" + layer + "_" + std::to_string(pixel_size_m) + "m";
}

}  // namespace pitwatch
