#pragma once
// What a STAC collection says of its items, where one of them leaves something open.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "pipeline/io/products/stac_item.hpp"
#include "pipeline/io/products/stac_properties.hpp"

namespace pitwatch {

struct StacCollection {
  nlohmann::json document;
};

namespace stac {

/// Whether the item by itself does not say all that its pixels are read by.
bool leaves_open(const nlohmann::json& item, const NameFacts& names);

/// Fills in what the item leaves open, but for offsets: what is known of the item itself is surer.
void complete_item(nlohmann::json& item, const nlohmann::json& collection, const NameFacts& names);

/// "scale", "offset" or "nodata" of an asset; nothing where the collection does not say it, or it is no number.
std::optional<double> number_by_collection(const nlohmann::json& collection, const std::string& key,
                                           const nlohmann::json& asset, const std::string& name);

}  // namespace stac
}  // namespace pitwatch
