#include "pipeline/normalise/topography.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
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

void cast_shadow(PlaneView<const float> elevation, int margin, double pixel_size_m, const ViewAngles& sun,
                 PlaneView<std::uint8_t> shadow) {
  assert(elevation.width == shadow.width + 2 * margin && elevation.height == shadow.height + 2 * margin);
  assert(sun.zenith < 90);
  // One pixel along the axis that the sun stands closer to, and less along the other one.
  const double right = std::sin(sun.azimuth * per_degree);
  const double down = -std::cos(sun.azimuth * per_degree);
  const bool is_along_rows = std::abs(right) >= std::abs(down);
  const double most = is_along_rows ? std::abs(right) : std::abs(down);
  const int ahead = (is_along_rows ? right : down) < 0 ? -1 : 1;
  const double aside = (is_along_rows ? down : right) / most;
  const double rise_m = pixel_size_m / most / std::tan(sun.zenith * per_degree);
  float highest = -std::numeric_limits<float>::infinity();
  for (int y = 0; y < elevation.height; ++y) {
    for (int x = 0; x < elevation.width; ++x) highest = elevation.at(x, y) > highest ? elevation.at(x, y) : highest;
  }
  const int length_ahead = is_along_rows ? elevation.width : elevation.height;
  const int length_aside = is_along_rows ? elevation.height : elevation.width;
  const auto height_at = [&](int along, int across) {
    return is_along_rows ? elevation.at(along, across) : elevation.at(across, along);
  };
  const auto is_hidden = [&](int x, int y) {
    const int along = is_along_rows ? x : y;
    const int across = is_along_rows ? y : x;
    const double own = static_cast<double>(height_at(along, across));
    for (int step = 1;; ++step) {
      const double ray = own + step * rise_m;
      if (!(ray < static_cast<double>(highest))) return false;
      const int at = along + step * ahead;
      const double position = across + step * aside;
      const double left = std::floor(position);
      if (at < 0 || at >= length_ahead || left < 0 || left + 1 >= length_aside) return false;
      const double share = position - left;
      const auto a = static_cast<double>(height_at(at, static_cast<int>(left)));
      const auto b = static_cast<double>(height_at(at, static_cast<int>(left) + 1));
      if (a + (b - a) * share > ray) return true;
    }
  };
  for (int y = 0; y < shadow.height; ++y) {
    for (int x = 0; x < shadow.width; ++x) shadow.at(x, y) = is_hidden(x + margin, y + margin) ? 1 : 0;
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
