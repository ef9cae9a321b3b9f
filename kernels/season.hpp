#pragma once
// What the seasonal models of a row of pixels expect of a date. A model is, for each feature,
// y(t) = c0 + c1 cos wt + c2 sin wt + c3 cos 2wt + c4 sin 2wt, w = 2 pi / year, with one uncertainty for all features:
// the covariance of the coefficients, in units of the features' noise, is (sum over parts of the year of n_p M_p +
// ridge)^-1, n_p observations lying in a part whose terms have the mean outer product M_p.
//
// A row's models are planes: one row of n numbers for each coefficient, noise and part. Rows that are written must not
// overlap those that are read.

#include <array>
#include <cstddef>
#include <cstdint>

namespace pitwatch::kernels {

inline constexpr std::size_t season_terms = 5;
inline constexpr std::size_t season_parts = 6;  // of the year
inline constexpr std::size_t season_triangle = season_terms * (season_terms + 1) / 2;

/// Where an entry of a lower triangle stands, row by row.
constexpr std::size_t in_triangle(std::size_t row, std::size_t column) { return row * (row + 1) / 2 + column; }

/// The terms of a model of so many harmonics.
constexpr std::size_t terms_of(std::size_t harmonics) { return 1 + 2 * harmonics; }

/// What belongs to a date: the values of the terms, and of their derivatives by time, per day.
struct SeasonDay {
  std::array<float, season_terms> terms{};
  std::array<float, season_terms> slopes{};
};

/// What models of all pixels have in common.
struct SeasonInformation {
  std::array<std::array<float, season_triangle>, season_parts> products{};  // M_p, lower triangles
  std::array<float, season_terms> ridge{};                                  // diagonal
};

/// Pointers to rows.
struct SeasonRows {
  const float* const* coefficients = nullptr;  // [feature * season_terms + term]
  const float* const* noise = nullptr;         // [feature]; 0: the feature is not monitored, its coefficients are 0
  const float* const* observations = nullptr;  // [part]: n_p
  const std::uint8_t* harmonics = nullptr;     // 0..2
};

/// direction[i] = i-th entry of the covariance times the day's terms: what an observation moves the coefficients by. 0
/// for harmonics that a model has not. Cholesky's factors without roots, row by row; sums over parts, then the ridge.
void season_direction(const SeasonRows& models, std::size_t n, const SeasonDay& day,
                      const SeasonInformation& information, float* const* direction) noexcept;

/// value[f] = expected value; deviation[f] = sqrt(noise^2 (1 + leverage_weight direction . terms) +
/// (shift_days dy/dt)^2): noise, the model's own uncertainty, and a season that is early or late. Products of terms are
/// summed from the first on. `direction` may be nullptr: the model is then certain.
void season_expectation(const SeasonRows& models, std::size_t features, std::size_t n, const SeasonDay& day,
                        const float* const* direction, float leverage_weight, float shift_days, float* const* value,
                        float* const* deviation) noexcept;

}  // namespace pitwatch::kernels
