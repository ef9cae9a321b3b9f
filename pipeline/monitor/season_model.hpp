#pragma once
// The course of the year of one pixel: for each feature y(t) = c0 + c1 cos wt + c2 sin wt + c3 cos 2wt + c4 sin 2wt,
// w = 2 pi / 365.25 days. All features share the weights of the looks, and with them one matrix of uncertainty.

#include <array>
#include <cstdint>
#include <span>

#include "pipeline/core/date.hpp"
#include "pipeline/monitor/features.hpp"

namespace pitwatch {

inline constexpr std::size_t term_count = 5;
inline constexpr std::size_t covariance_count = term_count * (term_count + 1) / 2;

using Terms = std::array<float, term_count>;

/// What belongs to a date: values of the terms and of their derivatives by time, per day.
struct SeasonDate {
  Instant when{};
  float day = 0;  // since 1970-01-01
  Terms terms{};
  Terms slopes{};
};

SeasonDate season_date(Instant when);

/// The model of one pixel. `covariance` is that of the coefficients in units of the features' noise: the lower triangle
/// of (X'WX + ridge)^-1, row by row.
struct SeasonModel {
  std::array<Terms, feature_count> coefficients{};
  std::array<float, covariance_count> covariance{};
  FeatureVector noise{};  // standard deviation of a look, in the feature's unit
};

/// What undisturbed ground is expected to show.
struct Expectation {
  FeatureVector value{};
  FeatureVector deviation{};  // standard deviation: noise, the model's own uncertainty, and an early or late season
};

Expectation expect(const SeasonModel& model, const SeasonDate& date, const MonitorOptions& options);

/// One look of a pixel's history.
struct PixelLook {
  const SeasonDate* date;
  FeatureVector values;
  float weight = 1;  // of the fit's last step: an outlier has 0
};

/// Fits by iteratively reweighted least squares with a ridge on the harmonics (Huber's weights, then Tukey's; Holland &
/// Welsch 1977), with as many harmonics as the looks support, and leaves in `looks` the weights. The noise is the
/// robust spread of the residuals with the degrees of freedom that the fit took. `typical_noise` counts like
/// `options.noise_prior_looks` looks. False where fewer than min_looks are there: the model is then left as it was.
/// A feature that most looks lack (NaN) is left out: coefficients 0, noise 0. Looks that lack one of the others get
/// weight 0, and are moved to the end of `looks`.
bool fit_season(std::span<PixelLook> looks, const FeatureVector& typical_noise, const MonitorOptions& options,
                SeasonModel& model);

/// Takes one more look into the model (recursive least squares, the look weighted by `weight`, the past by
/// 1 / `inflation`); features that are NaN or have no noise keep their coefficients.
void adapt(SeasonModel& model, const SeasonDate& date, const FeatureVector& values, float weight, float inflation);

}  // namespace pitwatch
