#include "pipeline/io/products/stac_assets.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/products/asset_path.hpp"
#include "pipeline/io/products/stac_members.hpp"

namespace pitwatch::stac {
namespace {

using nlohmann::json;

constexpr double offset_since_baseline_04 = -0.1;  // ESA: BOA_ADD_OFFSET and RADIO_ADD_OFFSET of -1000
constexpr Instant first_baseline_04 = std::chrono::sys_days(std::chrono::year(2022) / 1 / 25);

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
      if (const auto band = band_from_common_name(lower_ascii(text_of(entry, member)))) return band;
    }
  }
  if (const auto band = band_from_any_name(split_key(key).name)) return band;
  return band_from_common_name(lower_ascii(text_of(asset, "eo:common_name")));  // of its only band
}

/// All that say it, the surest first.
std::vector<RasterNumber> raster_members(const json& asset, const std::string& name) {
  std::vector<RasterNumber> members;
  const auto add = [&](const json& object, const std::string& key, const std::string& member) {
    if (const auto value = number_of(object, key)) members.push_back({*value, member});
  };
  const std::string extended = "raster:" + name;
  if (const json* list = array_of_objects(asset, "raster:bands"); list != nullptr && !list->empty()) {
    add(list->front(), name, "raster:bands");
  }
  if (const json* list = array_of_objects(asset, "bands"); list != nullptr && !list->empty()) {
    add(list->front(), extended, "bands");
    add(list->front(), name, "bands");
  }
  add(asset, extended, extended);
  add(asset, name, name);
  return members;
}

std::optional<double> raster_number(const json& asset, const std::string& name) {
  const auto found = raster_member(asset, name);
  return found ? std::optional(found->value) : std::nullopt;
}

/// Throws DataError where raster:bands and the members that took its place give different numbers. Of the latter a band
/// goes before its asset.
void refuse_contradictions(const json& asset, const std::string& name) {
  const std::vector<RasterNumber> members = raster_members(asset, name);
  if (members.size() < 2 || members[0].member != "raster:bands") return;
  const double one = members[0].value;
  const double other = members[1].value;
  const double most = std::max(std::abs(one), std::abs(other));
  if (!std::isfinite(most) || std::abs(one - other) <= 1e-6 * most) return;
  throw DataError("raster:bands gives " + name + " " + short_number(one, 6) + ", but " + members[1].member + " " +
                  short_number(other, 6));
}

/// The key's own suffix comes first: catalogues copy gsd between the resolutions of a band.
double pixel_size_of_asset(const std::string& key, const json& asset, Band band) {
  if (const double size = split_key(key).pixel_size_m; size > 0) return size;
  for (const char* name : {"spatial_resolution", "gsd"}) {
    if (const auto size = raster_number(asset, name); size && *size > 0) return *size;
  }
  return info(band).pixel_size_m;
}

bool is_jpeg_2000(const json& asset) {
  return first_text(asset, {"type"}) == "image/jp2" || lower_ascii(first_text(asset, {"href"})).ends_with(".jp2");
}

/// Only what a 16-bit pixel can hold can mark one. Below 0 pixels are read as 0.
std::optional<std::uint16_t> nodata_of_asset(const json& asset) {
  const auto value = raster_number(asset, "nodata");
  if (!value || *value < 0) return std::uint16_t{0};
  if (!(*value >= 0 && *value <= 65535) || *value != std::floor(*value)) return std::nullopt;
  return static_cast<std::uint16_t>(*value);
}

}  // namespace

const json* band_list(const json& asset) {
  for (const char* const key : {"eo:bands", "bands"}) {
    const json* const list = find(asset, key);
    const bool is_list = list != nullptr && list->is_array() &&
                         std::all_of(list->begin(), list->end(), [](const json& entry) { return entry.is_object(); });
    if (is_list) return list;
  }
  return nullptr;
}

std::optional<RasterNumber> raster_member(const json& asset, const std::string& name) {
  const std::vector<RasterNumber> members = raster_members(asset, name);
  return members.empty() ? std::nullopt : std::optional(members.front());
}

bool says(const json& asset, const std::string& name) {
  try {
    return raster_member(asset, name).has_value();
  } catch (const DataError&) {
    return true;
  }
}

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

OffsetChoice offset_of_asset(const json& asset, const ItemOffsets& item, std::optional<double> of_collection) {
  const double by_baseline = item.since_04() ? offset_since_baseline_04 : 0.0;
  const auto member = raster_member(asset, "offset");
  const bool given = member && std::isfinite(member->value);
  const double value = given ? member->value : 0.0;
  if (std::abs(value) > 1) throw DataError("'offset' is no reflectance");
  if (std::abs(value + offset_since_baseline_04) < 0.005) {
    throw DataError("'offset' is " + short_number(value, 6) + ": products since baseline 04.00 have -0.1");
  }
  refuse_contradictions(asset, "offset");
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

Calibration calibration_of(const json& asset, Band band, double offset) {
  Calibration calibration;
  calibration.nodata = nodata_of_asset(asset);
  if (!is_reflectance(band)) {  // class codes, percent
    calibration.scale = 1;
    calibration.offset = 0;
    calibration.saturated = std::nullopt;
    return calibration;
  }
  refuse_contradictions(asset, "scale");
  if (const auto scale = raster_number(asset, "scale"); scale && !std::isnan(*scale)) {
    calibration.scale = static_cast<float>(*scale);
  }
  calibration.offset = static_cast<float>(offset);
  if (!std::isfinite(calibration.scale) || calibration.scale <= 0) throw DataError("'scale' is not above 0");
  return calibration;
}

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

std::map<Band, ChosenAsset> choose_assets(const json& assets) {
  std::map<Band, ChosenAsset> chosen;
  for (const auto& [key, asset] : assets.items()) {
    if (!asset.is_object()) continue;
    try {
      const auto band = band_of_asset(key, asset);
      if (!band) continue;
      const ChosenAsset candidate{key, &asset, pixel_size_of_asset(key, asset, *band)};
      const auto [place, is_new] = chosen.try_emplace(*band, candidate);
      if (!is_new && candidate.pixel_size_m < place->second.pixel_size_m) place->second = candidate;
    } catch (const DataError& error) {
      throw DataError("asset '" + key + "': " + error.what());
    }
  }
  return chosen;
}

std::string sha256_of(const json& asset) {
  constexpr std::string_view sha2_256 = "1220";
  constexpr std::size_t digits = 64;
  const std::string hash = lower_ascii(text_of(asset, "file:checksum"));
  return hash.starts_with(sha2_256) && hash.size() == sha2_256.size() + digits ? hash.substr(sha2_256.size()) : "";
}

}  // namespace pitwatch::stac
