#include "pipeline/normalise/robust.hpp"

#include <algorithm>
#include <cmath>

namespace pitwatch {
namespace {

constexpr float mad_to_sigma = 1.4826F;
constexpr double low_quantile = 0.1;
constexpr double high_quantile = 0.9;
constexpr float smallest_range = 1e-4F;  // reflectance

/// Sorts only as far as needed; `values` is reordered.
float quantile_in_place(std::vector<float>& values, double q) {
  if (values.empty()) return 0;
  const double position = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), middle, values.end());
  const float low = *middle;
  const auto fraction = static_cast<float>(position - static_cast<double>(below));
  if (fraction == 0.0F || below + 1 == values.size()) return low;
  return low + fraction * (*std::min_element(middle + 1, values.end()) - low);
}

}  // namespace

float median(std::vector<float> values) { return quantile_in_place(values, 0.5); }

float quantile(std::vector<float> values, double q) { return quantile_in_place(values, q); }

Spread robust_spread(const std::vector<float>& values) {
  std::vector<float> rest(values);
  const float centre = quantile_in_place(rest, 0.5);
  for (float& value : rest) value = std::abs(value - centre);
  return {centre, mad_to_sigma * quantile_in_place(rest, 0.5)};
}

LinearGain relative_gain(const std::vector<float>& before, const std::vector<float>& after) {
  std::vector<float> x(before);
  std::vector<float> y(after);
  const float range_before = quantile_in_place(x, high_quantile) - quantile_in_place(x, low_quantile);
  const float range_after = quantile_in_place(y, high_quantile) - quantile_in_place(y, low_quantile);
  if (!(range_before > smallest_range && range_after > smallest_range)) return {};
  const float gain = range_before / range_after;
  return {gain, quantile_in_place(x, 0.5) - gain * quantile_in_place(y, 0.5)};
}

}  // namespace pitwatch
