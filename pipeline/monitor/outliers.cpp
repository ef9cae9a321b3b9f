#include "pipeline/monitor/outliers.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "kernels/elementary.hpp"
#include "pipeline/monitor/packed.hpp"

namespace pitwatch {
namespace {

constexpr float log_two_pi = 1.837877066F;
constexpr float least_error = 1e-3F;  // of the model, that lasts
constexpr float widest = 2;           // values that a feature may have, from the least to the largest

float squared_length(const FeatureVector& v) {
  float sum = 0;
  for (const float value : v) sum += value * value;
  return sum;
}

/// log(e^a + e^b)
float log_sum(float a, float b) {
  constexpr float nothing = -80;
  const float larger = std::max(a, b);
  return larger + kernels::portable_log(1 + kernels::portable_exp(std::max(std::min(a, b) - larger, nothing)));
}

/// Recent observations under the hypothesis of a shift that is a normal of a variance.
class Mixture {
 public:
  Mixture(std::span<const OutlyingResidual> recent, const Outliers& outliers, float directions)
      : recent_(recent),
        directions_(directions),
        log_regular_(kernels::portable_log(1 - outliers.share) - 0.5F * directions * log_two_pi) {}

  /// Their log likelihood, and the shift, from a first guess of it on.
  std::pair<float, FeatureVector> likelihood(FeatureVector shift, float variance) const {
    float regular = 0;
    constexpr int steps = 2;
    for (int step = 0; step < steps; ++step) {
      FeatureVector sum{};
      regular = 0;
      for (const OutlyingResidual& one : recent_) {
        const float weight = kernels::portable_logistic(log_density(one, shift) - one.log_outlier);
        for (std::size_t f = 0; f < most_features; ++f) sum[f] += weight * one.whitened[f];
        regular += weight;
      }
      for (std::size_t f = 0; f < most_features; ++f) shift[f] = sum[f] * variance / (regular * variance + 1);
    }
    float log_likelihood =
        -0.5F * squared_length(shift) / variance - 0.5F * directions_ * kernels::portable_log(regular * variance + 1);
    for (const OutlyingResidual& one : recent_) log_likelihood += log_sum(log_density(one, shift), one.log_outlier);
    return {log_likelihood, shift};
  }

 private:
  float log_density(const OutlyingResidual& one, const FeatureVector& shift) const {
    float distance = 0;
    for (std::size_t f = 0; f < most_features; ++f) {
      const float difference = one.whitened[f] - shift[f];
      distance += difference * difference;
    }
    return log_regular_ - 0.5F * distance;
  }

  std::span<const OutlyingResidual> recent_;
  float directions_;
  float log_regular_;
};

}  // namespace

Outliers outliers_of(std::span<const FeatureVector> values, std::size_t observations, const FeatureVector& noise) {
  constexpr float prior_outliers = 1;  // of so many observations
  constexpr float prior_observations = 20;
  const auto count = static_cast<float>(values.size());
  Outliers result;
  result.share = (count + prior_outliers) / (static_cast<float>(observations) + prior_observations);
  if (values.empty()) return result;
  result.alike = count / (count + 2);  // rule of succession (Laplace): one more, unlike all before
  for (std::size_t f = 0; f < most_features; ++f) {
    if (noise[f] <= 0) continue;
    float sum = 0;
    for (const FeatureVector& value : values) sum += value[f];
    result.mean[f] = sum / count;
    float squares = 0;
    for (const FeatureVector& value : values) squares += (value[f] - result.mean[f]) * (value[f] - result.mean[f]);
    result.spread[f] = std::sqrt(squares / count + noise[f] * noise[f]);
  }
  return result;
}

float log_outlier_density(const Outliers& outliers, const FeatureVector& values, const FeatureVector& noise,
                          float log_scale) {
  float alike = 0;
  float any = 0;
  for (std::size_t f = 0; f < most_features; ++f) {
    if (noise[f] <= 0) continue;
    any -= kernels::portable_log(widest);
    if (outliers.spread[f] <= 0) continue;
    const float distance = (values[f] - outliers.mean[f]) / outliers.spread[f];
    alike -= 0.5F * (distance * distance + log_two_pi) + kernels::portable_log(outliers.spread[f]);
  }
  const float log_any = any + kernels::portable_log(1 - outliers.alike);
  const float log_density =
      outliers.alike > 0 ? log_sum(log_any, std::max(alike, log_any - 40) + kernels::portable_log(outliers.alike))
                         : log_any;
  return kernels::portable_log(outliers.share) + log_density + log_scale;
}

float most_shift_among_outliers(std::span<const OutlyingResidual> recent, float directions, float lasting_error,
                                const MonitorOptions& options) {
  std::array<float, window_observations> lengths{};
  const std::size_t count = std::min(recent.size(), lengths.size());
  for (std::size_t k = 0; k < count; ++k) lengths[k] = std::sqrt(squared_length(recent[k].whitened));
  std::sort(lengths.begin(), lengths.begin() + static_cast<std::ptrdiff_t>(count), std::greater<>());
  const float of_shift = options.shift_sigma * options.shift_sigma;
  float most = lowest_log_odds;
  float sum = 0;
  for (std::size_t k = 0; k < count; ++k) {
    sum += lengths[k];
    const auto regular = static_cast<float>(k + 1);
    const float variance = 1 / regular + std::max(lasting_error, least_error);
    const float mean = sum / regular;
    most =
        std::max(most, 0.5F * (mean * mean / variance - directions * kernels::portable_log(1 + of_shift / variance)));
  }
  return most;
}

OutlierShift shift_among_outliers(std::span<const OutlyingResidual> recent, const Outliers& outliers, float directions,
                                  float lasting_error, const MonitorOptions& options) {
  constexpr std::array<float, 2> widths{1, 3};  // of the shift, in shift_sigma; one is as likely as the other
  const float log_share = -kernels::portable_log(static_cast<float>(widths.size()));
  const float error = std::max(lasting_error, least_error);
  const Mixture mixture(recent, outliers, directions);
  float without = mixture.likelihood({}, error).first;
  OutlierShift best{-std::numeric_limits<float>::max(), {}};
  for (const OutlyingResidual& one : recent) {
    without = std::max(without, mixture.likelihood(one.whitened, error).first);
    for (const float width : widths) {
      const float shifted = width * options.shift_sigma;
      const auto [likelihood, shift] = mixture.likelihood(one.whitened, error + shifted * shifted);
      if (likelihood + log_share > best.log_factor) best = {likelihood + log_share, shift};
    }
  }
  best.log_factor -= without;
  return best;
}

}  // namespace pitwatch
