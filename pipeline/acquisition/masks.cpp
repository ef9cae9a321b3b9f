#include "pipeline/acquisition/masks.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <sstream>

#include "pipeline/core/error.hpp"
#include "pipeline/io/raster/cog_writer.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/masks/spectral_mask.hpp"

namespace pitwatch {
namespace {

constexpr double sky_pixel_m = 20;
constexpr double around_m = 600;          // on all sides
constexpr double highest_cloud_m = 2500;  // whose shadow may come from outside of the site
constexpr double farthest_m = 6000;
constexpr Band cirrus_band = Band::B10;
constexpr std::array sky_bands{Band::B02, Band::B03, Band::B04, Band::B08, Band::B11};

bool all_have(std::span<const Scene> parts, Band band) {
  return std::all_of(parts.begin(), parts.end(), [&](const Scene& part) { return part.has(band); });
}

/// The sky is looked at in pixels of 20 m, or of the grid where those are larger: so many of the grid make one.
int pixels_of_sky(const Grid& grid) {
  return std::max(1, static_cast<int>(std::lround(sky_pixel_m / grid.pixel_size_m)));
}

void add_spectral_mask(std::span<const Scene> parts, const MosaicOptions& how, Mosaic& acquisition) {
  const Scene& scene = parts.front();
  for (const Band band : sky_bands) {
    if (all_have(parts, band)) continue;
    throw DataError(redacted(scene.source) + ": neither SCL nor " + std::string(name(band)) +
                    ", without which cloud and snow cannot be told");
  }
  const Grid wide = sky_grid(acquisition.grid, scene.sun);
  MosaicOptions wide_how = how;
  const double shrunk = acquisition.grid.pixel_size_m / wide.pixel_size_m;
  wide_how.shift_x_px *= shrunk;
  wide_how.shift_y_px *= shrunk;
  wide_how.see_pixels = nullptr;  // the site's own have been seen
  const Mosaic sky = read_mosaic(parts, wide, sky_bands, wide_how);
  const auto band = [&](Band which) { return sky.reflectance.at(which).view(); };
  Mosaic high;  // apart, since a pixel that this band lacks is seen all the same
  if (all_have(parts, Band::B10)) high = read_mosaic(parts, wide, {&cirrus_band, 1}, wide_how);
  const Plane<MaskBits> mask =
      spectral_mask({band(Band::B02), band(Band::B03), band(Band::B04), band(Band::B08), band(Band::B11),
                     high.reflectance.empty() ? PlaneView<const float>{} : high.reflectance.at(cirrus_band).view()},
                    sky.mask.view(), {wide.pixel_size_m, scene.sun, scene.level == "L1C"});
  const int left = static_cast<int>(std::lround((acquisition.grid.origin.x - wide.origin.x) / wide.pixel_size_m));
  const int top = static_cast<int>(std::lround((wide.origin.y - acquisition.grid.origin.y) / wide.pixel_size_m));
  const int by = pixels_of_sky(acquisition.grid);
  constexpr MaskBits of_the_sky = mask_cloud | mask_cloud_shadow | mask_cirrus | mask_snow;
  for (int y = 0; y < acquisition.grid.height; ++y) {
    for (int x = 0; x < acquisition.grid.width; ++x) {
      MaskBits& bits = acquisition.mask.at(x, y);
      bits = static_cast<MaskBits>((bits & ~of_the_sky) | (mask.at(left + x / by, top + y / by) & of_the_sky));
    }
  }
}

void add_probability(std::span<const Scene> parts, const MosaicOptions& how, Band band, int least_percent,
                     MaskReason reason, Mosaic& acquisition) {
  MosaicOptions plain = how;
  plain.see_pixels = nullptr;
  const Mosaic percent = read_mosaic(parts, acquisition.grid, {&band, 1}, plain);
  const Plane<float>& values = percent.reflectance.at(band);
  for (int y = 0; y < acquisition.grid.height; ++y) {
    for (int x = 0; x < acquisition.grid.width; ++x) {
      if (values.at(x, y) >= static_cast<float>(least_percent)) acquisition.mask.at(x, y) |= reason;
    }
  }
}

}  // namespace

void check(const MaskChoice& choice) {
  const auto is_percent = [](const std::optional<int>& value) { return !value || (*value >= 0 && *value <= 100); };
  if (!is_percent(choice.cloud_probability)) throw ConfigError("--cloud-probability must be 0 to 100");
  if (!is_percent(choice.snow_probability)) throw ConfigError("--snow-probability must be 0 to 100");
}

std::array<bool, 12> parse_classes(const std::string& text) {
  std::array<bool, 12> classes{};
  std::istringstream list(text);
  for (std::string item; std::getline(list, item, ',');) {
    const bool is_number = !item.empty() && item.size() < 3 &&
                           std::all_of(item.begin(), item.end(), [](char c) { return c >= '0' && c <= '9'; });
    const std::size_t number = is_number ? static_cast<std::size_t>(std::stoi(item)) : classes.size();
    if (number >= classes.size()) throw ConfigError("--mask-classes: '" + item + "' is not a class, 0 to 11");
    classes[number] = true;
  }
  return classes;
}

std::array<MaskBits, 12> class_reasons(const MaskChoice& choice) {
  constexpr std::size_t dark = 2;
  std::array<MaskBits, 12> reasons{};
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    if (!choice.classes[i]) continue;
    reasons[i] = scl_reasons[i] != mask_clear ? scl_reasons[i]
                 : i == dark                  ? MaskBits{mask_cloud_shadow}
                                              : MaskBits{mask_cloud};
  }
  return reasons;
}

std::string text_of(const MaskChoice& choice) {
  std::string text;
  if (choice.classes != usual_classes()) {
    text += " mask-classes=";
    for (const bool is_masked : choice.classes) text += is_masked ? '1' : '0';
  }
  if (choice.own == SpectralMasks::on) text += " own-masks=on";
  if (choice.own == SpectralMasks::off) text += " own-masks=off";
  if (choice.cloud_probability) text += " cloud-probability=" + std::to_string(*choice.cloud_probability);
  if (choice.snow_probability) text += " snow-probability=" + std::to_string(*choice.snow_probability);
  return text;
}

bool uses_spectral_masks(std::span<const Scene> parts, const MaskChoice& choice) {
  return choice.own == SpectralMasks::on || (choice.own == SpectralMasks::automatic && !all_have(parts, Band::SCL));
}

Grid sky_grid(const Grid& grid, const std::optional<ViewAngles>& sun) {
  const int by = pixels_of_sky(grid);
  const double pixel_m = by * grid.pixel_size_m;
  const auto whole = [pixel_m](double metres) { return static_cast<int>(std::ceil(metres / pixel_m)); };
  int west = whole(around_m);
  int east = west;
  int north = west;
  int south = west;
  if (sun) {
    constexpr double per_degree = std::numbers::pi / 180;
    const double reach_m =
        std::min(farthest_m, highest_cloud_m * std::tan(std::clamp(sun->zenith, 0.0, 80.0) * per_degree));
    const int right = whole(std::abs(reach_m * std::sin(sun->azimuth * per_degree)));
    const int up = whole(std::abs(reach_m * std::cos(sun->azimuth * per_degree)));
    (std::sin(sun->azimuth * per_degree) > 0 ? east : west) += right;
    (std::cos(sun->azimuth * per_degree) > 0 ? north : south) += up;
  }
  return {grid.crs,
          {grid.origin.x - west * pixel_m, grid.origin.y + north * pixel_m},
          pixel_m,
          west + east + (grid.width + by - 1) / by,
          north + south + (grid.height + by - 1) / by};
}

std::int64_t spectral_mask_bytes(std::span<const Scene> parts, const MaskChoice& choice, const Grid& grid) {
  constexpr std::int64_t bytes_per_pixel = 75;  // a band as it lies in the file, six bands, flags
  if (!uses_spectral_masks(parts, choice)) return 0;
  const Grid wide = sky_grid(grid, parts.front().sun);
  return bytes_per_pixel * wide.width * wide.height;
}

void complete_mask(std::span<const Scene> parts, const MosaicOptions& how, const MaskChoice& choice,
                   Mosaic& acquisition) {
  if (uses_spectral_masks(parts, choice)) add_spectral_mask(parts, how, acquisition);
  if (choice.cloud_probability && all_have(parts, Band::CLD)) {
    add_probability(parts, how, Band::CLD, *choice.cloud_probability, mask_cloud, acquisition);
  }
  if (choice.snow_probability && all_have(parts, Band::SNW)) {
    add_probability(parts, how, Band::SNW, *choice.snow_probability, mask_snow, acquisition);
  }
}

void write_mask(const std::string& path, const Grid& grid, PlaneView<const MaskBits> mask, const std::string& scene) {
  CogMetadata metadata{"why pixels are not judged, bits; 0: clear", {{"SCENE", scene}}};
  for (const MaskReasonName& reason : mask_reasons) {
    metadata.items.emplace_back("BIT_" + std::to_string(std::countr_zero(reason.bit)), reason.name);
  }
  write_cog_byte(path, grid, mask, metadata);
}

}  // namespace pitwatch
