#pragma once
// Whether the last observations of a pixel are shifted against its model, all by the same: whitened residuals and their
// Bayes factor. Pure arithmetic of one pixel; used inside this folder only.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/shift.hpp"
#include "pipeline/monitor/options.hpp"
#include "pipeline/monitor/outliers.hpp"
#include "pipeline/monitor/packed.hpp"
#include "pipeline/monitor/sight.hpp"
#include "pipeline/monitor/state.hpp"

namespace pitwatch {

/// Extra features that an observation does not have of a pixel: of the k-th of them the bit k.
using AbsentFeatures = std::uint8_t;
static_assert(most_extra_features <= 8);

/// Evidence of the last observations together, and how many they are where it is largest.
struct Shift {
  float log_factor = lowest_log_odds;
  std::size_t observations = 1;
};

/// The Bayes factor that observe.hpp states, with what belongs to a site: how its features covary, and how many are
/// monitored. Refers to state and options, which must outlive it, and must be made anew where models have changed.
class ShiftEvidence {
 public:
  ShiftEvidence(const MonitorState& state, const MonitorOptions& options);

  /// Residuals in units of their deviation, made independent of each other; 0 for extra features that are absent.
  FeatureVector whitened(const FeatureVector& standard, AbsentFeatures absent = 0) const;

  /// The squared length that whitened residuals of observations which agree with the model stay below.
  float clean_squares() const;

  /// Whether a whitened residual is shorter than so many sigma for each direction.
  bool is_within(const FeatureVector& whitened, float sigma) const;

  /// The constants of the Bayes factor, as kernels want them; refer to these.
  kernels::ShiftFactors factors() const;

  /// Of the newest `recent` observations, the last of which is `sight`, the number for which the evidence is largest.
  /// `lasting_error` is the pixel's, as it is packed.
  Shift largest(const RecentObservations& recent, const PixelSight& sight, bool is_soil,
                std::uint8_t lasting_error) const;

  /// The same where cloud and shadow are not known by their spectra (outliers.hpp); `count` observations are recent.
  Shift largest_among_outliers(const PixelOutliers& pixel, std::int32_t count, const PixelSight& sight,
                               std::uint8_t lasting_error) const;

  /// Log of the volume that a unit of whitened residuals has in those of the features.
  float log_scale(const FeatureVector& deviation) const;

 private:
  /// Constants of the Bayes factor for k observations.
  struct Factor {
    float per_square = 0;  // of the squared length of the summed residuals
    float cost = 0;
  };
  Factor factor_of(std::size_t k, float of_observation, float lasting) const;
  float share_of_disturbance(float green, float rise) const;
  FeatureVector less_greening(const FeatureVector& deviation, const FeatureVector& whitened_shift) const;
  std::size_t window(std::int32_t count) const;

  void find_whitening_of_absences();

  const MonitorState& state_;
  const MonitorOptions& options_;
  std::size_t features_;
  std::vector<std::vector<float>> whitening_;  // by which are absent
  float directions_ = 0;                       // number of features that are monitored
  // By the pixel's lasting error, as it is packed, and the number of observations less one.
  std::array<float, 256 * window_observations> per_square_{};
  std::array<float, 256 * window_observations> cost_{};
  // Of one observation that shows new bare ground: nothing that passes looks like that.
  std::array<float, 256> soil_per_square_{};
  std::array<float, 256> soil_cost_{};
};

/// Log odds of disturbance to no change, and to what else explains the observations just as well (`excuse`: log odds
/// of that to no change, before any observation; lowest_log_odds: nothing does).
float own_evidence(float log_factor, float excuse, const MonitorOptions& options);

}  // namespace pitwatch
