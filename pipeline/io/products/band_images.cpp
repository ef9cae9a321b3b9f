#include "pipeline/io/products/band_images.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/inner_path.hpp"
#include "pipeline/io/products/esa_calibration.hpp"
#include "pipeline/io/products/esa_names.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

/// 10 of "10m"; 0 of another text.
int metres_of(std::string_view text) {
  int size = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, size);
  return error == std::errc() && stop + 1 == end && *stop == 'm' && size > 0 && size <= 1000 ? size : 0;
}

std::optional<Band> band_of(std::string_view part) {
  // The cloud and snow masks of AWS and of early products have short names.
  if (part == "CLD") return Band::CLD;
  if (part == "SNW") return Band::SNW;
  return part.size() == 3 || part == "CLDPRB" || part == "SNWPRB" ? band_from_name(part) : std::nullopt;
}

std::string acquisition_of(const BandImage& image) { return image.tile + "_" + image.taken; }

std::optional<BandImage> dated_image(const fs::path& path) {
  const auto image = band_image(path.generic_string());
  return image && !image->tile.empty() && !image->taken.empty() ? image : std::nullopt;
}

struct FoundImage {
  fs::path path;
  BandImage image;
};

/// By name. Hidden files are being written.
std::vector<FoundImage> images_in(const fs::path& folder) {
  std::vector<FoundImage> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const auto image = dated_image(entry->path());
    if (!image || !entry->is_regular_file() || entry->path().filename().string().front() == '.') continue;
    if (path_inside(folder, entry->path().filename().string())) found.push_back({entry->path(), *image});
  }
  std::sort(found.begin(), found.end(), [](const FoundImage& a, const FoundImage& b) { return a.path < b.path; });
  return found;
}

Scene scene_of(const std::string& reference) {
  std::error_code none;
  const bool is_folder = fs::is_directory(reference, none);
  const fs::path parent = fs::path(reference).parent_path();
  const fs::path folder = is_folder ? fs::path(reference) : parent.empty() ? fs::path(".") : parent;
  std::vector<FoundImage> found = images_in(folder);
  std::set<std::string> acquisitions;
  if (is_folder) {
    for (const FoundImage& one : found) acquisitions.insert(acquisition_of(one.image));
  } else if (const auto image = dated_image(reference)) {
    acquisitions.insert(acquisition_of(*image));
  }
  if (acquisitions.empty()) throw DataError("no image with ESA's name of a band");
  if (acquisitions.size() > 1) {
    throw DataError("images of " + std::to_string(acquisitions.size()) + " acquisitions (" + *acquisitions.begin() +
                    ", ...): name one of the images");
  }
  std::erase_if(found, [&](const FoundImage& one) { return acquisition_of(one.image) != *acquisitions.begin(); });

  Scene scene;
  scene.id = *acquisitions.begin();
  scene.source = reference;
  scene.offsets.rule = unknown_offsets;
  scene.offsets.is_declared = false;
  std::vector<std::string> paths;
  for (const FoundImage& one : found) {
    scene.tile = one.image.tile;
    scene.acquired = *instant_of_name(one.image.taken);
    scene.level = !one.image.level.empty() ? one.image.level : one.image.size_in_name ? "L2A" : "L1C";
    scene.platform = one.image.platform;
    paths.push_back(one.path.string());
  }
  for (const auto& [band, path] : finest_images(paths)) scene.bands[band] = {path, plain_calibration(band), {}};
  if (scene.bands.empty()) throw DataError("cannot read the image");
  return scene;
}

}  // namespace

std::optional<BandImage> band_image(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view extension = name.substr(dot);
  if (extension != ".jp2" && extension != ".tif" && extension != ".tiff") return std::nullopt;
  name = name.substr(0, dot);

  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find('_', start), name.size());
    parts.push_back(name.substr(start, end - start));
    start = end + 1;
  }
  BandImage image;
  image.pixel_size_m = metres_of(parts.back());
  image.size_in_name = image.pixel_size_m != 0;
  if (image.size_in_name) parts.pop_back();
  if (parts.empty()) return std::nullopt;
  const auto band = band_of(parts.back());
  const bool mask_of_a_band = parts.front() == "MSK" && band != Band::CLD && band != Band::SNW;
  if (!band || mask_of_a_band) return std::nullopt;
  image.band = *band;
  if (!image.size_in_name && slash != std::string_view::npos) {
    const std::string_view folders = path.substr(0, slash);
    const std::string_view folder = folders.substr(folders.rfind('/') + 1);  // npos + 1 is 0
    if (folder.starts_with('R')) image.pixel_size_m = metres_of(folder.substr(1));
  }
  if (image.pixel_size_m == 0) image.pixel_size_m = info(*band).pixel_size_m;
  const std::size_t others = parts.size() - 1;
  const auto is_product = [](std::string_view part) { return part == "MSIL1C" || part == "MSIL2A"; };
  for (std::size_t i = 0; i < others; ++i) {
    if (is_tile_name(parts[i])) image.tile = parts[i];
  }
  if (others > 2 && is_product(parts[1])) {
    // S2A_MSIL2A_20210610T074458_R092_T38TPK_20230330T212711_B04: taken first, made last.
    image.level = parts[1].substr(3);
    image.platform = platform_of_name(std::string(parts[0]) + "_");
    if (instant_of_name(parts[2])) image.taken = parts[2];
    return image;
  }
  // T38TPK_20220605T075611_B04_10m, also behind L2A. In the names of old granules the time is that of their making, and
  // stands before the tile.
  const std::size_t first = parts[0] == "L1C" || parts[0] == "L2A" ? 1 : 0;
  if (first == 1) image.level = parts[0];
  const bool has_form = others == first + 2 && is_tile_name(parts[first]) && instant_of_name(parts[first + 1]);
  if (has_form) image.taken = parts[first + 1];
  return image;
}

std::map<Band, std::string> finest_images(const std::vector<std::string>& names) {
  struct Candidate {
    bool is_resampled;  // to a size in which no product has images
    int pixel_size_m;
    std::string name;
    auto operator<=>(const Candidate&) const = default;
  };
  std::map<Band, Candidate> finest;
  for (const std::string& name : names) {
    const auto image = band_image(name);
    if (!image) continue;
    const int size = image->pixel_size_m;
    const Candidate candidate{size != 10 && size != 20 && size != 60, size, name};
    const auto [place, is_new] = finest.try_emplace(image->band, candidate);
    if (!is_new) place->second = std::min(place->second, candidate);
  }
  std::map<Band, std::string> result;
  for (const auto& [band, image] : finest) result[band] = image.name;
  return result;
}

bool is_band_images(const std::string& reference) {
  std::error_code error;
  if (fs::is_directory(reference, error)) return !images_in(reference).empty();
  return fs::is_regular_file(reference, error) && dated_image(reference).has_value();
}

Scene read_band_images(const std::string& reference) {
  try {
    return scene_of(reference);
  } catch (const DataError& error) {
    throw DataError(reference + ": " + error.what());
  }
}

}  // namespace pitwatch
