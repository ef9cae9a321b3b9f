#include "pipeline/io/scenes/scene_reader.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/products/aws_tile.hpp"
#include "pipeline/io/products/band_images.hpp"
#include "pipeline/io/products/safe_product.hpp"
#include "pipeline/io/products/stac_item.hpp"

namespace pitwatch {
namespace {

struct SceneReader {
  std::string_view name;
  bool (*accepts)(const std::string& reference);  // by its form and by what lies there; must not throw
  ProductScene (*read)(const std::string& reference);
};

bool is_local_json(const std::string& reference) {
  const std::string extension = lower_ascii(std::filesystem::path(reference).extension().string());
  return (extension == ".json" || extension == ".geojson") && reference.find("://") == std::string::npos;
}

bool is_folder_of_aws_tile(const std::string& reference) { return is_aws_tile(reference); }

ProductScene read_item(const std::string& reference) { return {read_stac_item(reference), sha256_file(reference)}; }

ProductScene read_images(const std::string& reference) {
  Scene scene = read_band_images(reference);
  std::string names;
  for (const auto& [band, asset] : scene.bands) names += std::filesystem::path(asset.path).filename().string() + "\n";
  return {std::move(scene), sha256_text(names)};
}

/// Every packaging of a scene that can be read. The first reader that accepts a reference reads it.
constexpr std::array<SceneReader, 4> readers{{
    {"STAC item (.json)", is_local_json, read_item},
    {"SAFE product or granule (folder or .zip)", is_safe_product, read_safe_product},
    {"tile folder of AWS (metadata.xml)", is_folder_of_aws_tile, read_aws_tile},
    {"band images (T38TPK_20220605T075611_B04_10m.jp2)", is_band_images, read_images},
}};

std::string reader_names() {
  std::string names;
  for (const SceneReader& reader : readers) {
    if (!names.empty()) names += ", ";
    names += reader.name;
  }
  return names;
}

ProductScene read_any(const std::string& reference) {
  for (const SceneReader& reader : readers) {
    if (reader.accepts(reference)) return reader.read(reference);
  }
  throw DataError(reference + ": not a scene that can be read; known: " + reader_names());
}

}  // namespace

Scene read_scene(const std::string& reference) { return read_any(reference).scene; }

std::string scene_fingerprint(const std::string& reference) { return read_any(reference).fingerprint; }

}  // namespace pitwatch
