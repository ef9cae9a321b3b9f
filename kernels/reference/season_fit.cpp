#include "kernels/reference/season_fit.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "kernels/reference/season.hpp"

namespace pitwatch::kernels::reference {
namespace {

constexpr float normal_mad = 1.4826F;

struct Observation {
  const SeasonDay* day;
  std::size_t part;
  std::array<float, most_season_features> residual;  // NaN where there is none
  float weight;
};

/// The median of sizes as the kernel has it: the middle of a sixteenth of an octave, and no less than what makes no
/// difference.
float median(std::vector<float> sizes, float least_noise) {
  constexpr int shift = 23 - 4;
  const std::int32_t lowest = std::bit_cast<std::int32_t>(least_noise * (0.9F / normal_mad)) >> shift;
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  const std::int32_t code = std::clamp((std::bit_cast<std::int32_t>(*middle) >> shift) - lowest, 0, 254);
  return std::bit_cast<float>(((code + lowest) << shift) + (std::int32_t{1} << (shift - 1)));
}

void fit_pixel(const SeasonHistory& history, const SeasonFitOptions& options, std::size_t x,
               const SeasonFitRows& result) {
  const std::size_t features = history.features;
  std::vector<Observation> observations;
  std::array<std::size_t, most_season_features> there{};
  for (std::size_t l = 0; l < history.days.size(); ++l) {
    if (history.counts[l * history.counts_stride + x] == 0) continue;
    Observation& observation = observations.emplace_back(Observation{&history.days[l], history.parts[l], {}, 1});
    for (std::size_t f = 0; f < features; ++f) {
      const std::int16_t value = history.values[l][f * history.feature_stride + x];
      there[f] += value != no_season_value ? 1 : 0;
      observation.residual[f] = value != no_season_value ? static_cast<float>(value) * history.step : NAN;
    }
  }
  std::array<bool, most_season_features> used{};
  float used_count = 0;
  for (std::size_t f = 0; f < features; ++f) {
    used[f] = 2 * there[f] > observations.size();
    used_count += used[f] ? 1.0F : 0.0F;
  }
  std::erase_if(observations, [&](const Observation& observation) {
    for (std::size_t f = 0; f < features; ++f) {
      if (used[f] && std::isnan(observation.residual[f])) return true;
    }
    return false;
  });
  for (Observation& observation : observations) {
    for (std::size_t f = 0; f < features; ++f) {
      if (!used[f]) observation.residual[f] = 0;
    }
  }
  const auto n = static_cast<int>(observations.size());
  for (std::size_t f = 0; f < features; ++f) {
    result.noise[f][x] = 0;
    for (std::size_t i = 0; i < season_terms; ++i) result.coefficients[f * season_terms + i][x] = 0;
  }
  for (std::size_t part = 0; part < season_parts; ++part) result.observations[part][x] = 0;
  result.harmonics[x] = 0;
  result.is_fitted[x] = used_count > 0 && n >= options.min_observations ? 1 : 0;
  if (result.is_fitted[x] == 0) return;
  const std::size_t harmonics = n >= options.observations_for_second_harmonic  ? 2
                                : n >= options.observations_for_first_harmonic ? 1
                                                                               : 0;
  const std::size_t terms = terms_of(harmonics);
  result.harmonics[x] = static_cast<std::uint8_t>(harmonics);

  SeasonTriangle matrix{};
  SeasonTerms per_diagonal{};
  std::array<SeasonTerms, most_season_features> coefficients{};
  for (int round = 0; round <= 5; ++round) {
    if (round > 0) {
      std::array<float, most_season_features> per_spread{};
      for (std::size_t f = 0; f < features; ++f) {
        std::vector<float> sizes;
        for (const Observation& observation : observations) sizes.push_back(std::fabs(observation.residual[f]));
        const float spread = normal_mad * median(std::move(sizes), options.least_noise[f]);
        per_spread[f] = 1 / std::max(spread, options.least_noise[f]);
      }
      const float per_used = 1 / used_count;
      const float per_limit = 1 / options.tukey_sigma;
      for (Observation& observation : observations) {
        float sum = 0;
        for (std::size_t f = 0; f < features; ++f) {
          const float z = observation.residual[f] * per_spread[f];
          sum += z * z;
        }
        const float distance = std::sqrt(sum * per_used);
        if (round <= 3) {
          observation.weight = std::min(1.0F, 1 / (distance + 1e-6F)) * (distance < 10 ? 1.0F : 0.1F);
        } else {
          const float u = distance * per_limit;
          const float rest = std::max(1 - u * u, 0.0F);
          observation.weight = rest * rest;
        }
      }
    }
    matrix = {};
    std::array<SeasonTerms, most_season_features> change{};
    for (const Observation& observation : observations) {
      const SeasonTerms& at = observation.day->terms;
      for (std::size_t i = 0; i < season_terms; ++i) {
        const float weighted = observation.weight * at[i];
        for (std::size_t j = 0; j <= i; ++j) matrix[in_triangle(i, j)] += weighted * at[j];
      }
      for (std::size_t f = 0; f < features; ++f) {
        const float weighted = observation.weight * observation.residual[f];
        for (std::size_t i = 0; i < season_terms; ++i) change[f][i] += weighted * at[i];
      }
    }
    for (std::size_t i = 0; i < season_terms; ++i) {
      matrix[in_triangle(i, i)] += options.ridge[i];
      const float is_used = i < terms ? 1.0F : 0.0F;
      for (std::size_t j = 0; j <= i; ++j) matrix[in_triangle(i, j)] *= is_used;
      matrix[in_triangle(i, i)] += 1 - is_used;
      if (!(matrix[in_triangle(i, i)] > 0)) matrix[in_triangle(i, i)] = 1;
    }
    factorise(matrix, per_diagonal);
    for (std::size_t f = 0; f < features; ++f) {
      for (std::size_t i = 0; i < season_terms; ++i) {
        change[f][i] = i < terms ? change[f][i] - options.ridge[i] * coefficients[f][i] : 0;
      }
      solve(matrix, per_diagonal, change[f]);
      for (std::size_t i = 0; i < season_terms; ++i) coefficients[f][i] += change[f][i];
    }
    for (Observation& observation : observations) {
      for (std::size_t f = 0; f < features; ++f) {
        for (std::size_t i = 0; i < season_terms; ++i)
          observation.residual[f] -= observation.day->terms[i] * change[f][i];
      }
    }
  }

  float parameters = 0;
  for (std::size_t i = 0; i < terms; ++i) {
    SeasonTerms unit{};
    unit[i] = 1;
    solve(matrix, per_diagonal, unit);
    parameters += 1 - options.ridge[i] * unit[i];
  }
  float total = 0;
  std::array<float, most_season_features> squares{};
  for (const Observation& observation : observations) {
    result.observations[observation.part][x] += observation.weight;
    total += observation.weight;
    for (std::size_t f = 0; f < features; ++f) {
      squares[f] += observation.weight * (observation.residual[f] * observation.residual[f]);
    }
  }
  const float freedom = std::max(1.0F, total - parameters);
  for (std::size_t f = 0; f < features; ++f) {
    if (!used[f]) continue;
    const float typical = options.typical_noise[f];
    const float prior = typical > 0 ? options.noise_prior_observations : 0.0F;
    const float variance = (squares[f] + prior * (typical * typical)) / (freedom + prior);
    result.noise[f][x] = std::max(options.least_noise[f], std::sqrt(variance));
    for (std::size_t i = 0; i < season_terms; ++i) result.coefficients[f * season_terms + i][x] = coefficients[f][i];
  }
}

}  // namespace

void season_fit(const SeasonHistory& history, const SeasonFitOptions& options, std::size_t n, std::byte*,
                const SeasonFitRows& result) noexcept {
  for (std::size_t x = 0; x < n; ++x) fit_pixel(history, options, x, result);
}

}  // namespace pitwatch::kernels::reference
