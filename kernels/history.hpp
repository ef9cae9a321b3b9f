#pragma once
// Histories of features kept as 16-bit numbers, in steps: in and out, against seasonal models (season.hpp), and how
// long errors of the models last. no_season_value (season_fit.hpp) stands for none, NaN elsewhere.

#include <cstddef>
#include <cstdint>

#include "kernels/season.hpp"
#include "kernels/season_fit.hpp"

namespace pitwatch::kernels {

/// out = value / step, rounded to the nearest (half to even) and held within +-32000.
void pack_history(const float* values, std::size_t n, float per_step, std::int16_t* out) noexcept;

/// Takes `amounts` off packed values, rounded as above; where there is none, none is left.
void take_off_history(const float* amounts, std::size_t n, float per_step, std::int16_t* values) noexcept;

/// residual[f] = step * values[f * feature_stride + x] - expected[f], and 0 where deviation[f] is 0: the feature is not
/// monitored. is_usable = 1 where `counts` is not 0 and all monitored features are there, else 0; the residuals are
/// then 0.
void history_residuals(const std::int16_t* values, std::size_t feature_stride, const std::uint8_t* counts,
                       std::size_t features, std::size_t n, float step, const float* const* expected,
                       const float* const* deviation, float* const* residual, std::uint8_t* is_usable) noexcept;

struct LastingErrorOptions {
  const float* whitening = nullptr;  // [row * features + column], lower triangle
  float shift_days = 0;              // of seasons, as season_expectation()
  float most_square = 0;             // longer whitened residuals are clouds: they do not count
};

/// How far means of season_window observations in a row lie from the models: with m the sums of the whitened residuals
/// (residual / deviation, models taken as certain) of the last season_window observations that count, `squares` is the
/// sum of |m|^2 over all of them that are whole, and `windows` their number.
inline constexpr std::size_t season_window = 6;
void lasting_errors(const SeasonHistory& history, const SeasonRows& models, const LastingErrorOptions& options,
                    std::size_t n, float* squares, float* windows) noexcept;

}  // namespace pitwatch::kernels
