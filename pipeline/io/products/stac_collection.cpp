#include "pipeline/io/products/stac_collection.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/products/asset_path.hpp"
#include "pipeline/io/products/stac_assets.hpp"
#include "pipeline/io/products/stac_members.hpp"

namespace pitwatch::stac {
namespace {

using nlohmann::json;

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
    take("processing:version");
    take("s2:processing_baseline");
    try {
      stated_baseline(properties);
    } catch (const DataError&) {
      properties.erase("s2:processing_baseline");
    }
  }
}

}  // namespace

bool leaves_open(const json& item, const NameFacts& names) {
  const json& properties = item["properties"];
  if (processing_level(item, properties, names).empty()) return true;
  const bool has_baseline = !names.baseline.empty() || !stated_baseline(properties).empty();
  const json assets = with_common(item["assets"], properties);
  const std::map<Band, ChosenAsset> chosen = choose_assets(assets);
  return chosen.empty() || std::any_of(chosen.begin(), chosen.end(), [&](const auto& one) {
           const json& asset = *one.second.asset;
           return is_reflectance(one.first) && (!says(asset, "scale") || (!has_baseline && !says(asset, "offset")));
         });
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

std::optional<double> number_by_collection(const json& collection, const std::string& key, const json& asset,
                                           const std::string& name) {
  return CollectionAsset(collection, key, asset).number(name);
}

}  // namespace pitwatch::stac

namespace pitwatch {

namespace fs = std::filesystem;
using nlohmann::json;

std::shared_ptr<const StacCollection> parse_stac_collection(std::string_view text) {
  try {
    json document = parse_json(text);
    if (stac::text_of(document, "type") != "Collection") return nullptr;
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

}  // namespace pitwatch
