#include "pipeline/normalise/topography.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

namespace pitwatch {
namespace {

constexpr double per_degree = std::numbers::pi / 180;
constexpr double least_deviation = 0.01;  // of cos(i): 0.6 degrees of slope

}  // namespace

void illumination(PlaneView<const float> elevation, double pixel_size_m, const ViewAngles& sun,
                  PlaneView<float> cos_incidence) {
  assert(elevation.width == cos_incidence.width + 2 && elevation.height == cos_incidence.height + 2);
  const double sine = std::sin(sun.zenith * per_degree);
  const auto east = static_cast<float>(sine * std::sin(sun.azimuth * per_degree));
  const auto north = static_cast<float>(sine * std::cos(sun.azimuth * per_degree));
  const auto up = static_cast<float>(std::cos(sun.zenith * per_degree));
  const auto per_rise = static_cast<float>(1 / (8 * pixel_size_m));
  for (int y = 0; y < cos_incidence.height; ++y) {
    const float* above = elevation.row(y);
    const float* beside = elevation.row(y + 1);
    const float* below = elevation.row(y + 2);
    float* out = cos_incidence.row(y);
    for (int x = 0; x < cos_incidence.width; ++x) {
      const float to_east =
          ((above[x + 2] + 2 * beside[x + 2] + below[x + 2]) - (above[x] + 2 * beside[x] + below[x])) * per_rise;
      const float to_north =
          ((above[x] + 2 * above[x + 1] + above[x + 2]) - (below[x] + 2 * below[x + 1] + below[x + 2])) * per_rise;
      // The middle takes no part in its slope, but has to be there: + 0 unless it is NaN.
      const float flat = beside[x + 1] - beside[x + 1];
      out[x] = (up - to_east * east - to_north * north + flat) / std::sqrt(1 + to_east * to_east + to_north * to_north);
    }
  }
}

std::optional<IlluminationFit> fit_illumination(std::span<const float> reflectance,
                                                std::span<const float> cos_incidence) {
  assert(reflectance.size() == cos_incidence.size());
  const auto counts = [&](std::size_t i) { return cos_incidence[i] > 0 && !std::isnan(reflectance[i]); };
  IlluminationFit fit;
  double mean_light = 0;
  double mean_value = 0;
  for (std::size_t i = 0; i < reflectance.size(); ++i) {
    if (!counts(i)) continue;
    mean_light += static_cast<double>(cos_incidence[i]);
    mean_value += static_cast<double>(reflectance[i]);
    ++fit.pixels;
  }
  if (fit.pixels < min_lit_pixels) return std::nullopt;
  const auto n = static_cast<double>(fit.pixels);
  mean_light /= n;
  mean_value /= n;
  double light_light = 0;
  double light_value = 0;
  double value_value = 0;
  for (std::size_t i = 0; i < reflectance.size(); ++i) {
    if (!counts(i)) continue;
    const double light = static_cast<double>(cos_incidence[i]) - mean_light;
    const double value = static_cast<double>(reflectance[i]) - mean_value;
    light_light += light * light;
    light_value += light * value;
    value_value += value * value;
  }
  if (std::sqrt(light_light / n) < least_deviation || !(light_value > 0)) return std::nullopt;
  fit.slope = light_value / light_light;
  fit.intercept = mean_value - fit.slope * mean_light;
  fit.correlation = light_value / std::sqrt(light_light * value_value);
  return fit;
}

void correct_illumination(PlaneView<float> reflectance, PlaneView<const float> cos_incidence, double sun_zenith_deg,
                          double c) {
  assert(reflectance.width == cos_incidence.width && reflectance.height == cos_incidence.height);
  const auto diffuse = static_cast<float>(c);
  const float level = static_cast<float>(std::cos(sun_zenith_deg * per_degree)) + diffuse;
  for (int y = 0; y < reflectance.height; ++y) {
    float* value = reflectance.row(y);
    const float* light = cos_incidence.row(y);
    for (int x = 0; x < reflectance.width; ++x) {
      if (!(light[x] > 0)) continue;
      value[x] *= std::clamp(level / (light[x] + diffuse), 1 / max_topographic_factor, max_topographic_factor);
    }
  }
}

}  // namespace pitwatch
