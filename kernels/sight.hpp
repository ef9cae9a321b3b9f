#pragma once
// What an observation shows of the pixels of a row, by how it differs from what was expected there: missed cloud,
// shadow and snow, water and its level, new bare ground; and how far similar ground explains it. Same bytes on every
// target; reentrant; see README.md.

#include <cstddef>
#include <cstdint>
#include <span>

namespace pitwatch::kernels {

enum SightBit : std::uint8_t {
  /// Brightened and white. Cloud does not darken the short-wave infrared; a pond does.
  sight_cloud = 1 << 0,
  /// Snow between plants and stones: brighter to the eye, and darker in the short-wave infrared. Water is darker in the
  /// near infrared too; what is dug or dumped rises in all bands.
  sight_snow = 1 << 1,
  /// Darkened in all bands alike.
  sight_shadow = 1 << 2,
  /// Turned towards water, or is water; ground that is wet, or partly under water, is darker in all bands, as in
  /// shadow.
  sight_wetter = 1 << 3,
  sight_drier = 1 << 4,
  /// Water should have been there; and is there, too.
  sight_water_expected = 1 << 5,
  sight_water_stays = 1 << 6,
  /// Bare mineral ground that is new: brighter to the eye but not white, and not where water was. Where it was green it
  /// is less green, and brighter in the short-wave infrared as well, or at least neither darker nor wetter; where it
  /// was
  /// bare it is brighter in all bands, and neither greener nor wetter. Cloud and snow are white, haze makes ground
  /// wetter
  /// by MNDWI, shade and water are darker.
  sight_soil = 1 << 7,
};

/// A feature of a row: observed, observed less expected, and the standard deviation of that, 0 where the feature is not
/// monitored.
struct SightFeature {
  const float* value = nullptr;
  const float* residual = nullptr;
  const float* deviation = nullptr;
};

struct SightRow {
  SightFeature ndvi, mndwi, log_visible, log_swir16, log_swir22;
  const float* blue_to_red = nullptr;  // NaN where unknown
};

/// As the options of the monitor of the same names.
struct SightParameters {
  float brightened_log = 0;
  float dark_log = 0;
  float screen_sigma = 0;
  float shadow_sigma = 0;
  float white_blue_to_red = 0;
  float soil_sigma = 0;
  float greener_sigma = 0;
  float bare_ndvi = 0;
  float green_ndvi = 0;
  float water_mndwi = 0;
  float level_sigma = 0;
  float brightest_water_log_swir16 = 0;  // what is brighter is no water
  bool snow_lies = false;                // elsewhere in the observation
};

/// bits: SightBit of each pixel. Residuals and deviations are finite, else what is written is of no account; values may
/// be NaN where the feature is not monitored.
void sight_row(const SightRow& row, const SightParameters& parameters, std::size_t n, std::uint8_t* bits) noexcept;

/// What similar ground does on a date (cell_sums.hpp), for the pixels of a row.
struct WeatherRow {
  std::span<const float* const> shared;  // by feature, as of shared_mean_row
  const float* scatter = nullptr;        // of feature f and kind k at f * kind_lanes + k
  const std::uint8_t* kind = nullptr;    // below kind_lanes where wanted
  const std::uint8_t* wanted = nullptr;
};

/// residual less shared where that is no farther from 0, else less contrast * shared: what similar ground does excuses
/// a pixel that does it, too; it does not accuse one that stays as it was. deviation *= scatter. Features whose
/// deviation is 0, and pixels that are not wanted, stay as they are.
void take_off_weather_row(const WeatherRow& weather, float contrast, std::size_t n, std::span<float* const> residual,
                          std::span<float* const> deviation) noexcept;

/// out = values, less shared where the pixel is wanted.
void less_shared_row(std::span<const float* const> values, const WeatherRow& weather, std::size_t n,
                     std::span<float* const> out) noexcept;

}  // namespace pitwatch::kernels
