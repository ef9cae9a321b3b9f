#include "pipeline/monitor/features.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <numbers>

#include "pipeline/core/error.hpp"
#include "pipeline/monitor/elementary.hpp"

namespace pitwatch {
namespace {

constexpr float darkest = 0.002F;    // atmospheric correction leaves values around 0 in shade and water
constexpr float path_error = 0.01F;  // its additive error: keeps it from being all there is to logarithms of the dark
constexpr float none = std::numeric_limits<float>::quiet_NaN();

float floored(float reflectance) { return reflectance < darkest ? darkest : reflectance; }  // keeps NaN

/// Mean of the visible bands; of blue and red where there is no green, which lies between them.
float visible(float blue, float green, float red) {
  return green == green ? (blue + green + red) * (1.0F / 3) : (blue + red) * 0.5F;
}

float log_of(float reflectance) { return reflectance == reflectance ? portable_log(reflectance + path_error) : none; }

void mask_margin(ObservationFeatures& observation, PixelVector<std::uint8_t>& veiled, const MonitorOptions& options) {
  const int margin = static_cast<int>(std::lround(options.cloud_margin_m / options.pixel_size_m));
  if (margin <= 0 || std::find(veiled.begin(), veiled.end(), 1) == veiled.end()) return;
  constexpr int solid = 9;  // of 25
  const std::vector<int> around = box_sums(veiled, observation.width, observation.height, 2);
  for (std::size_t i = 0; i < veiled.size(); ++i) veiled[i] = veiled[i] != 0 && around[i] >= solid ? 1 : 0;
  const std::vector<int> near = box_sums(veiled, observation.width, observation.height, margin);
  for (std::size_t i = 0; i < veiled.size(); ++i) {
    if (near[i] > 0 && observation.seen[i] == Seen::clear) observation.seen[i] = Seen::masked;
  }
}

/// At a border of two strata an observation that lies elsewhere shows another mixture of them.
void add_position_error(ObservationFeatures& observation, float error_px) {
  const auto width = static_cast<std::size_t>(observation.width);
  // Along one axis, `step` from neighbour to neighbour.
  const auto slope = [&](std::size_t i, std::size_t f, std::size_t step, bool has_before, bool has_after) {
    const float here = observation.values[i][f];
    const float before = has_before ? observation.values[i - step][f] : none;
    const float after = has_after ? observation.values[i + step][f] : none;
    if (before == before && after == after) return (after - before) * 0.5F;
    if (after == after) return after - here;
    return before == before ? here - before : 0.0F;
  };
  std::size_t i = 0;
  for (int y = 0; y < observation.height; ++y) {
    for (int x = 0; x < observation.width; ++x, ++i) {
      for (std::size_t f = 0; f < feature_count; ++f) {
        const float across = slope(i, f, 1, x > 0, x + 1 < observation.width);
        const float down = slope(i, f, width, y > 0, y + 1 < observation.height);
        float& error = observation.errors[i][f];
        error = std::sqrt(error * error + error_px * error_px * (across * across + down * down));
      }
    }
  }
}

/// Numbers of 1 in all bands, or less: what products are clipped at. No ground is that dark in blue, too.
bool is_floor(const PixelReflectance& pixel) {
  constexpr float floor = 0.00015F;
  const auto is_at = [](float reflectance) { return !(reflectance > floor); };  // or there is none
  return is_at(pixel.blue) && is_at(pixel.green) && is_at(pixel.red) && is_at(pixel.nir) && is_at(pixel.swir16) &&
         is_at(pixel.swir22);
}

/// Bare ground is redder than cloud, and brighter in the short-wave infrared than to the eye.
bool is_ground_called_cloud(MaskBits mask, const PixelReflectance& pixel, const MonitorOptions& options) {
  constexpr MaskBits cloudy = mask_cloud | mask_cirrus;
  if ((mask & cloudy) == 0 || (mask & ~cloudy) != 0) return false;
  return pixel.blue < options.ground_blue_to_red * pixel.red &&
         3 * pixel.swir16 > pixel.blue + pixel.green + pixel.red && pixel.nir < 2 * pixel.red;
}

}  // namespace

std::vector<int> box_sums(const PixelVector<std::uint8_t>& values, int width, int height, int radius) {
  const auto w = static_cast<std::size_t>(width);
  std::vector<int> across(values.size());
  for (int y = 0; y < height; ++y) {
    const std::size_t row = static_cast<std::size_t>(y) * w;
    int sum = 0;
    for (int x = -radius; x < width; ++x) {
      if (x + radius < width) sum += values[row + static_cast<std::size_t>(x + radius)];
      if (x - radius - 1 >= 0) sum -= values[row + static_cast<std::size_t>(x - radius - 1)];
      if (x >= 0) across[row + static_cast<std::size_t>(x)] = sum;
    }
  }
  std::vector<int> sums(values.size());
  std::vector<int> column(w, 0);
  for (int y = -radius; y < height; ++y) {
    for (std::size_t x = 0; x < w; ++x) {
      if (y + radius < height) column[x] += across[static_cast<std::size_t>(y + radius) * w + x];
      if (y - radius - 1 >= 0) column[x] -= across[static_cast<std::size_t>(y - radius - 1) * w + x];
      if (y >= 0) sums[static_cast<std::size_t>(y) * w + x] = column[x];
    }
  }
  return sums;
}

FeatureVector features_of(const PixelReflectance& reflectance) {
  const float blue = floored(reflectance.blue);
  const float green = floored(reflectance.green);
  const float red = floored(reflectance.red);
  const float nir = floored(reflectance.nir);
  const float swir16 = floored(reflectance.swir16);
  const float swir22 = floored(reflectance.swir22);
  return {(nir - red) / (nir + red),
          ((swir16 + red) - (nir + blue)) / ((swir16 + red) + (nir + blue)),
          (green - swir16) / (green + swir16),
          log_of(visible(blue, green, red)),
          log_of(swir16),
          log_of(swir22)};
}

FeatureVector error_of(const PixelReflectance& reflectance, float error) {
  const float blue = floored(reflectance.blue);
  const float green = floored(reflectance.green);
  const float red = floored(reflectance.red);
  const float nir = floored(reflectance.nir);
  const float swir16 = floored(reflectance.swir16);
  const float swir22 = floored(reflectance.swir22);
  // Of (a - b) / (a + b), where a and b have the standard deviation `each`.
  const auto of_ratio = [](float a, float b, float each) {
    return each * 2 * std::sqrt(a * a + b * b) / ((a + b) * (a + b));
  };
  const float of_two = error * std::numbers::sqrt2_v<float>;
  const float of_mean =
      error * (green == green ? std::numbers::inv_sqrt3_v<float> : 0.5F * std::numbers::sqrt2_v<float>);
  return {of_ratio(nir, red, error),      of_ratio(swir16 + red, nir + blue, of_two),
          of_ratio(green, swir16, error), of_mean / (visible(blue, green, red) + path_error),
          error / (swir16 + path_error),  error / (swir22 + path_error)};
}

void extract_features(const ObservationPlanes& observation, const MonitorOptions& options, ObservationFeatures& into,
                      const RowLoop& rows) {
  into.when = observation.when;
  into.width = observation.mask.width();
  into.height = observation.mask.height();
  for (const Plane<float>* band : {&observation.blue, &observation.green, &observation.red, &observation.nir,
                                   &observation.swir16, &observation.swir22}) {
    if (band->width() == 0) continue;
    if (band->width() != into.width || band->height() != into.height) {
      throw DataError("planes of an observation differ in size");
    }
  }
  const auto pixels = static_cast<std::size_t>(into.width) * static_cast<std::size_t>(into.height);
  into.values.resize(pixels);
  into.errors.resize(pixels);
  into.blue_to_red.resize(pixels);
  into.seen.resize(pixels);
  into.called_cloud.resize(pixels);
  PixelVector<std::uint8_t> veiled(pixels);
  const auto at = [](const Plane<float>& band, int x, int y) { return band.width() == 0 ? none : band.at(x, y); };
  std::atomic<std::size_t> measured_pixels = 0;
  std::atomic<std::size_t> snow_pixels = 0;
  rows(into.height, [&](int begin, int end) {
    std::size_t measured_here = 0;
    std::size_t snow_here = 0;
    std::size_t i = static_cast<std::size_t>(begin) * static_cast<std::size_t>(into.width);
    for (int y = begin; y < end; ++y) {
      for (int x = 0; x < into.width; ++x, ++i) {
        MaskBits mask = observation.mask.at(x, y);
        const PixelReflectance pixel{at(observation.blue, x, y),   at(observation.green, x, y),
                                     at(observation.red, x, y),    at(observation.nir, x, y),
                                     at(observation.swir16, x, y), at(observation.swir22, x, y)};
        FeatureVector& values = into.values[i];
        values = features_of(pixel);
        into.errors[i] = error_of(pixel, options.reflectance_error);
        into.blue_to_red[i] = floored(pixel.blue) / floored(pixel.red);
        into.called_cloud[i] = (mask & mask_cloud) != 0 ? 1 : 0;
        if (is_ground_called_cloud(mask, pixel, options)) mask = mask_clear;
        veiled[i] = (mask & (mask_cloud | mask_cloud_shadow | mask_cirrus)) != 0 ? 1 : 0;
        const bool measured = (mask & mask_nodata) == 0 && !is_floor(pixel) &&
                              std::any_of(values.begin(), values.end(), [](float v) { return v == v; });
        const bool snow = values[index(Feature::mndwi)] > options.snow_mndwi &&
                          (pixel.blue + pixel.green + pixel.red) > 3 * options.snow_visible;
        measured_here += measured ? 1 : 0;
        snow_here += measured && (snow || (mask & mask_snow) != 0) ? 1 : 0;
        into.seen[i] = !measured ? Seen::nothing : mask != mask_clear || snow ? Seen::masked : Seen::clear;
      }
    }
    measured_pixels += measured_here;
    snow_pixels += snow_here;
  });
  if (measured_pixels == 0) {
    into.snow_share = 0;
  } else {
    into.snow_share = static_cast<float>(snow_pixels.load()) / static_cast<float>(measured_pixels.load());
  }
  mask_margin(into, veiled, options);
  if (observation.position_error_px > 0) add_position_error(into, observation.position_error_px);
}

}  // namespace pitwatch
