#include "pipeline/io/products/stac_properties.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <string_view>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/products/esa_names.hpp"
#include "pipeline/io/products/stac_members.hpp"

namespace pitwatch::stac {
namespace {

using nlohmann::json;

/// Mosaics and composites of weeks are no overflights.
void refuse_period(Instant start, Instant end) {
  if (end - start <= std::chrono::days(1)) return;
  throw DataError("covers a period from " + format_instant(start) + " to " + format_instant(end) +
                  ": a composite is no acquisition");
}

/// `datetime` stands for a composite, too, where one is given: its period is looked at in any case.
Instant acquisition(const json& properties) {
  const std::string middle = text_of(properties, "datetime");
  const std::string start = text_of(properties, "start_datetime");
  const std::string end = text_of(properties, "end_datetime");
  if (middle.empty() && start.empty()) {
    throw DataError("not a STAC item: no 'datetime' and no 'start_datetime' in 'properties'");
  }
  const Instant acquired = parse_instant(middle.empty() ? start : middle);
  if (!start.empty() && !end.empty()) refuse_period(parse_instant(start), parse_instant(end));
  return acquired;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int number_from(std::string_view digits) {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::vector<std::string_view> name_parts(std::string_view name) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = std::min(name.find_first_of("_.", begin), name.size());
    parts.push_back(name.substr(begin, end - begin));
    if (end == name.size()) return parts;
    begin = end + 1;
  }
}

/// "T38TPK" from "38TPK", "MGRS-38TPK" or the parts of the MGRS extension; empty where none is there.
std::string tile_name(const json& properties, const NameFacts& names) {
  std::string text = text_of(properties, "s2:mgrs_tile");
  if (text.empty()) {
    const std::string code = text_of(properties, "grid:code");
    if (code.rfind("MGRS-", 0) == 0) text = code.substr(5);
  }
  for (const std::string prefix : {"mgrs:", "sentinel:"}) {
    if (!text.empty()) break;
    const auto zone = whole_number_of(properties, prefix + "utm_zone");
    const std::string band = text_of(properties, prefix + "latitude_band");
    const std::string square = text_of(properties, prefix + "grid_square");
    if (zone && *zone >= 1 && *zone <= 60 && !band.empty() && !square.empty()) {
      text = std::to_string(*zone) + band + square;
    }
  }
  if (text.empty()) return names.tile;
  if (text.front() == 'T') text.erase(0, 1);
  // Zones below 10 are written with and without the zero.
  return std::string(text.size() == 4 ? "T0" : "T").append(text);
}

std::string platform_name(const json& properties) {
  std::string text = lower_ascii(text_of(properties, "platform"));
  // "S2A", "Sentinel 2A", "sentinel-2a"
  for (const std::string_view shorter : {"sentinel-2", "sentinel 2", "sentinel_2", "sentinel2", "s2"}) {
    if (!text.starts_with(shorter)) continue;
    text = "sentinel-2" + text.substr(shorter.size());
    break;
  }
  // Common names such as "red" are used for other sensors too, whose bands are not ours.
  if (!text.empty() && text.rfind("sentinel-2", 0) != 0) throw DataError("not Sentinel-2, platform is '" + text + "'");
  return text;
}

std::optional<Instant> processing_time(const json& properties) {
  for (const char* key : {"s2:generation_time", "processing:datetime", "created"}) {
    try {
      if (const std::string text = first_text(properties, {key}); !text.empty()) return parse_instant(text);
    } catch (const DataError&) {  // another member may be better
    }
  }
  return std::nullopt;
}

std::optional<DegreeBox> bounding_box(const json& item) {
  const json* box = find(item, "bbox");
  if (box == nullptr || !box->is_array() || (box->size() != 4 && box->size() != 6)) return std::nullopt;
  if (!std::all_of(box->begin(), box->end(), [](const json& side) { return side.is_number(); })) return std::nullopt;
  const auto side = [&](std::size_t i) { return (*box)[i].get<double>(); };
  const std::size_t upper = box->size() / 2;
  const DegreeBox result{side(0), side(1), side(upper), side(upper + 1)};
  const bool sane = std::abs(result.west) <= 180 && std::abs(result.east) <= 180 && result.south >= -90 &&
                    result.south <= result.north && result.north <= 90;
  return sane ? std::optional(result) : std::nullopt;
}

std::optional<double> percentage(const json& object, const std::string& key) {
  return number_within(object, key, 0, 100);
}

std::optional<double> share_without_data(const json& properties) {
  if (const auto value = percentage(properties, "s2:nodata_pixel_percentage")) return value;
  const json* statistics = find(properties, "statistics");
  return statistics == nullptr ? std::nullopt : percentage(*statistics, "nodata");
}

/// "GS2A_20200302T102021_024515" of "GS2A_20200302T102021_024515_N02.14": editions share a datatake.
std::string datatake_name(const json& properties) {
  const std::string text = first_text(properties, {"s2:datatake_id", "eopf:datatake_id"});
  return text.substr(0, text.rfind("_N"));
}

/// "20200302T102554" of "S2A_OPER_MSI_L2A_DS_S2RP_20230618T173704_S20200302T102554_N05.00".
std::string datastrip_start(const json& properties) {
  const std::string text = first_text(properties, {"s2:datastrip_id", "eopf:datastrip_id"});
  constexpr std::size_t instant_length = 15;
  const std::size_t mark = text.rfind("_S");
  if (mark == std::string::npos || text.size() < mark + 2 + instant_length) return {};
  return text.substr(mark + 2, instant_length);
}

std::optional<ViewAngles> sun_angles(const json& properties) {
  const auto elevation = number_within(properties, "view:sun_elevation", -90, 90);
  const auto azimuth = number_within(properties, "view:sun_azimuth", 0, 360);
  if (elevation && azimuth) return ViewAngles{90 - *elevation, *azimuth};
  const auto zenith = number_within(properties, "s2:mean_solar_zenith", 0, 180);
  const auto solar_azimuth = number_within(properties, "s2:mean_solar_azimuth", 0, 360);
  return zenith && solar_azimuth ? std::optional(ViewAngles{*zenith, *solar_azimuth}) : std::nullopt;
}

std::optional<int> orbit(const json& properties, const std::string& key, int most, std::optional<int> by_name) {
  if (const auto value = number_within(properties, key, 1, most)) return static_cast<int>(*value);
  return by_name && *by_name >= 1 && *by_name <= most ? by_name : std::nullopt;
}

/// 24515 of the datatake "GS2A_20200302T102021_024515".
std::optional<int> absolute_orbit_of(const std::string& datatake) {
  const std::string_view last = name_parts(datatake).back();
  return last.size() == 6 && all_digits(last) ? std::optional(number_from(last)) : std::nullopt;
}

/// The texts and numbers in which a baseline is given; as a number 02.14 is 2.14, and 05.10 is 5.1.
std::string text_of_value(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number()) return {};
  const double number = value.get<double>();
  if (number == std::floor(number) && number >= 0 && number < 10'000) return std::to_string(static_cast<int>(number));
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%.2f", number);
  return digits.data();
}

std::string dump_text(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

/// Of processing:version, which may be the version of another program: Sen2Cor's are "2.11", for example.
std::string baseline_of_version(const json& version) {
  const std::string text = text_of_value(version);
  std::string baseline = baseline_of_text(text);
  const bool has_point = text.find('.') != std::string::npos;
  const bool is_told = version.is_number()
                           ? has_point || text.size() == 1
                           : text.find(baseline) != std::string::npos || text.find('N') != std::string::npos;
  return is_told || (has_point && baseline >= "04.00") ? baseline : std::string();
}

std::vector<std::string> quality_flags(const json& properties) {
  std::vector<std::string> flags;
  const auto degraded = percentage(properties, "s2:degraded_msi_data_percentage");
  if (degraded && *degraded > 0) flags.push_back("degraded MSI data " + short_number(*degraded, 3) + " %");
  for (const char* check : {"geometric", "general", "radiometric", "sensor"}) {
    for (const char* prefix : {"s2:", "eopf:"}) {
      const std::string result =
          lower_ascii(first_text(properties, {(std::string(prefix) + check + "_quality").c_str()}));
      if (result == "failed") flags.push_back(std::string(check) + " quality failed");
    }
  }
  return flags;
}

}  // namespace

NameFacts facts_of_names(const json& item, const json& properties) {
  NameFacts facts;
  const std::string id = text_of(item, "id");
  const bool is_product = id.find("_MSIL1C_") != std::string::npos || id.find("_MSIL2A_") != std::string::npos;
  for (const std::string& name :
       {first_text(properties, {"s2:product_uri", "sentinel:product_id"}),
        first_text(properties, {"s2:granule_id", "s2:tile_id"}), is_product ? id : std::string{}}) {
    for (const std::string_view part : name_parts(name)) {
      const std::string_view rest = part.substr(std::min<std::size_t>(part.size(), 1));
      if ((part == "MSIL1C" || part == "MSIL2A") && facts.level.empty()) {
        facts.level = part.substr(3);
      } else if (part.size() == 5 && part[0] == 'N' && all_digits(rest) && facts.baseline.empty()) {
        facts.baseline = std::string(part.substr(1, 2)).append(".").append(part.substr(3));
      } else if (part.size() == 4 && part[0] == 'R' && all_digits(rest) && !facts.relative_orbit) {
        facts.relative_orbit = number_from(rest);
      } else if (part.size() == 7 && part[0] == 'A' && all_digits(rest) && !facts.absolute_orbit) {
        facts.absolute_orbit = number_from(rest);
      } else if (part.size() == 6 && part[0] == 'T' && all_digits(part.substr(1, 2)) && facts.tile.empty()) {
        facts.tile = part;
      }
    }
  }
  return facts;
}

std::string stated_baseline(const json& properties) {
  for (const char* key : {"s2:processing_baseline", "sentinel:processing_baseline"}) {
    const json* member = find(properties, key);
    if (member == nullptr || *member == "") continue;
    const std::string baseline = baseline_of_text(text_of_value(*member));
    // Pixels are read by it: what is there and is not understood must not count as silence.
    if (baseline.empty()) {
      throw DataError("'" + std::string(key) +
                      "' is no processing baseline: " + abridged(printable(dump_text(*member)), 80));
    }
    return baseline;
  }
  const json* version = find(properties, "processing:version");
  return version == nullptr ? std::string() : baseline_of_version(*version);
}

std::string processing_level(const json& item, const json& properties, const NameFacts& names) {
  for (const char* key : {"s2:product_type", "product:type"}) {
    const std::string text = text_of(properties, key);
    if (text == "S2MSI1C") return "L1C";
    if (text == "S2MSI2A") return "L2A";
    if (text.rfind("S2MSI", 0) == 0)
      throw DataError("not Level-1C or Level-2A, '" + std::string(key) + "' is '" + text + "'");
  }
  if (!names.level.empty()) return names.level;
  const std::string collection = lower_ascii(first_text(item, {"collection"}));
  if (collection.find("l1c") != std::string::npos) return "L1C";
  return collection.find("l2a") != std::string::npos ? "L2A" : "";
}

std::optional<ViewAngles> view_angles(const json& object) {
  const auto zenith = number_within(object, "view:incidence_angle", 0, 90);
  const auto azimuth = number_within(object, "view:azimuth", 0, 360);
  return zenith && azimuth ? std::optional(ViewAngles{*zenith, *azimuth}) : std::nullopt;
}

std::optional<ViewAngles> view_angles_of_asset(const json& asset, const json& properties) {
  json view = json::object();
  bool is_own = false;
  const json* bands = find(asset, "bands");
  const bool has_band = bands != nullptr && bands->is_array() && bands->size() == 1;
  for (const auto& [key, most] : {std::pair("view:incidence_angle", 90.0), {"view:azimuth", 360.0}}) {
    for (const json* level : {has_band ? &bands->front() : nullptr, &asset, &properties}) {
      if (level == nullptr || view.contains(key)) continue;
      if (const auto value = number_within(*level, key, 0, most)) {
        view[key] = *value;
        is_own = is_own || level != &properties;
      }
    }
  }
  return is_own ? view_angles(view) : std::nullopt;
}

ViewAngles mean_of(const std::vector<ViewAngles>& angles) {
  constexpr double degree = std::numbers::pi / 180;
  double zenith = 0;
  double north = 0;
  double east = 0;
  for (const ViewAngles& one : angles) {
    zenith += one.zenith;
    north += std::cos(one.azimuth * degree);
    east += std::sin(one.azimuth * degree);
  }
  const double azimuth = std::atan2(east, north) / degree;
  return {zenith / static_cast<double>(angles.size()), azimuth < 0 ? azimuth + 360 : azimuth};
}

Scene scene_of_properties(const json& item, const json& properties, const NameFacts& names, const std::string& stated) {
  Scene scene;
  scene.id = required_text(item, "id");
  scene.acquired = acquisition(properties);
  scene.platform = platform_name(properties);
  scene.level = processing_level(item, properties, names);
  scene.processing_baseline = stated.empty() ? names.baseline : stated;
  scene.tile = tile_name(properties, names);
  scene.processed = processing_time(properties);
  scene.bbox = bounding_box(item);
  scene.cloud_cover = percentage(properties, "eo:cloud_cover");
  scene.nodata = share_without_data(properties);
  scene.datatake = datatake_name(properties);
  scene.datastrip_start = datastrip_start(properties);
  scene.sun = sun_angles(properties);
  scene.relative_orbit = orbit(properties, "sat:relative_orbit", 143, names.relative_orbit);
  const auto orbit_of_datatake = absolute_orbit_of(scene.datatake);
  scene.absolute_orbit =
      orbit(properties, "sat:absolute_orbit", 999'999, orbit_of_datatake ? orbit_of_datatake : names.absolute_orbit);
  scene.quality_flags = quality_flags(properties);
  return scene;
}

}  // namespace pitwatch::stac
