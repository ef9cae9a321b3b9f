#include "pipeline/io/products/aws_tile.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/products/band_images.hpp"
#include "pipeline/io/products/esa_metadata.hpp"
#include "pipeline/io/products/esa_names.hpp"
#include "pipeline/io/products/product_files.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* metadata_name = "metadata.xml";
constexpr const char* tile_name = "tileInfo.json";
constexpr const char* product_name = "productInfo.json";

/// Null where it is absent.
json member(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : json();
}

/// All positions of a geometry, however it nests them.
void collect(const json& coordinates, std::vector<MapPoint>& into) {
  if (!coordinates.is_array()) return;
  if (coordinates.size() >= 2 && coordinates[0].is_number() && coordinates[1].is_number()) {
    into.push_back({coordinates[0].get<double>(), coordinates[1].get<double>()});
    return;
  }
  for (const json& part : coordinates) collect(part, into);
}

/// "urn:ogc:def:crs:EPSG:8.8.1:32610" names the CRS that the tile's metadata have, too: only a geometry in it is used.
std::optional<DegreeBox> footprint_of(const json& geometry, const std::string& crs) {
  const std::string name = text_member(member(member(geometry, "crs"), "properties"), "name");
  const std::size_t colon = name.rfind(':');
  if (colon == std::string::npos || "EPSG" + name.substr(colon) != crs) return std::nullopt;
  std::vector<MapPoint> points;
  collect(member(geometry, "coordinates"), points);
  return box_of(crs, points);
}

/// "R10m/B02.jp2", "B02.jp2", "qi/CLD_20m.jp2"; previews and masks of bands lie in other folders.
bool is_image_of_tile(const std::string& name) {
  const fs::path folder = fs::path(name).parent_path();
  return folder.empty() || folder == "R10m" || folder == "R20m" || folder == "R60m" || folder == "qi";
}

ProductScene scene_of(const std::string& folder) {
  const ProductFiles files = ProductFiles::of_folder(folder);
  std::string record;
  const auto read = [&](const char* name) {
    const std::string text = files.has(name) ? files.read(name) : std::string();
    if (files.has(name)) record += std::string(name) + "\n" + sha256_text(text) + "\n";
    return text;
  };
  const auto read_json = [&](const char* name) {
    const std::string text = read(name);
    try {
      return text.empty() ? json() : parse_json(text);
    } catch (const DataError& error) {
      throw DataError(std::string(name) + ": " + error.what());
    }
  };
  if (!files.has(metadata_name)) throw DataError("no metadata.xml");
  TileFacts tile;
  try {
    tile = parse_tile_metadata(read(metadata_name));
  } catch (const DataError& error) {
    throw DataError(std::string(metadata_name) + ": " + error.what());
  }
  const json info = read_json(tile_name);
  const json product = read_json(product_name);

  Scene scene;
  std::string name = text_member(product, "name");
  if (name.empty()) name = text_member(info, "productName");
  scene.id = name.starts_with("S2") ? name : tile.id;
  const std::string datatake = text_member(product, "datatakeIdentifier");
  scene.datatake = datatake.substr(0, datatake.rfind("_N"));
  scene.bbox = footprint_of(member(info, "tileDataGeometry"), tile.crs);
  scene.relative_orbit = relative_orbit_of_name(name);
  describe_by_tile(scene, tile);
  const json coverage = member(info, "dataCoveragePercentage");
  if (!scene.nodata && coverage.is_number()) {
    const double share = 100 - coverage.get<double>();
    if (share >= 0 && share <= 100) scene.nodata = share;
  }
  set_baseline(scene,
               {{"TILE_ID", baseline_of_name(tile.id)},
                {"DATASTRIP_ID", baseline_of_name(tile.datastrip)},
                {"the datastrip in tileInfo.json", baseline_of_name(text_member(member(info, "datastrip"), "id"))},
                {"the product's name", baseline_of_name(name)}});
  std::vector<std::string> names = files.names();
  std::erase_if(names, [](const std::string& file) { return !is_image_of_tile(file); });
  for (const auto& [band, image] : finest_images(names)) scene.bands[band] = {files.gdal_path(image), {}, {}};
  calibrate(scene, nullptr);
  return {std::move(scene), sha256_text(record)};
}

}  // namespace

bool is_aws_tile(const std::string& reference, bool is_sure) {
  std::error_code error;
  fs::path folder(reference);
  if (folder.filename() == metadata_name) folder = folder.parent_path() / ".";
  return fs::is_directory(folder, error) && fs::is_regular_file(folder / metadata_name, error) &&
         (!is_sure || fs::is_regular_file(folder / tile_name, error));
}

ProductScene read_aws_tile(const std::string& reference) {
  try {
    fs::path folder(reference);
    if (folder.filename() == metadata_name) folder = folder.has_parent_path() ? folder.parent_path() : fs::path(".");
    if (!folder.has_filename() && folder.has_parent_path()) folder = folder.parent_path();  // a slash at the end
    ProductScene read = scene_of(folder.string());
    read.scene.source = reference;
    return read;
  } catch (const DataError& error) {
    throw DataError(reference + ": " + error.what());
  } catch (const fs::filesystem_error& error) {
    throw DataError(reference + ": " + error.code().message());
  }
}

}  // namespace pitwatch
