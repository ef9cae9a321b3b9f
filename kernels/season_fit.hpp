#pragma once
// Seasonal models (season.hpp) fitted to the histories of a row of pixels, many side by side: iteratively reweighted
// least squares with a ridge on the harmonics. Weights of the first three rounds are Huber's, of the last two Tukey's
// (Holland & Welsch 1977, Commun. Stat. A6), of the distance from the fit in robust noise: the root mean square over
// the features of residual / (1.4826 median |residual|).

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "kernels/season.hpp"

namespace pitwatch::kernels {

inline constexpr std::int16_t no_season_value = std::numeric_limits<std::int16_t>::min();
inline constexpr std::size_t most_season_features = 16;
inline constexpr std::size_t most_season_observations = 32767;

/// The observations of a row of pixels, most_season_observations at most. What feature f was in observation l at pixel
/// x is
///   step * values[l][f * feature_stride + x],
/// none where it is no_season_value; it counts where counts[l * counts_stride + x] is not 0.
struct SeasonHistory {
  std::span<const SeasonDay> days;      // one for each observation
  const std::uint8_t* parts = nullptr;  // of the year, likewise
  std::size_t features = 0;             // 1..most_season_features
  const std::int16_t* const* values = nullptr;
  std::size_t feature_stride = 0;
  const std::uint8_t* counts = nullptr;
  std::size_t counts_stride = 0;
  float step = 1;
};

struct SeasonFitOptions {
  std::array<float, season_terms> ridge{};
  float tukey_sigma = 3;
  int min_observations = 4;  // at least 1
  int observations_for_first_harmonic = 9;
  int observations_for_second_harmonic = 16;
  float noise_prior_observations = 6;                       // that typical_noise counts for
  std::array<float, most_season_features> typical_noise{};  // by feature; 0: unknown
  std::array<float, most_season_features> least_noise{};    // by feature, more than 0
};

/// Rows of the models that come out, as SeasonRows.
struct SeasonFitRows {
  float* const* coefficients = nullptr;
  float* const* noise = nullptr;
  float* const* observations = nullptr;  // the weights of those that lay in a part
  std::uint8_t* harmonics = nullptr;
  std::uint8_t* is_fitted = nullptr;  // 1 or 0
};

/// Bytes that season_fit() wants as memory to work in.
std::size_t season_fit_workspace(std::size_t observations, std::size_t features) noexcept;

/// Fits n pixels, each for itself. A feature that not more than half of a pixel's observations have is left out
/// (coefficients and noise 0); observations that lack one of the others do not count. Pixels with fewer than
/// min_observations observations that count are not fitted: all 0. noise^2 = (sum of weight * residual^2 + prior *
/// typical_noise^2) / (sum of weights - parameters + prior), with as many parameters as the ridge leaves free, and no
/// less than least_noise^2. Medians are to 1 part in 16 of an octave, the lower of two in the middle counting from the
/// upper. `workspace` is aligned to 64 bytes. Sums over observations are in their order.
void season_fit(const SeasonHistory& history, const SeasonFitOptions& options, std::size_t n, std::byte* workspace,
                const SeasonFitRows& result) noexcept;

}  // namespace pitwatch::kernels
