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
#include "pipeline/io/products/hls_product.hpp"
#include "pipeline/io/products/maja_product.hpp"
#include "pipeline/io/products/plain_images.hpp"
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

ProductScene read_plain(const std::string& reference) { return read_plain_images(reference, {}); }

/// Every packaging of a scene that can be read. The first reader that accepts a reference reads it; the last one, of
/// plain images, with what is given.
constexpr std::array<SceneReader, 7> readers{{
    {"STAC item (.json)", is_local_json, read_item},
    {"THEIA/MAJA L2A (SENTINEL2A_..., folder or .zip)", is_maja_product, read_maja_product},
    {"SAFE product or granule (folder or .zip)", is_safe_product, read_safe_product},
    {"HLS (HLS.S30..., folder or one of its files)", is_hls_product, read_hls_product},
    {"tile folder of AWS (metadata.xml)", is_folder_of_aws_tile, read_aws_tile},
    {"band images (T38TPK_20220605T075611_B04_10m.jp2)", is_band_images, read_images},
    {"images of your own (.tif, with --bands, --date and --scale where they do not say)", is_plain_images, read_plain},
}};

std::string reader_names() {
  std::string names;
  for (const SceneReader& reader : readers) {
    if (!names.empty()) names += ", ";
    names += reader.name;
  }
  return names;
}

const SceneReader* reader_of(const std::string& reference) {
  const auto* const found = std::find_if(readers.begin(), readers.end(),
                                         [&](const SceneReader& reader) { return reader.accepts(reference); });
  return found != readers.end() ? found : nullptr;
}

/// Throws DataError where facts are given of a scene that tells them itself, and differ.
void check_given(const std::string& reference, const Scene& scene, const GivenFacts& given) {
  if (!given.bands.empty() || given.scale || given.offset || given.nodata) {
    throw DataError(reference +
                    ": --bands, --scale, --offset and --nodata are of plain images, and this tells its own");
  }
  if (!given.date) return;
  const bool fits =
      given.is_day ? format_day(scene.acquired) == format_day(*given.date) : scene.acquired == *given.date;
  if (fits) return;
  throw DataError(reference + ": the date given is " + format_instant(*given.date) + ", it was acquired " +
                  format_instant(scene.acquired) + " by its metadata");
}

}  // namespace

ProductScene read_product(const std::string& reference, const GivenFacts& given) {
  const SceneReader* const reader = reader_of(reference);
  if (reader == nullptr) throw DataError(reference + ": not a scene that can be read; known: " + reader_names());
  if (reader == &readers.back()) return read_plain_images(reference, given);
  ProductScene read = reader->read(reference);
  check_given(reference, read.scene, given);
  return read;
}

Scene read_scene(const std::string& reference) { return read_product(reference).scene; }

bool takes_given_facts(const std::string& reference) { return reader_of(reference) == &readers.back(); }

std::string scene_fingerprint(const std::string& reference) { return read_product(reference).fingerprint; }

}  // namespace pitwatch
