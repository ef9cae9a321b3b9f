#include "pipeline/io/products/stac_item.hpp"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/products/asset_path.hpp"
#include "pipeline/io/products/stac_assets.hpp"
#include "pipeline/io/products/stac_collection.hpp"
#include "pipeline/io/products/stac_members.hpp"
#include "pipeline/io/products/stac_properties.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

using namespace stac;
using nlohmann::json;

constexpr std::uintmax_t largest_item_bytes = 16 << 20;

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
        if (collection != nullptr) of_collection = number_by_collection(*collection, candidate.key, asset, "offset");
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

/// The href of the link to the collection; empty where there is none.
std::string collection_link(const json& item) {
  const json* links = find(item, "links");
  if (links == nullptr || !links->is_array()) return {};
  for (const json& link : *links) {
    if (text_of(link, "rel") == "collection") return text_of(link, "href");
  }
  return {};
}

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

Scene parse_stac_item(std::string_view text, const std::string& path, const StacItemOptions& options) {
  try {
    return scene_from(parse_json(text), path, options);
  } catch (const UnavailableError&) {  // the collection, which says who it is
    throw;
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
