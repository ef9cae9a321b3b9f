#include "kernels/reference/features.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "kernels/elementary.hpp"

namespace pitwatch::kernels::reference {
namespace {

constexpr float none = std::numeric_limits<float>::quiet_NaN();

float floored(float reflectance) { return reflectance < darkest_reflectance ? darkest_reflectance : reflectance; }

float at(const float* band, std::size_t i) { return band == nullptr ? none : band[i]; }

float log_of(float reflectance) { return reflectance == reflectance ? portable_log(reflectance + path_error) : none; }

float ratio(float a, float b) { return (a - b) / (a + b); }

/// Of the ratio, where a and b have the standard deviation `each`.
float error_of_ratio(float a, float b, float each) { return each * 2 * std::sqrt(a * a + b * b) / ((a + b) * (a + b)); }

std::uint8_t spectrum_of(const std::array<float, 6>& raw, const std::array<float, ground_feature_count>& features,
                         const FeatureParameters& parameters) {
  const auto [blue, green, red, nir, swir16, swir22] = raw;
  constexpr float cut_at = 0.00015F;
  const bool above = std::any_of(raw.begin(), raw.end(), [](float r) { return r > cut_at; });
  const bool known = std::any_of(features.begin(), features.end(), [](float v) { return v == v; });
  const float visible = blue + green + red;
  const bool snow = features[2] > parameters.snow_mndwi && visible > 3 * parameters.snow_visible;
  const bool bare = blue < parameters.ground_blue_to_red * red && 3 * swir16 > visible && nir < 2 * red;
  return static_cast<std::uint8_t>((above && known ? spectrum_measured : 0) | (snow ? spectrum_snow : 0) |
                                   (bare ? spectrum_bare : 0));
}

float slope(float before, float here, float after) {
  if (before == before && after == after) return (after - before) * 0.5F;
  if (after == after) return after - here;
  return before == before ? here - before : 0.0F;
}

}  // namespace

void feature_row(const BandRows& bands, const FeatureParameters& parameters, std::size_t n,
                 const FeatureRows& out) noexcept {
  const float error = parameters.reflectance_error;
  for (std::size_t i = 0; i < n; ++i) {
    const std::array<float, 6> raw{at(bands.blue, i), at(bands.green, i),  at(bands.red, i),
                                   at(bands.nir, i),  at(bands.swir16, i), at(bands.swir22, i)};
    const float blue = floored(raw[0]);
    const float green = floored(raw[1]);
    const float red = floored(raw[2]);
    const float nir = floored(raw[3]);
    const float swir16 = floored(raw[4]);
    const float swir22 = floored(raw[5]);
    const bool has_green = green == green;
    const float visible = has_green ? (blue + green + red) * (1.0F / 3) : (blue + red) * 0.5F;
    const float of_mean = error * (has_green ? std::numbers::inv_sqrt3_v<float> : 0.5F * std::numbers::sqrt2_v<float>);
    const std::array<float, ground_feature_count> values{ratio(nir, red),      ratio(swir16 + red, nir + blue),
                                                         ratio(green, swir16), log_of(visible),
                                                         log_of(swir16),       log_of(swir22)};
    const std::array<float, ground_feature_count> errors{
        error_of_ratio(nir, red, error),
        error_of_ratio(swir16 + red, nir + blue, error * std::numbers::sqrt2_v<float>),
        error_of_ratio(green, swir16, error),
        of_mean / (visible + path_error),
        error / (swir16 + path_error),
        error / (swir22 + path_error)};
    for (std::size_t f = 0; f < ground_feature_count; ++f) {
      out.values[f][i] = values[f];
      out.errors[f][i] = errors[f];
    }
    out.blue_to_red[i] = blue / red;
    out.spectrum[i] = spectrum_of(raw, values, parameters);
  }
}

void add_position_error_row(const float* above, const float* values, const float* below, std::size_t n, float error_px,
                            float* errors) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const float across = slope(i > 0 ? values[i - 1] : none, values[i], i + 1 < n ? values[i + 1] : none);
    const float down = slope(at(above, i), values[i], at(below, i));
    errors[i] = std::sqrt(errors[i] * errors[i] + error_px * error_px * (across * across + down * down));
  }
}

void move_window_row(const std::uint8_t* into, const std::uint8_t* out_of, std::size_t n, std::int32_t* sums) noexcept {
  for (std::size_t i = 0; i < n; ++i) sums[i] += (into == nullptr ? 0 : into[i]) - (out_of == nullptr ? 0 : out_of[i]);
}

void window_sum_row(const std::int32_t* columns, std::size_t n, std::size_t radius, std::int32_t* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = 0;
    for (std::size_t j = i - std::min(i, radius); j <= std::min(n - 1, i + radius); ++j) out[i] += columns[j];
  }
}

}  // namespace pitwatch::kernels::reference
