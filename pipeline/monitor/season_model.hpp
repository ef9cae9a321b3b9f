#pragma once
// The course of the year of one pixel: for each feature y(t) = c0 + c1 cos wt + c2 sin wt + c3 cos 2wt + c4 sin 2wt,
// w = 2 pi / 365.25 days. All features share the weights of the observations, and with them one uncertainty.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "kernels/season.hpp"
#include "kernels/season_fit.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/monitor/features.hpp"

namespace pitwatch {

inline constexpr int most_harmonics = 2;
inline constexpr std::size_t term_count = 5;
inline constexpr std::size_t year_parts = 6;  // of two months

using Terms = std::array<float, term_count>;
using PartObservations = std::array<float, year_parts>;

inline float product(const Terms& a, const Terms& b) {
  float sum = 0;
  for (std::size_t i = 0; i < term_count; ++i) sum += a[i] * b[i];
  return sum;
}

/// What belongs to a date: values of the terms and of their derivatives by time, per day.
struct SeasonDate {
  Instant when{};
  float day = 0;  // since 1970-01-01
  Terms terms{};
  Terms slopes{};
  int part = 0;            // of the year, counted since 1970-01-01
  float part_elapsed = 0;  // 0..1

  std::size_t year_part() const {
    constexpr int count = static_cast<int>(year_parts);
    return static_cast<std::size_t>((part % count + count) % count);
  }
};

SeasonDate season_date(Instant when);

/// A year's dates, fifteen days from one to the next.
using SeasonYear = std::array<SeasonDate, 24>;
SeasonYear season_year(Instant first);

/// The model of one pixel. `observations` is the weight of the observations that it rests on, by part of the year,
/// where an undisturbed observation has 1. With M_p, the mean over the days of a part of the outer products of the
/// terms, the covariance of the coefficients in units of the features' noise is (sum over p of looks_p M_p + ridge)^-1:
/// six numbers stand for fifteen, and where in its two months an observation lay makes no difference.
struct SeasonModel {
  std::array<Terms, most_features> coefficients{};
  PartObservations observations{};
  int harmonics =
      0;  // a year that rests on few observations has none, then the yearly one, then the semi-annual one too
  FeatureVector noise{};  // standard deviation of an observation, in the feature's unit
  /// Variance of the model's error that lasts over observations (years differ, and with them months), in that of an
  /// observation, as the history has shown it.
  float lasting_error = 0;
  std::size_t features = feature_count;  // that are monitored
};

/// Models of many pixels as planes, which kernels walk row by row (kernels/season.hpp).
class SeasonModels {
 public:
  /// Rows of the pixels from some pixel on; refer to the models.
  struct Rows {
    std::array<float*, most_features * term_count> coefficients;
    std::array<float*, most_features> noise;
    std::array<float*, year_parts> observations;
    std::uint8_t* harmonics;
    std::uint8_t* is_fitted;
    float* lasting_error;

    kernels::SeasonRows models() const { return {coefficients.data(), noise.data(), observations.data(), harmonics}; }
    kernels::SeasonFitRows fitted() const {
      return {coefficients.data(), noise.data(), observations.data(), harmonics, is_fitted};
    }
  };

  SeasonModels() = default;
  /// Uninitialised.
  explicit SeasonModels(std::size_t pixels, std::size_t features = feature_count);

  std::size_t pixels() const { return is_fitted_.size(); }
  bool is_fitted(std::size_t pixel) const { return is_fitted_[pixel] != 0; }
  float noise(std::size_t pixel, std::size_t feature) const { return row(noise_row() + feature)[pixel]; }
  float coefficient(std::size_t pixel, Feature feature, std::size_t term) const {
    return row(index(feature) * term_count + term)[pixel];
  }
  Rows from(std::size_t pixel);
  SeasonModel at(std::size_t pixel) const;
  void set(std::size_t pixel, const SeasonModel& model);  // and is_fitted

 private:
  // Coefficients come first.
  std::size_t noise_row() const { return features_ * term_count; }
  std::size_t observations_row() const { return noise_row() + features_; }
  std::size_t lasting_error_row() const { return observations_row() + year_parts; }

  float* row(std::size_t number) { return values_.data() + number * stride_; }
  const float* row(std::size_t number) const { return values_.data() + number * stride_; }

  std::size_t features_ = feature_count;
  std::size_t stride_ = 0;
  PixelVector<float> values_;  // row by row
  PixelVector<std::uint8_t> harmonics_;
  PixelVector<std::uint8_t> is_fitted_;
};

/// The same for kernels.
kernels::SeasonDay season_day(const SeasonDate& date);
kernels::SeasonInformation season_information(const MonitorOptions& options);
/// `typical_noise` counts like options.noise_prior_observations observations; 0: unknown.
kernels::SeasonFitOptions season_fit_options(const MonitorOptions& options, const FeatureVector& typical_noise);

/// What undisturbed ground is expected to show.
struct Expectation {
  FeatureVector value{};
  FeatureVector deviation{};  // standard deviation: noise, the model's own uncertainty, and an early or late season
};

Expectation expect(const SeasonModel& model, const SeasonDate& date, const MonitorOptions& options);

/// The covariance of the model's coefficients, in units of the noise, times the terms of the date. It depends on
/// `observations` and `harmonics` alone.
Terms uncertain_direction(const SeasonModel& model, const SeasonDate& date, const MonitorOptions& options);

/// Observations that the model rests on in the two months around a day of the year, as if those of a part were spread
/// evenly.
float observations_of_season(const PartObservations& observations, const SeasonDate& date);

/// Whether the model has observations enough of the season to judge one of that date.
bool knows_season(const PartObservations& observations, const SeasonDate& date, const MonitorOptions& options);
inline bool knows_season(const SeasonModel& model, const SeasonDate& date, const MonitorOptions& options) {
  return knows_season(model.observations, date, options);
}

/// Whether it has observations enough of every part of the year; until then the history is short.
bool knows_whole_year(const PartObservations& observations, const MonitorOptions& options);
inline bool knows_whole_year(const SeasonModel& model, const MonitorOptions& options) {
  return knows_whole_year(model.observations, options);
}

/// The highest value expected of a feature in the seasons that the model knows; nothing where it knows none.
std::optional<float> highest_of_year(const SeasonModel& model, Feature feature, const SeasonYear& year,
                                     const MonitorOptions& options);

/// What is left, 0..1, of the weight of a year's observations when a year has passed.
float kept_after_a_year(const MonitorOptions& options);

}  // namespace pitwatch
