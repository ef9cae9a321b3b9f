#pragma once
// What a pixel's state is kept in: integers whose steps are a fraction of the noise, so that rounding is of no account.
// unpack() of what pack() gives differs by half a step at most (a step where it is dithered); beyond the range that is
// named, values are held at its end. No function of libm: the same bits on every processor.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/kept_season.hpp"
#include "pipeline/core/number_planes.hpp"
#include "pipeline/monitor/season_model.hpp"

namespace pitwatch {

// ---- the model ----

struct PackedModel {
  /// c0 in 1/16 of the site's typical noise of the feature, the harmonics in 1/8 of it; up to 2048 and 4096 of it.
  std::array<std::array<std::int16_t, term_count>, most_features> coefficients{};
  std::array<std::uint8_t, year_parts> observations{};  // 6 sqrt(n), n up to 1806
  std::array<std::uint8_t, most_features> noise{};      // steps of 9 % from 0.001 on; 0: not monitored
  std::uint8_t harmonics = 0;
  std::uint8_t lasting_error = 0;  // in 1/32, up to 7.97
  friend bool operator==(const PackedModel&, const PackedModel&) = default;
};

/// Pseudo-random thresholds in [0, 1) for rounding without bias: what fades in a model may be far less than a step, and
/// would never go otherwise. They depend on pixel and occasion alone.
class Dither {
 public:
  Dither(std::size_t pixel, std::size_t occasion);
  float next();

 private:
  std::uint64_t state_;
};

/// The steps of a site's models: they follow from its typical noise.
struct ModelSteps {
  static constexpr std::size_t count = most_features * term_count;
  ModelSteps(const FeatureVector& typical_noise);  // NOLINT(google-explicit-constructor): the same in other words

  /// As kernels want them; refer to these.
  kernels::ModelUnits units() const;

  std::array<float, count> size{};       // of one; 0: the feature is not monitored
  std::array<float, count> per_unit{};   // how many one is
  std::size_t features = feature_count;  // that are monitored, the six always counted
};

/// Rounds to the nearest step.
PackedModel pack(const SeasonModel& model, const ModelSteps& steps);
SeasonModel unpack(const PackedModel& packed, const ModelSteps& steps);
/// Of a part of the year.
inline float unpack_observations(std::uint8_t packed) {
  const float root = static_cast<float>(packed) * (1 / kernels::steps_of_observations);
  return root * root;
}
inline float unpack_lasting_error(std::uint8_t packed) { return static_cast<float>(packed) * (1.0F / 32); }

/// Models of many pixels, number by number, of as many features as are monitored.
class ModelPlanes : public NumberRows {
 public:
  /// Contents are undefined afterwards.
  void resize(std::size_t size, std::size_t features = feature_count) {
    features_ = features;
    NumberRows::resize(size, features * term_count, year_parts + features + 2);
  }
  void assign(std::size_t size, const PackedModel& model, std::size_t features = feature_count) {
    resize(size, features);
    for (std::size_t i = 0; i < size; ++i) set(i, model);
  }
  PackedModel operator[](std::size_t i) const;
  void set(std::size_t i, const PackedModel& model);

  std::size_t features() const { return features_; }
  // Which of the planes of bytes are which.
  static constexpr std::size_t first_observations_byte = 0;
  static constexpr std::size_t first_noise_byte = year_parts;
  std::size_t harmonics_byte() const { return first_noise_byte + features_; }
  std::size_t lasting_error_byte() const { return harmonics_byte() + 1; }

 private:
  std::size_t features_ = feature_count;
};

/// Rows of the models from some pixel on, which kernels walk.
struct ModelRows {
  std::array<std::int16_t*, ModelSteps::count> coefficients{};
  std::array<std::uint8_t*, year_parts> observations{};
  std::array<const std::uint8_t*, most_features> noise{};
  std::uint8_t* harmonics = nullptr;
  const std::uint8_t* lasting_error = nullptr;
  std::size_t features = feature_count;

  /// Refers to these.
  kernels::KeptModelRows kept() const {
    return {std::span(coefficients).first(features * term_count), observations, std::span(noise).first(features)};
  }
};
ModelRows rows_from(ModelPlanes& models, std::size_t pixel);

/// Leaves `kept`, 0..1, of the weight of observations in a part of the year.
std::uint8_t aged_observations(std::uint8_t packed, float kept, Dither dither);

// ---- the last observations ----

inline constexpr std::size_t window_observations = 6;  // whose residuals are summed

/// Observations are named by their place in MonitorState::observations.
using ObservationNumber = std::int16_t;
inline constexpr ObservationNumber no_observation = -1;
inline constexpr std::size_t most_acquisitions = 32767;

/// The last clear observations of a pixel, newest first.
struct RecentObservations {
  std::array<FeatureVector, window_observations> whitened{};
  std::array<ObservationNumber, window_observations> observation{};
  std::int32_t count = 0;
};

using RecentNumbers = std::array<ObservationNumber, window_observations>;  // no_observation behind the last
using PackedResidual = std::array<std::int8_t, most_features>;             // whitened, in halves, up to 63.5
using PackedResiduals = std::array<PackedResidual, window_observations>;
inline constexpr RecentNumbers no_recent_observations{no_observation, no_observation, no_observation,
                                                      no_observation, no_observation, no_observation};

RecentObservations unpack(const PackedResiduals& residuals, const RecentNumbers& observations);

/// Of many pixels, number by number: residual k of feature f at k * features + f.
class ResidualPlanes : public NumberRows {
 public:
  /// Contents are undefined afterwards.
  void resize(std::size_t size, std::size_t features = feature_count) {
    features_ = features;
    NumberRows::resize(size, 0, window_observations * features);
  }
  void assign(std::size_t size, const PackedResiduals& residuals, std::size_t features = feature_count) {
    resize(size, features);
    for (std::size_t i = 0; i < size; ++i) set(i, residuals);
  }
  PackedResiduals operator[](std::size_t i) const;
  void set(std::size_t i, const PackedResiduals& residuals);

 private:
  std::size_t features_ = feature_count;
};
using ObservationNumberPlanes = NumberPlanes<RecentNumbers, window_observations>;

// ---- single numbers ----

/// Log odds in steps of 0.3 from -15 to 60.
struct PackedLogOdds {
  std::uint8_t steps = 0;
};
inline constexpr int steps_to_even_odds = 50;
inline constexpr float lowest_log_odds = -15;
inline constexpr float highest_log_odds = 60;
PackedLogOdds pack_log_odds(float value);
inline float unpack(PackedLogOdds packed) { return 0.3F * static_cast<float>(packed.steps - steps_to_even_odds); }

/// Reflectance in steps of 2.5 % from 0.005 to 2.6; 0: none.
using PackedReflectance = std::uint8_t;
PackedReflectance pack_reflectance(float reflectance);
float unpack_reflectance(PackedReflectance packed);

}  // namespace pitwatch
