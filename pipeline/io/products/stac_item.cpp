#include "pipeline/io/products/stac_item.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <numbers>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/products/asset_path.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uintmax_t largest_item_bytes = 16 << 20;
constexpr double offset_since_baseline_04 = -0.1;  // ESA: BOA_ADD_OFFSET and RADIO_ADD_OFFSET of -1000
constexpr Instant first_baseline_04 = std::chrono::sys_days(std::chrono::year(2022) / 1 / 25);

// ---- reading JSON that may hold anything -----------------------------------------------------------------------

/// The member, or null where it is absent or null.
const json* find(const json& object, const std::string& key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

[[noreturn]] void fail_type(const std::string& key, const char* expected) {
  throw DataError("'" + key + "' is not " + expected);
}

/// Empty where the member is absent, or something else: what may be missing may be odd.
std::string text_of(const json& object, const std::string& key) {
  const json* member = find(object, key);
  return member != nullptr && member->is_string() ? member->get<std::string>() : std::string();
}

/// Nothing where the member is absent; raster:bands writes numbers that JSON has not as texts ("nan"), which give NaN.
std::optional<double> number_of(const json& object, const std::string& key) {
  const json* member = find(object, key);
  if (member == nullptr) return std::nullopt;
  if (member->is_number()) return member->get<double>();
  if (!member->is_string()) fail_type(key, "a number");
  const std::string text = lower_ascii(member->get<std::string>());
  if (text == "nan" || text == "inf" || text == "-inf") return std::numeric_limits<double>::quiet_NaN();
  fail_type(key, "a number");
}

const json& required(const json& object, const std::string& key) {
  const json* member = find(object, key);
  if (member == nullptr) throw DataError("not a STAC item: no '" + key + "'");
  return *member;
}

std::string required_text(const json& object, const std::string& key) {
  if (!required(object, key).is_string()) fail_type(key, "a text");
  return text_of(object, key);
}

const json& required_object(const json& object, const std::string& key) {
  const json& member = required(object, key);
  if (!member.is_object()) fail_type(key, "an object");
  return member;
}

/// A number, or a text that is one; nothing where the member is absent or something else.
std::optional<int> whole_number_of(const json& object, const std::string& key) {
  const json* member = find(object, key);
  if (member == nullptr) return std::nullopt;
  if (member->is_number()) {
    const double value = member->get<double>();
    return value == std::floor(value) && std::abs(value) < 1e9 ? std::optional(static_cast<int>(value)) : std::nullopt;
  }
  if (!member->is_string()) return std::nullopt;
  const std::string text = member->get<std::string>();
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && stop == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// The array's elements if it is one of objects; nothing where the member is absent.
const json* array_of_objects(const json& object, const std::string& key) {
  const json* member = find(object, key);
  if (member == nullptr) return nullptr;
  if (!member->is_array()) fail_type(key, "an array");
  for (const json& element : *member) {
    if (!element.is_object()) fail_type(key, "an array of objects");
  }
  return member;
}

// ---- properties of the item ------------------------------------------------------------------------------------

Instant acquisition(const json& properties) {
  std::string text = text_of(properties, "datetime");
  if (text.empty()) text = text_of(properties, "start_datetime");
  if (text.empty()) throw DataError("not a STAC item: no 'datetime' and no 'start_datetime' in 'properties'");
  return parse_instant(text);
}

/// Of the members of `keys`, in this order, the first that is a text; empty where none is.
std::string first_text(const json& properties, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    if (const json* member = find(properties, key); member != nullptr && member->is_string()) {
      return member->get<std::string>();
    }
  }
  return {};
}

/// The member if it is a number of the range; nothing otherwise.
std::optional<double> number_within(const json& object, const std::string& key, double least, double most) {
  const json* member = find(object, key);
  if (member == nullptr || !member->is_number()) return std::nullopt;
  const double value = member->get<double>();
  return value >= least && value <= most ? std::optional(value) : std::nullopt;
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

/// What ESA's names of products and granules say; empty, or nothing, where they do not.
struct NameFacts {
  std::string level;     // "L2A"
  std::string baseline;  // "05.09"
  std::string tile;      // "T38TPK"
  std::optional<int> relative_orbit;
  std::optional<int> absolute_orbit;
};

/// Reads "S2A_MSIL2A_20200302T102021_N0214_R065_T32TMT_20200302T140838.SAFE", the Planetary Computer's ids, which are
/// the same without the baseline, and "S2A_OPER_MSI_L2A_TL_MPS__20200302T140838_A024515_T32TMT_N02.14".
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

/// "05.09", or empty: processing:version may hold the version of another program.
std::string stated_baseline(const json& properties) {
  for (const char* key : {"s2:processing_baseline", "sentinel:processing_baseline", "processing:version"}) {
    std::string text = text_of(properties, key);
    // As a number 02.14 is 2.14, and 05.10 is 5.1.
    if (const json* member = find(properties, key); member != nullptr && member->is_number()) {
      std::array<char, 32> digits{};
      std::snprintf(digits.data(), digits.size(), "%05.2f", member->get<double>());
      text = digits.data();
    }
    if (text.size() == 5 && text[2] == '.' && all_digits(text.substr(0, 2)) && all_digits(text.substr(3))) return text;
  }
  return {};
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

/// Of an item's properties or of one asset. Catalogues copy ESA's Mean_Viewing_Incidence_Angle.
std::optional<ViewAngles> view_angles(const json& object) {
  const auto zenith = number_within(object, "view:incidence_angle", 0, 90);
  const auto azimuth = number_within(object, "view:azimuth", 0, 360);
  return zenith && azimuth ? std::optional(ViewAngles{*zenith, *azimuth}) : std::nullopt;
}

/// Of an asset, which has from the item's properties what it does not say itself, as a band has from its asset; nothing
/// where neither band nor asset says anything.
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

std::optional<int> orbit(const json& properties, const std::string& key, int most, std::optional<int> by_name) {
  if (const auto value = number_within(properties, key, 1, most)) return static_cast<int>(*value);
  return by_name && *by_name >= 1 && *by_name <= most ? by_name : std::nullopt;
}

/// 24515 of the datatake "GS2A_20200302T102021_024515".
std::optional<int> absolute_orbit_of(const std::string& datatake) {
  const std::string_view last = name_parts(datatake).back();
  return last.size() == 6 && all_digits(last) ? std::optional(number_from(last)) : std::nullopt;
}

/// `value` with up to `digits` significant digits.
std::string short_number(double value, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*g", digits, value);
  return text.data();
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

// ---- assets ----------------------------------------------------------------------------------------------------

/// An asset key without resolution and format: "B04_10m" and "red-jp2" are "B04" and "red". `pixel_size_m` is 0 where
/// the key does not say.
struct AssetKey {
  std::string name;
  double pixel_size_m = 0;
};

AssetKey split_key(const std::string& key) {
  AssetKey result{key, 0};
  if (result.name.ends_with("-jp2")) result.name.erase(result.name.size() - 4);
  const std::size_t mark = result.name.rfind('_');
  if (mark == std::string::npos || result.name.back() != 'm') return result;
  int size = 0;
  const char* const end = result.name.data() + result.name.size() - 1;
  const auto [stop, error] = std::from_chars(result.name.data() + mark + 1, end, size);
  if (error != std::errc() || stop != end || size <= 0) return result;
  result.name.erase(mark);
  result.pixel_size_m = size;
  return result;
}

std::optional<Band> band_from_any_name(const std::string& text) {
  if (const auto band = band_from_name(text)) return band;
  return band_from_common_name(lower_ascii(text));
}

/// eo:bands of STAC 1.0, bands of STAC 1.1; null where there is neither.
const json* band_list(const json& asset) {
  for (const char* const key : {"eo:bands", "bands"}) {
    const json* const list = find(asset, key);
    const bool is_list = list != nullptr && list->is_array() &&
                         std::all_of(list->begin(), list->end(), [](const json& entry) { return entry.is_object(); });
    if (is_list) return list;
  }
  return nullptr;
}

bool is_for_display(const json& asset) {
  const json* roles = find(asset, "roles");
  const auto is_display = [](const json& role) {
    return role == "visual" || role == "thumbnail" || role == "overview" || role == "metadata";
  };
  if (roles == nullptr) return false;
  return roles->is_array() ? std::any_of(roles->begin(), roles->end(), is_display) : is_display(*roles);
}

std::optional<Band> band_of_asset(const std::string& key, const json& asset) {
  if (is_for_display(asset)) return std::nullopt;
  if (const json* list = band_list(asset); list != nullptr && !list->empty()) {
    if (list->size() > 1) return std::nullopt;
    const json& entry = list->front();
    if (const auto band = band_from_any_name(text_of(entry, "name"))) return band;
    for (const char* member : {"common_name", "eo:common_name"}) {
      if (const auto band = band_from_common_name(text_of(entry, member))) return band;
    }
  }
  if (const auto band = band_from_any_name(split_key(key).name)) return band;
  return band_from_common_name(text_of(asset, "eo:common_name"));  // of its only band
}

struct RasterNumber {
  double value = 0;
  std::string member;  // where it stands
};

/// Where calibration may stand, in the order of precedence: raster extension 1.x, STAC 1.1 bands, the asset itself.
std::optional<RasterNumber> raster_member(const json& asset, const std::string& name) {
  if (const json* list = array_of_objects(asset, "raster:bands"); list != nullptr && !list->empty()) {
    if (const auto value = number_of(list->front(), name)) return RasterNumber{*value, "raster:bands"};
  }
  const std::string extended = "raster:" + name;
  if (const json* list = array_of_objects(asset, "bands"); list != nullptr && !list->empty()) {
    if (const auto value = number_of(list->front(), extended)) return RasterNumber{*value, "bands"};
    if (const auto value = number_of(list->front(), name)) return RasterNumber{*value, "bands"};
  }
  if (const auto value = number_of(asset, extended)) return RasterNumber{*value, extended};
  if (const auto value = number_of(asset, name)) return RasterNumber{*value, name};
  return std::nullopt;
}

std::optional<double> raster_number(const json& asset, const std::string& name) {
  const auto found = raster_member(asset, name);
  return found ? std::optional(found->value) : std::nullopt;
}

/// The key's own suffix comes first: catalogues copy gsd between the resolutions of a band.
double pixel_size_of_asset(const std::string& key, const json& asset, Band band) {
  if (const double size = split_key(key).pixel_size_m; size > 0) return size;
  for (const char* name : {"spatial_resolution", "gsd"}) {
    if (const auto size = raster_number(asset, name); size && *size > 0) return *size;
  }
  return info(band).pixel_size_m;
}

/// What an item says about the offsets of all its bands.
struct ItemOffsets {
  std::string baseline;         // empty where it is not known
  std::optional<bool> applied;  // whether the pixels of Earth Search's COGs had the offset added already
  std::string applied_member;   // the member that says so
  Instant acquired{};

  bool since_04() const { return !baseline.empty() && baseline >= "04.00"; }
};

ItemOffsets offsets_of_item(const json& properties, const Scene& scene) {
  ItemOffsets result{scene.processing_baseline, std::nullopt, {}, scene.acquired};
  for (const char* key : {"earthsearch:boa_offset_applied", "sentinel:boa_offset_applied"}) {
    if (const json* flag = find(properties, key)) {
      if (!flag->is_boolean()) fail_type(key, "true or false");
      result.applied = flag->get<bool>();
      result.applied_member = key;
    }
  }
  return result;
}

struct OffsetChoice {
  double offset = 0;
  std::string rule;
  std::vector<std::string> contradictions;
  bool is_declared = true;  // OffsetBasis
};

bool is_jpeg_2000(const json& asset) {
  return first_text(asset, {"type"}) == "image/jp2" || lower_ascii(first_text(asset, {"href"})).ends_with(".jp2");
}

/// The offset of one band of reflectance, by what is surest: that the pixels were changed, what is given for the file,
/// what ESA writes since baseline 04.00.
OffsetChoice offset_of_asset(const json& asset, const ItemOffsets& item, std::optional<double> of_collection) {
  const double by_baseline = item.since_04() ? offset_since_baseline_04 : 0.0;
  const auto member = raster_member(asset, "offset");
  const bool given = member && std::isfinite(member->value);
  const double value = given ? member->value : 0.0;
  if (std::abs(value) > 1) throw DataError("'offset' is no reflectance");
  const std::string given_text = given ? member->member + " gives offset " + short_number(value, 6) : "";
  const std::string baseline_text =
      "baseline " + item.baseline + (item.since_04() ? " has offset -0.1" : " has no offset");
  OffsetChoice choice;
  // Earth Search writes raster:bands offset -0.1 also where boa_offset_applied is true and its COGs need none
  // (github.com/Element84/earth-search/issues/66 and /71); the JPEG 2000 files that it links to are ESA's own.
  if (item.applied == true && !is_jpeg_2000(asset)) {
    choice.rule = item.applied_member;
    if (value != 0) choice.contradictions.push_back(given_text + ", but it is applied already");
    if (!item.baseline.empty() && !item.since_04()) {
      choice.contradictions.push_back("the offset is said to be applied, but " + baseline_text);
    }
  } else if (given && !(item.applied == false && item.since_04() && value == 0)) {
    choice.offset = value;
    choice.rule = member->member;
    if (!item.baseline.empty() && std::abs(value - by_baseline) > 1e-6) {
      choice.contradictions.push_back(given_text + ", but " + baseline_text);
    }
  } else if (given) {  // two say that the pixels have the offset, one that they have not
    choice.offset = by_baseline;
    choice.rule = item.applied_member;
    choice.contradictions.push_back(given_text + ", but it is not applied and " + baseline_text);
  } else if (!item.baseline.empty()) {
    choice.offset = by_baseline;
    choice.rule = "processing baseline";
  } else if (of_collection && std::abs(*of_collection) <= 1) {
    choice.offset = *of_collection;
    choice.rule = "collection";
  } else {
    choice.rule = "none given";
    if (item.acquired >= first_baseline_04) {
      choice.is_declared = false;
      choice.contradictions.push_back(
          "neither offset nor baseline is given, but new products have offset -0.1 since 2022-01-25");
    }
  }
  return choice;
}

/// Only what a 16-bit pixel can hold can mark one. Below 0 pixels are read as 0.
std::optional<std::uint16_t> nodata_of_asset(const json& asset) {
  const auto value = raster_number(asset, "nodata");
  if (!value || *value < 0) return std::uint16_t{0};
  if (!(*value >= 0 && *value <= 65535) || *value != std::floor(*value)) return std::nullopt;
  return static_cast<std::uint16_t>(*value);
}

Calibration calibration_of(const json& asset, Band band, double offset) {
  Calibration calibration;
  calibration.nodata = nodata_of_asset(asset);
  if (!is_reflectance(band)) {  // class codes, percent
    calibration.scale = 1;
    calibration.offset = 0;
    calibration.saturated = std::nullopt;
    return calibration;
  }
  if (const auto scale = raster_number(asset, "scale"); scale && !std::isnan(*scale)) {
    calibration.scale = static_cast<float>(*scale);
  }
  calibration.offset = static_cast<float>(offset);
  if (!std::isfinite(calibration.scale) || calibration.scale <= 0) throw DataError("'scale' is not above 0");
  return calibration;
}

/// The href to take: an alternate one of the preferred scheme, if there is one, or the asset's own.
std::string chosen_href(const json& asset, const std::string& preferred_scheme) {
  std::string href = required_text(asset, "href");
  const json* alternates = find(asset, "alternate");
  if (preferred_scheme.empty() || scheme_of(href) == preferred_scheme || alternates == nullptr) return href;
  if (!alternates->is_object()) return href;
  for (const json& alternate : *alternates) {
    const std::string other = first_text(alternate, {"href"});
    if (scheme_of(other) == preferred_scheme) return other;
  }
  return href;
}

struct Candidate {
  std::string key;
  const json* asset = nullptr;
  double pixel_size_m = 0;
};

/// Whether members say the number of the asset; an odd one does, and is refused where it is read.
bool says(const json& asset, const std::string& name) {
  try {
    return raster_member(asset, name).has_value();
  } catch (const DataError&) {
    return true;
  }
}

/// The first object of an array that has the name; null where there is none.
const json* entry_named(const json* list, const std::string& name) {
  if (list == nullptr || !list->is_array() || name.empty()) return nullptr;
  const auto found =
      std::find_if(list->begin(), list->end(), [&](const json& e) { return text_of(e, "name") == name; });
  return found == list->end() ? nullptr : &*found;
}

/// What a collection says of one asset of its items: STAC lets it describe them (`item_assets`), and list their bands
/// (`bands`, or `bands` or `eo:bands` in `summaries`). It is for information, so that what the item says goes first.
class CollectionAsset {
 public:
  CollectionAsset(const json& collection, const std::string& key, const json& asset) {
    if (const json* all = find(collection, "item_assets")) described_ = find(*all, key);
    const json* list = band_list(asset);
    if (list == nullptr && described_ != nullptr) list = band_list(*described_);
    const std::string name = list != nullptr && list->size() == 1 ? text_of(list->front(), "name") : key;
    static const json nothing = json::object();
    const json* summaries = find(collection, "summaries");
    if (summaries == nullptr) summaries = &nothing;
    for (const json* bands : {find(collection, "bands"), find(*summaries, "bands"), find(*summaries, "eo:bands")}) {
      if (band_ == nullptr) band_ = entry_named(bands, name);
    }
  }

  /// "scale", "offset", "nodata": nothing where it is not said, or is no number.
  std::optional<double> number(const std::string& name) const {
    for (const json* place : {described_, band_}) {
      try {
        if (place == nullptr) continue;
        if (const auto member = raster_member(*place, name)) return member->value;
      } catch (const DataError&) {
      }
    }
    return {};
  }

  /// Fills in what the asset leaves open, but for the offset: what is known of the item itself is surer.
  void complete(json& asset) const {
    if (described_ != nullptr) {
      for (const char* const member : {"roles", "type", "eo:common_name"}) {
        if (const json* value = find(*described_, member); value != nullptr && find(asset, member) == nullptr) {
          asset[member] = *value;
        }
      }
      if (const json* list = band_list(*described_); list != nullptr && band_list(asset) == nullptr) {
        asset["eo:bands"] = names_of(*list);
      }
    }
    if (band_ != nullptr && find(asset, "eo:common_name") == nullptr) {
      for (const char* const member : {"common_name", "eo:common_name"}) {
        if (const json* value = find(*band_, member)) asset["eo:common_name"] = *value;
      }
    }
    for (const char* const name : {"scale", "nodata", "gsd"}) {
      const auto value = number(name);
      if (value && !says(asset, name)) asset[name] = *value;
    }
  }

 private:
  /// Bands by their names alone: their numbers have an order of precedence of their own.
  static json names_of(const json& bands) {
    json names = json::array();
    for (const json& band : bands) {
      json& entry = names.emplace_back(json::object());
      for (const char* const member : {"name", "common_name", "eo:common_name"}) {
        if (const json* value = find(band, member)) entry[member] = *value;
      }
    }
    return names;
  }

  const json* described_ = nullptr;
  const json* band_ = nullptr;
};

/// Assets with what STAC 1.1 lets an item say once for all of them.
json with_common(json assets, const json& properties) {
  for (const char* const key : {"raster:scale", "raster:offset", "nodata"}) {
    const json* const common = find(properties, key);
    if (common == nullptr) continue;
    const std::string name = std::string(key).starts_with("raster:") ? std::string(key).substr(7) : key;
    for (json& asset : assets) {
      if (asset.is_object() && !says(asset, name)) asset[key] = *common;
    }
  }
  return assets;
}

/// The members of an item that a collection may say for all of its items, by a summary of one value.
void complete_properties(json& properties, const json& collection, const NameFacts& names) {
  const json* summaries = find(collection, "summaries");
  if (summaries == nullptr) return;
  const auto take = [&](const char* key) {
    const json* values = find(*summaries, key);
    const json* own = find(properties, key);
    if (values == nullptr || !values->is_array() || values->size() != 1) return;
    if (own == nullptr || own->type() != values->front().type()) properties[key] = values->front();
  };
  take("platform");
  // What the product is called is of the item itself.
  if (names.level.empty() && text_of(properties, "s2:product_type").empty()) take("product:type");
  if (names.level.empty() && text_of(properties, "product:type").empty()) take("s2:product_type");
  if (names.baseline.empty() && stated_baseline(properties).empty()) {
    take("s2:processing_baseline");
    take("processing:version");
  }
}

/// The finest asset of each band; the first by key among equals.
std::map<Band, Candidate> choose_assets(const json& assets) {
  std::map<Band, Candidate> chosen;
  for (const auto& [key, asset] : assets.items()) {
    if (!asset.is_object()) continue;
    try {
      const auto band = band_of_asset(key, asset);
      if (!band) continue;
      const Candidate candidate{key, &asset, pixel_size_of_asset(key, asset, *band)};
      const auto [place, is_new] = chosen.try_emplace(*band, candidate);
      if (!is_new && candidate.pixel_size_m < place->second.pixel_size_m) place->second = candidate;
    } catch (const DataError& error) {
      throw DataError("asset '" + key + "': " + error.what());
    }
  }
  return chosen;
}

/// A text and the bands that it is said of.
using Sayings = std::map<std::string, std::set<Band>>;

/// "text", or "text (B02, B04)" where it is not said of all bands of reflectance.
std::string saying(const std::string& text, const std::set<Band>& bands, std::size_t all) {
  if (bands.size() == all) return text;
  std::string names;
  for (const Band band : bands) names.append(names.empty() ? "" : ", ").append(name(band));
  return text + " (" + names + ")";
}

OffsetBasis offset_basis(const Sayings& rules, const Sayings& contradictions, std::size_t reflectance_bands) {
  OffsetBasis basis;
  for (const auto& [text, bands] : rules) {
    basis.rule.append(basis.rule.empty() ? "" : "; ").append(saying(text, bands, reflectance_bands));
  }
  for (const auto& [text, bands] : contradictions) {
    basis.contradictions.push_back(saying(text, bands, reflectance_bands));
  }
  return basis;
}

/// Of `file:checksum` as multihash; empty where it is another hash.
std::string sha256_of(const json& asset) {
  constexpr std::string_view sha2_256 = "1220";
  constexpr std::size_t digits = 64;
  const std::string hash = lower_ascii(text_of(asset, "file:checksum"));
  return hash.starts_with(sha2_256) && hash.size() == sha2_256.size() + digits ? hash.substr(sha2_256.size()) : "";
}

/// All of a scene but its bands, and what follows from them.
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

/// Bands, offsets and angles of view, of its assets.
void add_bands(const json& item, const json& assets, const json* collection, const std::string& path,
               const StacItemOptions& options, Scene& scene) {
  const json& properties = item["properties"];
  // Of a mirror, files are small, and their checksums are of this program's own making.
  const bool is_mirror = find(item, "pitwatch:mirror") != nullptr;
  const ItemOffsets item_offsets = offsets_of_item(properties, scene);
  Sayings rules;
  Sayings contradictions;
  std::vector<ViewAngles> views;
  std::size_t fine_bands = 0;
  std::size_t reflectance_bands = 0;
  bool declared = true;
  for (const auto& [band, candidate] : choose_assets(assets)) {
    try {
      const json& asset = *candidate.asset;
      OffsetChoice choice;
      if (is_reflectance(band)) {
        ++reflectance_bands;
        std::optional<double> of_collection;
        if (collection != nullptr) of_collection = CollectionAsset(*collection, candidate.key, asset).number("offset");
        choice = offset_of_asset(asset, item_offsets, of_collection);
        declared = declared && choice.is_declared;
        rules[choice.rule].insert(band);
        for (const std::string& text : choice.contradictions) contradictions[text].insert(band);
      }
      scene.bands[band] = {asset_path(chosen_href(asset, options.preferred_scheme), path),
                           calibration_of(asset, band, choice.offset), is_mirror ? sha256_of(asset) : std::string()};
      if (info(band).pixel_size_m == 10) {
        ++fine_bands;
        if (const auto view = view_angles_of_asset(asset, properties)) views.push_back(*view);
      }
    } catch (const DataError& error) {
      throw DataError("asset '" + candidate.key + "': " + error.what());
    }
  }
  if (scene.bands.empty()) throw DataError("no asset is a Sentinel-2 band");
  scene.view = !views.empty() && views.size() == fine_bands ? mean_of(views) : view_angles(properties);
  scene.offsets = offset_basis(rules, contradictions, reflectance_bands);
  scene.offsets.is_declared = declared;
}

/// Whether the item by itself does not say all that its pixels are read by.
bool leaves_open(const json& item, const NameFacts& names) {
  const json& properties = item["properties"];
  if (processing_level(item, properties, names).empty()) return true;
  const bool has_baseline = !names.baseline.empty() || !stated_baseline(properties).empty();
  const json assets = with_common(item["assets"], properties);
  const std::map<Band, Candidate> chosen = choose_assets(assets);
  return chosen.empty() || std::any_of(chosen.begin(), chosen.end(), [&](const auto& one) {
           const json& asset = *one.second.asset;
           return is_reflectance(one.first) && (!says(asset, "scale") || (!has_baseline && !says(asset, "offset")));
         });
}

/// The href of the link to the collection; empty where there is none.
std::string collection_link(const json& item) {
  const json* links = find(item, "links");
  if (links == nullptr || !links->is_array()) return {};
  for (const json& link : *links) {
    if (text_of(link, "rel") == "collection") return text_of(link, "href");
  }
  return {};
}

void complete_item(json& item, const json& collection, const NameFacts& names) {
  if (text_of(item, "collection").empty()) item["collection"] = text_of(collection, "id");
  complete_properties(item["properties"], collection, names);
  json assets = with_common(item["assets"], item["properties"]);
  for (const auto& [key, asset] : assets.items()) {
    if (asset.is_object()) CollectionAsset(collection, key, asset).complete(asset);
  }
  item["assets"] = std::move(assets);
}

}  // namespace

struct StacCollection {
  json document;
};

namespace {

Scene scene_from(json item, const std::string& path, const StacItemOptions& options) {
  if (!item.is_object()) throw DataError("not a STAC item: not a JSON object");
  if (required_text(item, "type") != "Feature") throw DataError("not a STAC item: 'type' is not 'Feature'");
  required_text(item, "stac_version");
  if (required_text(item, "id").empty()) throw DataError("not a STAC item: 'id' is empty");
  required_object(item, "properties");
  required_object(item, "assets");
  const NameFacts names = facts_of_names(item, item["properties"]);
  std::shared_ptr<const StacCollection> collection;
  if (options.collection && leaves_open(item, names)) collection = options.collection(collection_link(item));
  if (collection) complete_item(item, collection->document, names);
  const json& properties = item["properties"];
  const std::string stated = stated_baseline(properties);
  Scene scene = scene_of_properties(item, properties, names, stated);
  scene.source = redacted(path);
  add_bands(item, with_common(item["assets"], properties), collection ? &collection->document : nullptr, path, options,
            scene);
  if (!names.baseline.empty() && names.baseline != scene.processing_baseline) {
    scene.offsets.contradictions.push_back("baseline is given as " + stated + ", but the product is named " +
                                           names.baseline);
  }
  return scene;
}

}  // namespace

std::string read_json_text(const std::string& path) { return read_whole_file(path, largest_item_bytes); }

std::shared_ptr<const StacCollection> parse_stac_collection(std::string_view text) {
  try {
    json document = parse_json(text);
    if (text_of(document, "type") != "Collection") return nullptr;
    return std::make_shared<const StacCollection>(StacCollection{std::move(document)});
  } catch (const DataError&) {
    return nullptr;
  }
}

std::shared_ptr<const StacCollection> read_linked_collection(const std::string& item_path, const std::string& href) {
  if (href.empty() || href.find('\0') != std::string::npos || !scheme_of(href).empty()) return nullptr;
  try {
    const fs::path folder = fs::canonical(fs::absolute(item_path).parent_path());
    const fs::path file = fs::canonical(folder / href);
    if (file.parent_path() != folder && file.parent_path() != folder.parent_path()) return nullptr;
    return parse_stac_collection(read_json_text(file.string()));
  } catch (const fs::filesystem_error&) {
    return nullptr;
  } catch (const DataError&) {
    return nullptr;
  }
}

Scene parse_stac_item(std::string_view text, const std::string& path, const StacItemOptions& options) {
  try {
    return scene_from(parse_json(text), path, options);
  } catch (const DataError& error) {
    throw DataError(redacted(path) + ": " + error.what());
  }
}

Scene read_stac_item(const std::string& path) {
  StacItemOptions options;
  options.collection = [&path](const std::string& href) { return read_linked_collection(path, href); };
  try {
    return scene_from(parse_json(read_json_text(path)), path, options);
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

}  // namespace pitwatch
