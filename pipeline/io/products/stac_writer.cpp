#include "pipeline/io/products/stac_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/atomic_folder.hpp"
#include "pipeline/io/products/granule_facts.hpp"
#include "pipeline/io/products/product_name.hpp"
#include "pipeline/io/raster/cog_writer.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* collection_id = "sentinel-2-l2a";
constexpr const char* stac_version = "1.0.0";
constexpr const char* cog_type = "image/tiff; application=geotiff; profile=cloud-optimized";
constexpr std::uint8_t no_probability = 255;

std::string serialised(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

/// "sentinel-2a".
std::string platform_of(const Granule& granule) {
  return std::string("sentinel-2") + static_cast<char>(granule.spacecraft - 'A' + 'a');
}

/// Longitudes and latitudes to a tenth of a millimetre: their last digits differ between mathematical libraries.
double rounded_degrees(double value) { return std::round(value * 1e9) / 1e9; }

/// To six decimals, as percentages and angles stand in products.
double rounded(double value) { return std::round(value * 1e6) / 1e6; }

int epsg_code(const std::string& crs) {
  const std::string prefix = "EPSG:";
  int code = 0;
  if (crs.starts_with(prefix)) std::from_chars(crs.data() + prefix.size(), crs.data() + crs.size(), code);
  if (code <= 0) throw DataError("not an EPSG code: '" + crs + "'");
  return code;
}

// ---- assets ----------------------------------------------------------------------------------------------------

/// Common name by the eo extension 1.1: one for all red edges, unlike Earth Search's asset keys.
std::string eo_common_name(Band band) {
  const std::string key(info(band).common_name);
  return key.starts_with("rededge") ? "rededge" : key;
}

Json asset_on(const Grid& grid, const std::string& file, const std::string& title) {
  return {{"href", "./" + file},
          {"type", cog_type},
          {"title", title},
          {"gsd", grid.pixel_size_m},
          {"proj:shape", {grid.height, grid.width}},
          {"proj:transform", {grid.pixel_size_m, 0, grid.origin.x, 0, -grid.pixel_size_m, grid.origin.y}}};
}

struct Asset {
  std::string key;
  std::string file;
  Json json;
  std::function<void(const std::string& path)> write;
};

Asset band_asset(const Granule& granule, const Granule::BandPixels& band) {
  const BandInfo& facts = info(band.band);
  const std::string band_name(facts.name);
  const std::string file = band_name + ".tif";
  Json json = asset_on(band.grid, file, band_name + " - " + std::to_string(facts.pixel_size_m) + "m");
  json["eo:bands"] = Json::array({{{"name", band_name},
                                   {"common_name", eo_common_name(band.band)},
                                   {"center_wavelength", facts.wavelength_nm / 1000.0}}});
  json["raster:bands"] = Json::array({{{"nodata", 0},
                                       {"data_type", "uint16"},
                                       {"spatial_resolution", band.grid.pixel_size_m},
                                       {"scale", 0.0001},
                                       {"offset", granule.boa_add_offset / 10000.0}}});
  json["roles"] = {"data", "reflectance"};
  const CogMetadata metadata{band_name, {{"SYNTHETIC", granule.made_by}}};
  return {std::string(facts.common_name), file, std::move(json), [&band, metadata](const std::string& path) {
            write_cog_u16(path, band.grid, band.dn, 0, metadata, serial_for, CogPlace::unfinished);
          }};
}

struct Layer {
  const char* key;
  const char* file;
  const char* title;
  const char* role;  // beside "data"; nullptr for none
  std::uint8_t nodata;
  PlaneView<const std::uint8_t> plane;
};

Asset layer_asset(const Granule& granule, const Layer& layer) {
  Json json = asset_on(granule.classification_grid, layer.file, layer.title);
  json["raster:bands"] = Json::array({{{"nodata", layer.nodata},
                                       {"data_type", "uint8"},
                                       {"spatial_resolution", granule.classification_grid.pixel_size_m}}});
  json["roles"] = {"data"};
  if (layer.role != nullptr) json["roles"].push_back(layer.role);
  const CogMetadata metadata{layer.title, {{"SYNTHETIC", granule.made_by}}};
  return {layer.key, layer.file, std::move(json), [&granule, layer, metadata](const std::string& path) {
            write_cog_byte(path, granule.classification_grid, layer.plane, metadata, serial_for, layer.nodata,
                           CogPlace::unfinished);
          }};
}

std::vector<Asset> assets_of(const Granule& granule) {
  std::vector<Asset> assets;
  for (const Granule::BandPixels& band : granule.bands) assets.push_back(band_asset(granule, band));
  for (const Layer& layer :
       {Layer{"scl", "SCL.tif", "Scene classification map (SCL)", nullptr, 0, granule.scl},
        Layer{"cloud", "CLD.tif", "Cloud probabilities", "cloud", no_probability, granule.cloud_probability},
        Layer{"snow", "SNW.tif", "Snow probabilities", "snow-ice", no_probability, granule.snow_probability}}) {
    if (layer.plane.data != nullptr) assets.push_back(layer_asset(granule, layer));
  }
  return assets;
}

// ---- item ------------------------------------------------------------------------------------------------------

StacSummary summary_of(const Granule& granule) {
  const auto places = corners(finest_grid(granule));
  const auto [west, east] =
      std::minmax_element(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.lon < b.lon; });
  const auto [south, north] =
      std::minmax_element(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.lat < b.lat; });
  if (east->lon - west->lon > 180) throw DataError("granule on " + granule.tile + " lies across the antimeridian");
  return {
      stac_item_id(granule),       granule.acquired,           platform_of(granule),       rounded_degrees(west->lon),
      rounded_degrees(south->lat), rounded_degrees(east->lon), rounded_degrees(north->lat)};
}

Json bbox_of(const StacSummary& item) { return {item.west, item.south, item.east, item.north}; }

Json outline_of(const Granule& granule) {
  Json ring = Json::array();
  for (const LonLat& corner : corners(finest_grid(granule))) {
    ring.push_back({rounded_degrees(corner.lon), rounded_degrees(corner.lat)});
  }
  const Json first = ring.front();
  ring.push_back(first);
  return {{"type", "Polygon"}, {"coordinates", Json::array({ring})}};
}

Json properties_of(const Granule& granule) {
  const GranuleQuality& quality = granule.quality;
  const std::array<double, 12> counted = class_percentages(granule);
  const std::string created = format_instant(granule.processed);
  return {{"datetime", format_instant(granule.acquired)},
          {"created", created},
          {"updated", created},
          {"description", "Synthetic, not observed: " + granule.made_by},
          {"synthetic", true},
          {"platform", platform_of(granule)},
          {"constellation", "sentinel-2"},
          {"instruments", Json::array({"msi"})},
          {"eo:cloud_cover", rounded(quality.cloud)},
          {"proj:epsg", epsg_code(finest_grid(granule).crs)},
          {"mgrs:utm_zone", std::stoi(granule.tile.substr(1, 2))},
          {"mgrs:latitude_band", granule.tile.substr(3, 1)},
          {"mgrs:grid_square", granule.tile.substr(4)},
          {"grid:code", "MGRS-" + granule.tile.substr(1)},
          {"view:azimuth", rounded(granule.view.azimuth)},
          {"view:incidence_angle", rounded(granule.view.zenith)},
          {"view:sun_azimuth", rounded(granule.sun.azimuth)},
          {"view:sun_elevation", rounded(90 - granule.sun.zenith)},
          {"s2:tile_id", tile_id(granule)},
          {"s2:degraded_msi_data_percentage", 0},
          {"s2:nodata_pixel_percentage", rounded(quality.nodata)},
          {"s2:saturated_defective_pixel_percentage", rounded(counted[1])},
          {"s2:dark_features_percentage", rounded(counted[2])},
          {"s2:cloud_shadow_percentage", rounded(quality.cloud_shadow)},
          {"s2:vegetation_percentage", rounded(quality.vegetation)},
          {"s2:not_vegetated_percentage", rounded(quality.not_vegetated)},
          {"s2:water_percentage", rounded(quality.water)},
          {"s2:unclassified_percentage", rounded(counted[7])},
          {"s2:medium_proba_clouds_percentage", rounded(counted[8])},
          {"s2:high_proba_clouds_percentage", rounded(counted[9])},
          {"s2:thin_cirrus_percentage", rounded(quality.cirrus)},
          {"s2:snow_ice_percentage", rounded(quality.snow)},
          {"s2:product_type", "S2MSI2A"},
          {"s2:processing_baseline", granule.processing_baseline},
          {"s2:product_uri", product_name(granule) + ".SAFE"},
          {"s2:generation_time", created},
          {"s2:datatake_id", datatake_id(granule)},
          {"s2:datatake_type", "INS-NOBS"},
          {"s2:datastrip_id", datastrip_id(granule)},
          {"s2:sequence", "0"},
          {"earthsearch:boa_offset_applied", false}};
}

Json link(const char* relation, const std::string& target, const char* type) {
  return {{"rel", relation}, {"href", target}, {"type", type}};
}

Json item_of(const Granule& granule, const StacSummary& summary, const std::vector<Asset>& assets) {
  Json item{
      {"type", "Feature"},
      {"stac_version", stac_version},
      {"stac_extensions", Json::array()},
      {"id", summary.id},
      {"geometry", outline_of(granule)},
      {"bbox", bbox_of(summary)},
      {"properties", properties_of(granule)},
      {"links",
       {link("root", "../catalog.json", "application/json"), link("parent", "../collection.json", "application/json"),
        link("collection", "../collection.json", "application/json")}},
      {"assets", Json::object()},
      {"collection", collection_id}};
  for (const char* extension : {"eo/v1.1.0", "grid/v1.1.0", "mgrs/v1.0.0", "projection/v1.1.0", "raster/v1.1.0",
                                "sentinel-2/v1.0.0", "view/v1.0.0"}) {
    item["stac_extensions"].push_back(std::string("https://stac-extensions.github.io/") + extension + "/schema.json");
  }
  for (const Asset& asset : assets) item["assets"][asset.key] = asset.json;
  return item;
}

void write_item(const AtomicFolder& folder, const Granule& granule, const StacSummary& summary,
                const ParallelFor& parallel_for) {
  const std::vector<Asset> assets = assets_of(granule);
  parallel_for(static_cast<int>(assets.size()), [&](int i) {
    const Asset& asset = assets[static_cast<std::size_t>(i)];
    asset.write(folder / asset.file);
  });
  folder.write(summary.id + ".json", serialised(item_of(granule, summary, assets)));
}

// ---- collection ------------------------------------------------------------------------------------------------

Json collection_of(const std::vector<StacSummary>& items, const std::string& description) {
  StacSummary all = items.front();  // for its bounding box
  Instant last = all.acquired;
  std::set<std::string> platforms;
  Json links{link("root", "./catalog.json", "application/json"), link("parent", "./catalog.json", "application/json")};
  for (const StacSummary& item : items) {
    all.west = std::min(all.west, item.west);
    all.south = std::min(all.south, item.south);
    all.east = std::max(all.east, item.east);
    all.north = std::max(all.north, item.north);
    all.acquired = std::min(all.acquired, item.acquired);
    last = std::max(last, item.acquired);
    platforms.insert(item.platform);
    links.push_back(link("item", "./" + item.id + "/" + item.id + ".json", "application/geo+json"));
  }
  return {{"type", "Collection"},
          {"stac_version", stac_version},
          {"id", collection_id},
          {"title", "Synthetic Sentinel-2 Level-2A"},
          {"description", description},
          {"license", "proprietary"},
          {"extent",
           {{"spatial", {{"bbox", Json::array({bbox_of(all)})}}},
            {"temporal", {{"interval", Json::array({{format_instant(all.acquired), format_instant(last)}})}}}}},
          {"summaries",
           {{"platform", platforms},
            {"constellation", Json::array({"sentinel-2"})},
            {"instruments", Json::array({"msi"})}}},
          {"links", links}};
}

}  // namespace

StacSummary write_stac(const std::string& folder, const Granule& granule, const ParallelFor& parallel_for) {
  const std::string path = (fs::path(folder) / stac_item_id(granule)).string();
  check_granule(granule);
  epsg_code(finest_grid(granule).crs);
  const StacSummary summary = summary_of(granule);
  AtomicFolder item(path);
  try {
    write_item(item, granule, summary, parallel_for);
  } catch (const IoError& error) {
    throw IoError(path + ": " + error.what());
  }
  item.commit();
  return summary;
}

void write_stac_collection(const std::string& folder, std::vector<StacSummary> items, const std::string& description) {
  const std::string path = (fs::path(folder) / "collection.json").string();
  if (items.empty()) throw DataError(path + ": a collection without items");
  std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  write_file_atomically(path, serialised(collection_of(items, description)));
  const Json catalog{
      {"type", "Catalog"},
      {"stac_version", stac_version},
      {"id", std::string(collection_id) + "-synthetic"},
      {"description", description},
      {"links",
       {link("root", "./catalog.json", "application/json"), link("child", "./collection.json", "application/json")}}};
  write_file_atomically((fs::path(folder) / "catalog.json").string(), serialised(catalog));
}

}  // namespace pitwatch
