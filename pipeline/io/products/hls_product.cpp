#include "pipeline/io/products/hls_product.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/inner_path.hpp"
#include "pipeline/io/products/esa_names.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_files = 100'000;  // of a folder
constexpr double scale = 1e-4;
constexpr double fill = -9999;

/// The numbers of a text of digits; nothing where one is none.
std::optional<int> digits(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_plain = !text.empty() && text.front() >= '0' && text.front() <= '9';
  return is_plain && error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// Of "2021161T074613": year, day of the year, time.
std::optional<Instant> instant_of_day_number(std::string_view text) {
  constexpr std::size_t length = 14;
  if (text.size() != length || text[7] != 'T') return std::nullopt;
  const auto year = digits(text.substr(0, 4));
  const auto day = digits(text.substr(4, 3));
  const auto hour = digits(text.substr(8, 2));
  const auto minute = digits(text.substr(10, 2));
  const auto second = digits(text.substr(12, 2));
  if (!year || !day || !hour || !minute || !second || *year < 2000) return std::nullopt;
  const bool is_leap = std::chrono::year(*year).is_leap();
  if (*day < 1 || *day > (is_leap ? 366 : 365) || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  using namespace std::chrono_literals;
  const std::chrono::sys_days first = std::chrono::year(*year) / std::chrono::January / 1;
  return Instant(first + std::chrono::days(*day - 1)) + *hour * 1h + *minute * 1min + *second * 1s;
}

std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find('.', start), name.size());
    parts.push_back(name.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

/// The images of granules in a folder, by granule and layer.
std::map<std::string, std::map<std::string, std::string>> granules_in(const fs::path& folder) {
  std::map<std::string, std::map<std::string, std::string>> granules;
  std::error_code error;
  std::size_t seen = 0;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const std::optional<HlsImage> image = hls_image(name);
    std::error_code none;
    if (!image || !hls_band(image->is_landsat, image->layer) || !entry->is_regular_file(none)) continue;
    if (++seen > most_files) throw DataError("more than " + std::to_string(most_files) + " files of HLS");
    if (const auto path = path_inside(folder, name)) granules[image->granule][image->layer] = *path;
  }
  if (error) throw DataError("cannot list: " + error.message());
  return granules;
}

fs::path folder_of(const std::string& reference) {
  std::error_code none;
  if (fs::is_directory(reference, none)) return reference;
  const fs::path parent = fs::path(reference).parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

BandAsset asset_of(Band band, const std::string& path) {
  BandAsset asset;
  asset.path = path;
  if (band == Band::SCL) {
    asset.calibration = {1, 0, std::nullopt, std::nullopt};
    asset.layer.coding = PixelCoding::fmask;
    return asset;
  }
  asset.calibration = reflectance_calibration;
  asset.layer.coding = PixelCoding::reflectance;
  asset.layer.scale = scale;
  asset.layer.nodata = fill;
  return asset;
}

ProductScene scene_of(const std::string& reference) {
  const auto granules = granules_in(folder_of(reference));
  std::string wanted;
  if (const auto image = hls_image(fs::path(reference).filename().string())) wanted = image->granule;
  if (wanted.empty() && granules.size() > 1) {
    throw DataError("files of " + std::to_string(granules.size()) + " granules of HLS (" + granules.begin()->first +
                    ", ...): name one of the files");
  }
  const auto granule = wanted.empty() ? granules.begin() : granules.find(wanted);
  if (granule == granules.end()) throw DataError("no file with a band of HLS");
  const HlsImage facts = *hls_image(granule->first + ".B04.tif");
  ProductScene read;
  Scene& scene = read.scene;
  scene.id = granule->first;
  scene.source = reference;
  scene.acquired = facts.acquired;
  scene.level = "L2A";
  scene.tile = facts.tile;
  scene.offsets.rule = "HLS v2.0";
  std::string names;
  for (const auto& [layer, path] : granule->second) {
    const Band band = *hls_band(facts.is_landsat, layer);
    scene.bands[band] = asset_of(band, path);
    names += fs::path(path).filename().string() + "\n";
  }
  read.fingerprint = sha256_text(names);
  return read;
}

}  // namespace

std::optional<HlsImage> hls_image(std::string_view name) {
  if (!name.starts_with("HLS.")) return std::nullopt;
  const std::vector<std::string_view> parts = parts_of(name);
  if (parts.size() != 8 || parts[0] != "HLS" || (parts[1] != "S30" && parts[1] != "L30")) return std::nullopt;
  if (!is_tile_name(parts[2]) || parts[4] != "v2" || !digits(parts[5])) return std::nullopt;
  if (parts[7] != "tif" && parts[7] != "tiff") return std::nullopt;
  const std::optional<Instant> acquired = instant_of_day_number(parts[3]);
  if (!acquired) return std::nullopt;
  HlsImage image;
  image.granule = name.substr(0, name.size() - parts[7].size() - parts[6].size() - 2);
  image.is_landsat = parts[1] == "L30";
  image.tile = parts[2];
  image.acquired = *acquired;
  image.layer = parts[6];
  return image;
}

std::optional<Band> hls_band(bool is_landsat, std::string_view layer) {
  if (layer == "Fmask") return Band::SCL;
  if (!is_landsat) {
    const std::optional<Band> band = layer.size() == 3 ? band_from_name(layer) : std::nullopt;
    return band && is_reflectance(*band) && *band != Band::B10 ? band : std::nullopt;
  }
  constexpr std::array<std::pair<std::string_view, Band>, 7> bands{{{"B01", Band::B01},
                                                                    {"B02", Band::B02},
                                                                    {"B03", Band::B03},
                                                                    {"B04", Band::B04},
                                                                    {"B05", Band::B8A},
                                                                    {"B06", Band::B11},
                                                                    {"B07", Band::B12}}};
  const auto* const found =
      std::find_if(bands.begin(), bands.end(), [&](const auto& one) { return one.first == layer; });
  return found != bands.end() ? std::optional(found->second) : std::nullopt;
}

bool is_hls_product(const std::string& reference) {
  std::error_code error;
  const auto is_of_granule = [](const fs::path& path) {
    const std::optional<HlsImage> image = hls_image(path.filename().string());
    return image && hls_band(image->is_landsat, image->layer).has_value();
  };
  if (fs::is_regular_file(reference, error)) return is_of_granule(reference);
  if (!fs::is_directory(reference, error)) return false;
  for (fs::directory_iterator entry(reference, error), end; !error && entry != end; entry.increment(error)) {
    if (is_of_granule(entry->path())) return true;
  }
  return false;
}

std::vector<std::string> hls_granules(const std::string& folder) {
  try {
    std::vector<std::string> references;
    for (const auto& [granule, files] : granules_in(folder)) references.push_back(files.begin()->second);
    return references;
  } catch (const DataError& error) {
    throw DataError(folder + ": " + error.what());
  }
}

ProductScene read_hls_product(const std::string& reference) {
  try {
    return scene_of(reference);
  } catch (const DataError& error) {
    throw DataError(reference + ": " + error.what());
  }
}

}  // namespace pitwatch
