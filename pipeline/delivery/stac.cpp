#include "pipeline/delivery/stac.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "pipeline/core/alert_colours.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/geo/geodesy.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* stac_version = "1.0.0";
constexpr const char* json_type = "application/json";
constexpr const char* item_type = "application/geo+json";
constexpr std::string_view sha256_multihash = "1220";  // function 0x12, 32 bytes
constexpr double seven_decimals = 1e7;
constexpr std::array extensions{"https://stac-extensions.github.io/file/v2.1.0/schema.json",
                                "https://stac-extensions.github.io/projection/v1.1.0/schema.json",
                                "https://stac-extensions.github.io/processing/v1.2.0/schema.json"};
constexpr const char* classification = "https://stac-extensions.github.io/classification/v2.0.0/schema.json";

std::string text_of(const ordered_json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

/// EPSG code of "EPSG:n".
std::optional<int> epsg_of(const std::string& crs) {
  constexpr std::string_view prefix = "EPSG:";
  int code = 0;
  if (!crs.starts_with(prefix)) return std::nullopt;
  const auto [end, error] = std::from_chars(crs.data() + prefix.size(), crs.data() + crs.size(), code);
  return error == std::errc{} && end == crs.data() + crs.size() ? std::optional(code) : std::nullopt;
}

void add_projection(const Grid& grid, ordered_json& object) {
  const MapPoint corner = grid.to_map(grid.width, grid.height);
  object["proj:epsg"] = nullptr;
  if (const auto code = epsg_of(grid.crs)) {
    object["proj:epsg"] = *code;
  } else {
    object["proj:wkt2"] = grid.crs;
  }
  object["proj:shape"] = {grid.height, grid.width};
  object["proj:transform"] = {grid.pixel_size_m, 0.0, grid.origin.x, 0.0, -grid.pixel_size_m, grid.origin.y};
  object["proj:bbox"] = {grid.origin.x, corner.y, corner.x, grid.origin.y};
}

ordered_json classes_json() {
  ordered_json classes = ordered_json::array();
  const auto add = [&](int value, std::string_view name, std::string description, const Colour* colour) {
    ordered_json object{{"value", value}, {"name", name}, {"description", std::move(description)}};
    if (colour != nullptr) {
      std::string hex;
      for (const std::uint8_t channel : {colour->red, colour->green, colour->blue}) {
        constexpr std::string_view digits = "0123456789ABCDEF";
        hex += {digits[channel >> 4U], digits[channel & 15U]};
      }
      object["color_hint"] = hex;
    }
    classes.push_back(std::move(object));
  };
  add(mask_stable, "stable", "stable ground", &stable_colour);
  for (const auto& [change_class, class_name] : change_class_names) {
    const Colour colour = colour_of(change_class);
    std::string description(class_name);
    std::replace(description.begin(), description.end(), '_', ' ');
    add(static_cast<int>(change_class), class_name, description, &colour);
  }
  add(mask_not_judged, "not_judged", "not judged", nullptr);
  classes.back()["nodata"] = true;
  return classes;
}

ordered_json assets_json(const std::vector<StacAsset>& assets) {
  ordered_json object = ordered_json::object();
  for (const StacAsset& asset : assets) {
    ordered_json entry{{"href", asset.href}, {"type", asset.type}, {"title", asset.title}, {"roles", asset.roles}};
    if (asset.acquired) entry["datetime"] = format_instant(*asset.acquired);
    if (asset.grid) add_projection(*asset.grid, entry);
    if (!asset.sha256.empty()) {
      entry["file:size"] = asset.bytes;
      entry["file:checksum"] = std::string(sha256_multihash) + asset.sha256;
    }
    if (asset.has_classes) entry["classification:classes"] = classes_json();
    object[asset.key] = std::move(entry);
  }
  return object;
}

ordered_json links_json(const SelfLink& self) {
  ordered_json links = ordered_json::array();
  if (self) links.push_back({{"rel", "self"}, {"href", *self}, {"type", item_type}});
  for (const char* const rel : {"root", "parent", "collection"}) {
    links.push_back({{"rel", rel}, {"href", "../collection.json"}, {"type", json_type}});
  }
  return links;
}

ordered_json extensions_json(const std::vector<StacAsset>& assets) {
  ordered_json list(extensions);
  const bool has_classes =
      std::any_of(assets.begin(), assets.end(), [](const StacAsset& asset) { return asset.has_classes; });
  if (has_classes) list.push_back(classification);
  return list;
}

double rounded(double degrees) { return std::round(degrees * seven_decimals) / seven_decimals; }

std::array<double, 4> box_of(const LonLatMultiPolygon& outline) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  std::array<double, 4> box{infinite, infinite, -infinite, -infinite};
  for (const LonLatPolygon& polygon : outline) {
    for (const LonLat& place : polygon.outer) {
      box = {std::min(box[0], place.lon), std::min(box[1], place.lat), std::max(box[2], place.lon),
             std::max(box[3], place.lat)};
    }
  }
  return box;
}

ordered_json processing_json(const std::string& version, const char* lineage) {
  ordered_json object;
  object["processing:software"]["pitwatch"] = version;
  object["processing:lineage"] = lineage;
  return object;
}

StacText item_of(const std::string& id, const ordered_json& geometry, ordered_json properties, StacItemSummary summary,
                 const std::vector<StacAsset>& assets, const SelfLink& self) {
  properties["start_datetime"] = format_instant(summary.start);
  properties["end_datetime"] = format_instant(summary.end);
  const ordered_json item{{"type", "Feature"},
                          {"stac_version", stac_version},
                          {"stac_extensions", extensions_json(assets)},
                          {"id", id},
                          {"collection", stac_collection_id},
                          {"geometry", geometry},
                          {"bbox", summary.bbox},
                          {"properties", std::move(properties)},
                          {"links", links_json(self)},
                          {"assets", assets_json(assets)}};
  return {std::move(summary), text_of(item)};
}

}  // namespace

StacText stac_item_of(const OutlinedAlert& outlined, const std::string& file, const std::vector<StacAsset>& assets,
                      const std::string& version, const SelfLink& self) {
  const Alert& alert = outlined.alert;
  ordered_json properties{{"title", alert.id}, {"datetime", format_instant(alert.onset_before)}};
  properties.update(processing_json(version, "Sentinel-2 time series, each pixel against its own past"));
  const ordered_json own = ordered_json::parse(alert_properties_json(alert));
  for (const auto& [key, value] : own.items()) properties["pitwatch:" + key] = value;
  const StacItemSummary summary{file, box_of(outlined.outline), std::min(alert.onset_after, alert.onset_before),
                                std::max(alert.last_detected, alert.onset_before)};
  return item_of(alert.id, ordered_json::parse(outline_json(outlined.outline)), std::move(properties), summary, assets,
                 self);
}

StacText stac_item_of(const ComparisonFacts& comparison, const std::string& file, const std::vector<StacAsset>& assets,
                      const std::string& version, const SelfLink& self) {
  const Grid& grid = comparison.grid;
  ToWgs84 to_wgs84(grid.crs);
  LonLatMultiPolygon outline(1);
  for (const auto& [column, row] : {std::pair{0, grid.height}, {grid.width, grid.height}, {grid.width, 0}, {0, 0}}) {
    const LonLat place = to_wgs84(grid.to_map(column, row));
    outline[0].outer.push_back({rounded(place.lon), rounded(place.lat)});
  }
  ordered_json properties{{"title", comparison.id}, {"datetime", format_instant(comparison.after)}};
  properties.update(processing_json(version, "two Sentinel-2 scenes compared"));
  const StacItemSummary summary{file, box_of(outline), std::min(comparison.before, comparison.after),
                                std::max(comparison.before, comparison.after)};
  return item_of(comparison.id, ordered_json::parse(outline_json(outline)), std::move(properties), summary, assets,
                 self);
}

std::string stac_collection(const std::vector<StacItemSummary>& items, const std::string& version,
                            const SelfLink& self) {
  std::array<double, 4> box{180, 90, -180, -90};
  std::array<ordered_json, 2> interval;
  ordered_json links = ordered_json::array();
  if (self) links.push_back({{"rel", "self"}, {"href", *self}, {"type", json_type}});
  links.push_back({{"rel", "root"}, {"href", "./collection.json"}, {"type", json_type}});
  Instant start = Instant::max();
  Instant end = Instant::min();
  for (const StacItemSummary& item : items) {
    box = {std::min(box[0], item.bbox[0]), std::min(box[1], item.bbox[1]), std::max(box[2], item.bbox[2]),
           std::max(box[3], item.bbox[3])};
    start = std::min(start, item.start);
    end = std::max(end, item.end);
    links.push_back({{"rel", "item"}, {"href", "./items/" + item.file}, {"type", item_type}});
  }
  if (items.empty()) {
    box = {-180, -90, 180, 90};
  } else {
    interval = {ordered_json(format_instant(start)), ordered_json(format_instant(end))};
  }
  ordered_json collection{
      {"type", "Collection"},
      {"stac_version", stac_version},
      {"stac_extensions", ordered_json(extensions)},
      {"id", stac_collection_id},
      {"title", "Pitwatch alerts"},
      {"description", "Newly disturbed ground in Sentinel-2 scenes: an item for each alert, and for each comparison."},
      {"license", "proprietary"}};
  collection["extent"]["spatial"]["bbox"].push_back(box);
  collection["extent"]["temporal"]["interval"].push_back(interval);
  ordered_json software;
  software["pitwatch"] = version;
  collection["summaries"]["processing:software"].push_back(software);
  collection["links"] = links;
  return text_of(collection);
}

}  // namespace pitwatch
