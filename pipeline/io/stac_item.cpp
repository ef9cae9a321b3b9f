#include "pipeline/io/stac_item.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uintmax_t largest_item_bytes = 16 << 20;
constexpr int deepest_nesting = 64;
constexpr float offset_since_baseline_04 = -0.1F;  // ESA: BOA_ADD_OFFSET and RADIO_ADD_OFFSET of -1000

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// ---- reading JSON that may hold anything -----------------------------------------------------------------------

json parse_text(std::string_view text) {
  const auto bound_depth = [](int depth, json::parse_event_t, json&) {
    if (depth > deepest_nesting) throw DataError("nested deeper than " + std::to_string(deepest_nesting) + " levels");
    return true;
  };
  try {
    return json::parse(text, bound_depth);
  } catch (const json::exception& parse_error) {
    throw DataError(std::string("not JSON: ") + parse_error.what());
  }
}

/// The member, or null where it is absent or null.
const json* find(const json& object, const std::string& key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

[[noreturn]] void fail_type(const std::string& key, const char* expected) {
  throw DataError("'" + key + "' is not " + expected);
}

/// Empty where the member is absent.
std::string text_of(const json& object, const std::string& key) {
  const json* member = find(object, key);
  if (member == nullptr) return {};
  if (!member->is_string()) fail_type(key, "a text");
  return member->get<std::string>();
}

/// Nothing where the member is absent; raster:bands writes numbers that JSON has not as texts ("nan"), which give NaN.
std::optional<double> number_of(const json& object, const std::string& key) {
  const json* member = find(object, key);
  if (member == nullptr) return std::nullopt;
  if (member->is_number()) return member->get<double>();
  if (!member->is_string()) fail_type(key, "a number");
  const std::string text = lower(member->get<std::string>());
  if (text == "nan" || text == "inf" || text == "-inf") return std::numeric_limits<double>::quiet_NaN();
  fail_type(key, "a number");
}

const json& required(const json& object, const std::string& key) {
  const json* member = find(object, key);
  if (member == nullptr) throw DataError("not a STAC item: no '" + key + "'");
  return *member;
}

std::string required_text(const json& object, const std::string& key) {
  required(object, key);
  return text_of(object, key);
}

const json& required_object(const json& object, const std::string& key) {
  const json& member = required(object, key);
  if (!member.is_object()) fail_type(key, "an object");
  return member;
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

/// "05.09", or empty: processing:version may hold the version of another program.
std::string processing_baseline(const json& properties) {
  for (const char* key : {"s2:processing_baseline", "processing:version"}) {
    const std::string text = text_of(properties, key);
    const auto digit = [&](std::size_t i) { return std::isdigit(static_cast<unsigned char>(text[i])) != 0; };
    if (text.size() == 5 && text[2] == '.' && digit(0) && digit(1) && digit(3) && digit(4)) return text;
  }
  return {};
}

std::string processing_level(const json& properties) {
  for (const char* key : {"s2:product_type", "product:type"}) {
    const std::string text = text_of(properties, key);
    if (text == "S2MSI1C") return "L1C";
    if (text == "S2MSI2A") return "L2A";
  }
  return {};
}

/// "T38TPK" from "38TPK", "MGRS-38TPK" or the parts of the MGRS extension; empty where none is there.
std::string tile_name(const json& properties) {
  std::string text = text_of(properties, "s2:mgrs_tile");
  if (text.empty()) {
    const std::string code = text_of(properties, "grid:code");
    if (code.rfind("MGRS-", 0) == 0) text = code.substr(5);
  }
  if (text.empty()) {
    const auto zone = number_of(properties, "mgrs:utm_zone");
    const std::string band = text_of(properties, "mgrs:latitude_band");
    const std::string square = text_of(properties, "mgrs:grid_square");
    if (zone && *zone >= 1 && *zone <= 60 && !band.empty() && !square.empty()) {
      text = std::to_string(static_cast<int>(*zone)) + band + square;
    }
  }
  if (text.empty()) return {};
  if (text.front() == 'T') text.erase(0, 1);
  // Zones below 10 are written with and without the zero.
  return std::string(text.size() == 4 ? "T0" : "T").append(text);
}

std::string platform_name(const json& properties) {
  std::string text = lower(text_of(properties, "platform"));
  // Common names such as "red" are used for other sensors too, whose bands are not ours.
  if (!text.empty() && text.rfind("sentinel-2", 0) != 0) throw DataError("not Sentinel-2, platform is '" + text + "'");
  return text;
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
  const json* member = find(object, key);
  if (member == nullptr || !member->is_number()) return std::nullopt;
  const double value = member->get<double>();
  return value >= 0 && value <= 100 ? std::optional(value) : std::nullopt;
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
  return band_from_common_name(lower(text));
}

/// eo:bands of STAC 1.0, bands of STAC 1.1; null where there is neither.
const json* band_list(const json& asset) {
  const json* list = array_of_objects(asset, "eo:bands");
  return list != nullptr ? list : array_of_objects(asset, "bands");
}

bool is_for_display(const json& asset) {
  const json* roles = find(asset, "roles");
  if (roles == nullptr) return false;
  if (!roles->is_array()) fail_type("roles", "an array");
  return std::any_of(roles->begin(), roles->end(), [](const json& role) {
    return role == "visual" || role == "thumbnail" || role == "overview" || role == "metadata";
  });
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
  return band_from_any_name(split_key(key).name);
}

/// Where calibration may stand, in the order of precedence: raster extension 1.x, STAC 1.1 bands, the asset itself.
std::optional<double> raster_number(const json& asset, const std::string& name) {
  if (const json* list = array_of_objects(asset, "raster:bands"); list != nullptr && !list->empty()) {
    if (const auto value = number_of(list->front(), name)) return value;
  }
  if (const json* list = array_of_objects(asset, "bands"); list != nullptr && !list->empty()) {
    if (const auto value = number_of(list->front(), "raster:" + name)) return value;
    if (const auto value = number_of(list->front(), name)) return value;
  }
  if (const auto value = number_of(asset, "raster:" + name)) return value;
  return number_of(asset, name);
}

/// The key's own suffix comes first: catalogues copy gsd between the resolutions of a band.
double pixel_size_of_asset(const std::string& key, const json& asset, Band band) {
  if (const double size = split_key(key).pixel_size_m; size > 0) return size;
  for (const char* name : {"spatial_resolution", "gsd"}) {
    if (const auto size = raster_number(asset, name); size && *size > 0) return *size;
  }
  return info(band).pixel_size_m;
}

struct OffsetRule {
  bool offset_since_04 = false;  // the processing baseline is 04.00 or later
  bool applied = false;          // the pixels of Earth Search's COGs had the offset added already
};

OffsetRule offset_rule(const json& properties, const std::string& baseline) {
  OffsetRule rule;
  rule.offset_since_04 = !baseline.empty() && baseline >= "04.00";
  for (const char* key : {"earthsearch:boa_offset_applied", "sentinel:boa_offset_applied"}) {
    if (const json* flag = find(properties, key)) {
      if (!flag->is_boolean()) fail_type(key, "true or false");
      rule.applied = flag->get<bool>();
    }
  }
  return rule;
}

float offset_of_asset(const json& asset, const OffsetRule& rule) {
  // Earth Search writes raster:bands offset -0.1 also where boa_offset_applied is true and its COGs need none
  // (github.com/Element84/earth-search/issues/66 and /71); the JPEG 2000 files that it links to are ESA's own.
  if (rule.applied && text_of(asset, "type") != "image/jp2") return 0.0F;
  const auto offset = raster_number(asset, "offset");
  if (offset && std::isfinite(*offset)) return static_cast<float>(*offset);
  return rule.offset_since_04 ? offset_since_baseline_04 : 0.0F;
}

/// Only what a 16-bit pixel can hold can mark one.
std::optional<std::uint16_t> nodata_of_asset(const json& asset) {
  const auto value = raster_number(asset, "nodata");
  if (!value) return std::uint16_t{0};
  if (!(*value >= 0 && *value <= 65535) || *value != std::floor(*value)) return std::nullopt;
  return static_cast<std::uint16_t>(*value);
}

Calibration calibration_of(const json& asset, Band band, const OffsetRule& rule) {
  Calibration calibration;
  calibration.nodata = nodata_of_asset(asset);
  if (band == Band::SCL) {  // class codes
    calibration.scale = 1;
    calibration.offset = 0;
    calibration.saturated = std::nullopt;
    return calibration;
  }
  if (const auto scale = raster_number(asset, "scale"); scale && !std::isnan(*scale)) {
    calibration.scale = static_cast<float>(*scale);
  }
  calibration.offset = offset_of_asset(asset, rule);
  if (!std::isfinite(calibration.scale) || calibration.scale <= 0) throw DataError("'scale' is not above 0");
  if (!std::isfinite(calibration.offset)) throw DataError("'offset' is not finite");
  return calibration;
}

// ---- paths -----------------------------------------------------------------------------------------------------

/// "https" of "https://x", "" of a path. A scheme has two letters or more.
std::string scheme_of(const std::string& href) {
  const std::size_t colon = href.find(':');
  if (colon == std::string::npos || colon < 2) return {};
  const bool valid = std::all_of(href.begin(), href.begin() + static_cast<std::ptrdiff_t>(colon), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.' || c == '_';
  });
  return valid ? lower(href.substr(0, colon)) : std::string{};
}

std::string percent_decoded(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      result += static_cast<char>(value);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

bool is_inside(const fs::path& folder, const fs::path& path) {
  const auto [folder_end, path_rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return folder_end == folder.end() && path_rest != path.end();
}

/// An item may name files of its own folder and files by absolute path, nothing else: items come from outside.
std::string local_path(const std::string& href, const fs::path& folder) {
  if (href.empty() || href.find('\0') != std::string::npos) throw DataError("'href' is empty or broken");
  std::string path = href;
  if (const std::string scheme = scheme_of(href); scheme == "file") {
    path = percent_decoded(href.substr(5));
    if (path.rfind("//localhost/", 0) == 0) path.erase(0, 11);
    if (path.rfind("///", 0) == 0) path.erase(0, 2);
    if (path.empty() || path[0] != '/' || path.rfind("//", 0) == 0) throw DataError("not a local file: " + href);
  } else if (!scheme.empty()) {
    throw DataError("scheme not supported: " + href);
  }
  if (path.find('\0') != std::string::npos) throw DataError("'href' is broken");
  // GDAL reads archives, memory and the network through such paths.
  if (path.rfind("/vsi", 0) == 0) throw DataError("virtual path not supported: " + href);
  if (path[0] == '/') return path;

  const fs::path first = *fs::path(path).lexically_normal().begin();
  if (first == ".." || first == ".") throw DataError("path leaves the item's folder: " + href);
  const fs::path joined = folder / path;
  std::error_code error;
  const fs::path real = fs::canonical(joined, error);
  // A file that is missing is reported when it is opened.
  if (!error && !is_inside(fs::canonical(folder), real)) throw DataError("path leaves the item's folder: " + href);
  return joined.string();
}

/// The folder as the user wrote it; never empty, so that no asset path can begin with a name that GDAL takes for the
/// prefix of a driver ("GTIFF_DIR:...").
fs::path folder_of(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

struct Candidate {
  std::string key;
  const json* asset = nullptr;
  double pixel_size_m = 0;
};

/// The finest asset of each band; the first by key among equals.
std::map<Band, Candidate> choose_assets(const json& assets) {
  std::map<Band, Candidate> chosen;
  for (const auto& [key, asset] : assets.items()) {
    if (!asset.is_object()) fail_type("assets." + key, "an object");
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

Scene scene_from(const json& item, const std::string& path) {
  if (!item.is_object()) throw DataError("not a STAC item: not a JSON object");
  if (required_text(item, "type") != "Feature") throw DataError("not a STAC item: 'type' is not 'Feature'");
  required_text(item, "stac_version");
  Scene scene;
  scene.id = required_text(item, "id");
  if (scene.id.empty()) throw DataError("not a STAC item: 'id' is empty");
  scene.source = path;
  const json& properties = required_object(item, "properties");
  const json& assets = required_object(item, "assets");
  scene.acquired = acquisition(properties);
  scene.platform = platform_name(properties);
  scene.level = processing_level(properties);
  scene.processing_baseline = processing_baseline(properties);
  scene.tile = tile_name(properties);
  scene.processed = processing_time(properties);
  scene.bbox = bounding_box(item);
  scene.cloud_cover = percentage(properties, "eo:cloud_cover");
  scene.nodata = share_without_data(properties);
  scene.datatake = datatake_name(properties);
  scene.datastrip_start = datastrip_start(properties);

  const OffsetRule rule = offset_rule(properties, scene.processing_baseline);
  const fs::path folder = folder_of(path);
  for (const auto& [band, candidate] : choose_assets(assets)) {
    try {
      scene.bands[band] = {local_path(required_text(*candidate.asset, "href"), folder),
                           calibration_of(*candidate.asset, band, rule)};
    } catch (const DataError& error) {
      throw DataError("asset '" + candidate.key + "': " + error.what());
    }
  }
  if (scene.bands.empty()) throw DataError("no asset is a Sentinel-2 band");
  return scene;
}

}  // namespace

std::string read_json_text(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) throw DataError("cannot read: " + error.message());
  if (size > largest_item_bytes) throw DataError("too large for a STAC item: " + std::to_string(size) + " bytes");
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(size), '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size()))) throw DataError("cannot read");
  return text;
}

Scene parse_stac_item(std::string_view text, const std::string& path) {
  try {
    return scene_from(parse_text(text), path);
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

Scene read_stac_item(const std::string& path) {
  try {
    return scene_from(parse_text(read_json_text(path)), path);
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

}  // namespace pitwatch
