#include "pipeline/monitor/season_model.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <vector>

namespace pitwatch {
namespace {

using Matrix = Eigen::Matrix<double, term_count, term_count>;
using Column = Eigen::Matrix<double, term_count, 1>;
using Columns = Eigen::Matrix<double, term_count, feature_count>;

// What a feature's noise never falls below: sampling, calibration and geometry of the instrument.
constexpr FeatureVector least_noise{0.012F, 0.012F, 0.012F, 0.03F, 0.025F, 0.03F};
constexpr float normal_mad = 1.4826F;

std::size_t packed(std::size_t row, std::size_t column) {
  return row >= column ? row * (row + 1) / 2 + column : column * (column + 1) / 2 + row;
}

float median(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Column ridge(std::size_t looks, const MonitorOptions& options) {
  constexpr double held = 1e6;
  const double first =
      static_cast<int>(looks) >= options.looks_for_first_harmonic ? options.first_harmonic_ridge : held;
  const double second =
      static_cast<int>(looks) >= options.looks_for_second_harmonic ? options.second_harmonic_ridge : held;
  return Column(0, first, first, second, second);
}

float tukey(float distance, float limit) {
  if (distance >= limit) return 0;
  const float u = 1 - (distance / limit) * (distance / limit);
  return u * u;
}

}  // namespace

SeasonDate season_date(Instant when) {
  SeasonDate date;
  date.when = when;
  const double day = std::chrono::duration<double, std::ratio<86400>>(when.time_since_epoch()).count();
  date.day = static_cast<float>(day);
  constexpr double frequency = 2 * std::numbers::pi / 365.25;
  const double angle = frequency * day;
  date.terms[0] = 1;
  for (std::size_t order = 1; order <= 2; ++order) {
    const auto n = static_cast<double>(order);
    const auto cosine = static_cast<float>(std::cos(n * angle));
    const auto sine = static_cast<float>(std::sin(n * angle));
    date.terms[2 * order - 1] = cosine;
    date.terms[2 * order] = sine;
    date.slopes[2 * order - 1] = -sine * static_cast<float>(n * frequency);
    date.slopes[2 * order] = cosine * static_cast<float>(n * frequency);
  }
  return date;
}

Expectation expect(const SeasonModel& model, const SeasonDate& date, const MonitorOptions& options) {
  float leverage = 0;
  std::size_t c = 0;
  for (std::size_t i = 0; i < term_count; ++i) {
    float row = 0;
    for (std::size_t j = 0; j < i; ++j) row += model.covariance[c++] * date.terms[j];
    leverage += date.terms[i] * (2 * row + model.covariance[c++] * date.terms[i]);
  }
  Expectation result;
  for (std::size_t f = 0; f < feature_count; ++f) {
    const Terms& coefficients = model.coefficients[f];
    float value = coefficients[0];
    float slope = 0;
    for (std::size_t i = 1; i < term_count; ++i) {
      value += coefficients[i] * date.terms[i];
      slope += coefficients[i] * date.slopes[i];
    }
    const float drift = slope * options.season_shift_days;
    result.value[f] = value;
    result.deviation[f] =
        std::sqrt(model.noise[f] * model.noise[f] * (1 + options.leverage_weight * leverage) + drift * drift);
  }
  return result;
}

bool fit_season(std::span<PixelLook> looks, const FeatureVector& typical_noise, const MonitorOptions& options,
                SeasonModel& model) {
  std::array<bool, feature_count> used{};
  for (std::size_t f = 0; f < feature_count; ++f) {
    const auto there = std::count_if(looks.begin(), looks.end(),
                                     [f](const PixelLook& look) { return look.values[f] == look.values[f]; });
    used[f] = 2 * static_cast<std::size_t>(there) > looks.size();
  }
  const auto used_count = static_cast<float>(std::count(used.begin(), used.end(), true));
  // Complete looks come first; the others stay out.
  const auto complete = std::partition(looks.begin(), looks.end(), [&used](const PixelLook& look) {
    for (std::size_t f = 0; f < feature_count; ++f) {
      if (used[f] && look.values[f] != look.values[f]) return false;
    }
    return true;
  });
  for (auto look = complete; look != looks.end(); ++look) look->weight = 0;
  const auto n = static_cast<std::size_t>(complete - looks.begin());
  if (used_count == 0 || static_cast<int>(n) < options.min_looks) return false;
  looks = looks.first(n);

  const Column penalty = ridge(n, options);
  std::vector<FeatureVector> residuals(n);
  std::vector<float> sizes(n);
  FeatureVector spread{};
  Matrix inverse;
  Columns coefficients;
  for (PixelLook& look : looks) look.weight = 1;

  constexpr int huber_rounds = 3;
  constexpr int rounds = 6;
  for (int round = 0; round < rounds; ++round) {
    Matrix normal = penalty.asDiagonal();
    Columns right = Columns::Zero();
    for (const PixelLook& look : looks) {
      if (look.weight == 0) continue;
      for (std::size_t i = 0; i < term_count; ++i) {
        const double weighted = static_cast<double>(look.weight) * static_cast<double>(look.date->terms[i]);
        for (std::size_t j = 0; j <= i; ++j) {
          normal(static_cast<int>(i), static_cast<int>(j)) += weighted * static_cast<double>(look.date->terms[j]);
        }
        for (std::size_t f = 0; f < feature_count; ++f) {
          if (used[f])
            right(static_cast<int>(i), static_cast<int>(f)) += weighted * static_cast<double>(look.values[f]);
        }
      }
    }
    const Eigen::LLT<Matrix> factor(normal);
    coefficients = factor.solve(right);
    if (round + 1 == rounds) inverse = factor.solve(Matrix::Identity());

    for (std::size_t f = 0; f < feature_count; ++f) {
      if (!used[f]) continue;
      Terms& terms = model.coefficients[f];
      for (std::size_t i = 0; i < term_count; ++i) {
        terms[i] = static_cast<float>(coefficients(static_cast<int>(i), static_cast<int>(f)));
      }
      for (std::size_t l = 0; l < n; ++l) {
        float value = 0;
        for (std::size_t i = 0; i < term_count; ++i) value += terms[i] * looks[l].date->terms[i];
        residuals[l][f] = looks[l].values[f] - value;
        sizes[l] = std::abs(residuals[l][f]);
      }
      spread[f] = std::max(least_noise[f], normal_mad * median(sizes));
    }
    if (round + 1 == rounds) break;
    for (std::size_t l = 0; l < n; ++l) {
      float sum = 0;
      for (std::size_t f = 0; f < feature_count; ++f) {
        if (used[f]) sum += (residuals[l][f] / spread[f]) * (residuals[l][f] / spread[f]);
      }
      const float distance = std::sqrt(sum / used_count);
      looks[l].weight = round < huber_rounds ? std::min(1.0F, 1.0F / (distance + 1e-6F)) * (distance < 10 ? 1.0F : 0.1F)
                                             : tukey(distance, options.tukey_sigma);
    }
  }

  for (std::size_t i = 0; i < term_count; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      model.covariance[packed(i, j)] = static_cast<float>(inverse(static_cast<int>(i), static_cast<int>(j)));
    }
  }
  float total = 0;
  float parameters = 0;
  for (const PixelLook& look : looks) total += look.weight;
  for (int i = 0; i < static_cast<int>(term_count); ++i) {
    parameters += penalty[i] < 1e3 ? static_cast<float>(1 - penalty[i] * inverse(i, i)) : 0.0F;
  }
  for (std::size_t f = 0; f < feature_count; ++f) {
    if (!used[f]) {
      model.coefficients[f] = {};
      model.noise[f] = 0;
      continue;
    }
    float squares = 0;
    for (std::size_t l = 0; l < n; ++l) squares += looks[l].weight * residuals[l][f] * residuals[l][f];
    const float prior = typical_noise[f] > 0 ? options.noise_prior_looks : 0.0F;
    const float freedom = std::max(1.0F, total - parameters);
    const float variance = (squares + prior * typical_noise[f] * typical_noise[f]) / (freedom + prior);
    model.noise[f] = std::max(least_noise[f], std::sqrt(variance));
  }
  return true;
}

void adapt(SeasonModel& model, const SeasonDate& date, const FeatureVector& values, float weight, float inflation) {
  Terms direction{};  // P x
  for (std::size_t i = 0; i < term_count; ++i) {
    for (std::size_t j = 0; j < term_count; ++j) {
      direction[i] += inflation * model.covariance[packed(i, j)] * date.terms[j];
    }
  }
  float leverage = 0;
  for (std::size_t i = 0; i < term_count; ++i) leverage += date.terms[i] * direction[i];
  const float scale = 1 / (1 / weight + leverage);
  for (std::size_t f = 0; f < feature_count; ++f) {
    if (model.noise[f] <= 0 || values[f] != values[f]) continue;
    Terms& coefficients = model.coefficients[f];
    float innovation = values[f];
    for (std::size_t i = 0; i < term_count; ++i) innovation -= coefficients[i] * date.terms[i];
    for (std::size_t i = 0; i < term_count; ++i) coefficients[i] += direction[i] * scale * innovation;
  }
  std::size_t c = 0;
  for (std::size_t i = 0; i < term_count; ++i) {
    for (std::size_t j = 0; j <= i; ++j, ++c) {
      model.covariance[c] = inflation * model.covariance[c] - direction[i] * direction[j] * scale;
    }
  }
}

}  // namespace pitwatch
