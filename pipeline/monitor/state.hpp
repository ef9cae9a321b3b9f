#pragma once
// What the monitor keeps of a site from night to night. With it and the next observation it can go on: no history is
// needed. A pixel is kept in small integers, in memory as in files, so that continuing from a file is going on.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/core/state_array.hpp"
#include "pipeline/monitor/outliers.hpp"
#include "pipeline/monitor/packed.hpp"
#include "pipeline/monitor/strata.hpp"

namespace pitwatch {

/// Observations within this of each other have one sky, one light and one state of the ground: two satellites that fly
/// one behind the other, or two datastrips of one pass. They are one observation of what both show, and confirm
/// nothing.
inline constexpr std::chrono::minutes one_sky{60};

enum class PixelStatus : std::uint8_t { stable, provisional, confirmed, closed, recovering, not_judged = 255 };
inline constexpr std::array<std::string_view, 5> pixel_status_names{"stable", "provisional", "confirmed", "closed",
                                                                    "recovering"};
inline std::string_view name(PixelStatus status) {
  return status == PixelStatus::not_judged ? "not_judged" : pixel_status_names[static_cast<std::size_t>(status)];
}

/// What has happened at a pixel, as far as it is known.
struct PixelHistory {
  ObservationNumber first_detected = no_observation;
  ObservationNumber confirmed_on = no_observation;
  ObservationNumber onset_after = no_observation;   // last clear observation still undisturbed
  ObservationNumber onset_before = no_observation;  // first clear observation disturbed
  ObservationNumber last_detected = no_observation;
  ObservationNumber last_clear = no_observation;
  std::int32_t observations_since_onset = 0;  // clear ones
  std::int32_t own_year_observations = 0;     // of these, that look like the same ground in another season
  float vegetation_lost = 0;                  // largest fall of NDVI below the model while disturbed
};

struct PixelCounts {
  std::uint16_t measured = 0;      // observations with data
  std::uint16_t called_cloud = 0;  // of these
  std::uint16_t wet = 0;           // observations of the history that showed water
  /// Since when all that is not clean is explained by something that passes (high water, snow, another season).
  ObservationNumber excused_since = no_observation;
  std::uint8_t clean_in_row = 0;
  std::uint8_t screened_in_row = 0;
};

/// Whether the ground was water in the history, once in a while at least.
inline bool was_water(const PixelCounts& counts) { return counts.wet >= 2; }

/// What a pixel without bands for screens keeps beside: its outliers, and its last observations with them, the newest
/// first, as many as the recent ones are.
struct PixelOutliers {
  Outliers outliers;
  std::array<OutlyingResidual, window_observations> recent{};
};

/// Where the water's level may show.
enum class WaterReach : std::uint8_t {
  none,
  shore,  // land that high water may reach
  bank,   // was water, or is beside what was
};

struct MonitorState {
  int width = 0;
  int height = 0;
  std::vector<Instant> observations;  // all that were learnt from or observed, in that order; most_acquisitions at most
  std::size_t features = feature_count;  // those that are always monitored, and extra ones
  /// Inverse of the Cholesky factor of the features' joint covariance in units of noise, row-major lower triangle of
  /// `features` rows.
  std::vector<float> whitening = std::vector<float>(feature_count * feature_count);
  FeatureVector typical_noise{};  // median over the site; 0: the feature is not monitored
  // By pixel, row-major. What kernels walk lies number by number; history and counts, which change by pixels' own
  // courses, pixel by pixel.
  ModelPlanes models;
  PixelVector<std::uint8_t> kind;  // of ground, as in group_ground()
  ResidualPlanes recent_residuals;
  ObservationNumberPlanes recent_observations;
  PixelVector<PixelHistory> history;
  PixelVector<PixelCounts> counts;
  PixelVector<PixelStatus> status;
  PixelVector<PackedLogOdds> own_evidence;  // by the pixel's own observations
  /// Follows from the others, and is not saved. Empty until the first observation.
  PixelVector<WaterReach> near_water;
  /// Where brightness is not monitored, which would show cloud and shadow; else empty.
  PixelVector<PixelOutliers> outliers;

  std::size_t pixels() const { return models.size(); }
  SeasonModel model(std::size_t pixel) const { return unpack(models[pixel], typical_noise); }
  RecentObservations recent(std::size_t pixel) const {
    return unpack(recent_residuals[pixel], recent_observations[pixel]);
  }
};

/// All arrays of a state, always in the same order and under the same names: to be saved, or to be filled after
/// unfilled_state() with the same sizes; of outliers where there are some.
std::vector<StateArray> state_arrays(MonitorState& state);

/// An empty state: no pixel is judged yet, no observation is there.
MonitorState make_state(int width, int height, std::size_t features = feature_count);

/// A state of `observations` observations whose arrays are uninitialised, to be filled.
MonitorState unfilled_state(int width, int height, std::size_t observations, std::size_t features = feature_count);

/// Adds an observation to those of the state. Throws DataError where most_acquisitions are there.
void add_observation(MonitorState& state, Instant when);

}  // namespace pitwatch
