#pragma once
// What the monitor keeps of a site from night to night. With it and the next look it can go on: no history is needed.
// A pixel is kept in small integers, in memory as in files, so that going on from a file is going on.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/core/state_array.hpp"
#include "pipeline/monitor/ground_kinds.hpp"
#include "pipeline/monitor/packed.hpp"

namespace pitwatch {

/// Looks within this of each other have one sky, one light and one state of the ground: two satellites that fly one
/// behind the other, or two datastrips of one pass. They are one observation of what both show, and confirm nothing.
inline constexpr std::chrono::minutes one_sky{60};

enum class PixelStatus : std::uint8_t { stable, provisional, confirmed, closed, recovering, not_judged = 255 };
inline constexpr std::array<std::string_view, 5> pixel_status_names{"stable", "provisional", "confirmed", "closed",
                                                                    "recovering"};
inline std::string_view name(PixelStatus status) {
  return status == PixelStatus::not_judged ? "not_judged" : pixel_status_names[static_cast<std::size_t>(status)];
}

/// What has happened at a pixel, as far as it is known.
struct PixelHistory {
  LookNumber first_detected = no_look;
  LookNumber confirmed_on = no_look;
  LookNumber onset_after = no_look;   // last clear look still undisturbed
  LookNumber onset_before = no_look;  // first clear look disturbed
  LookNumber last_detected = no_look;
  LookNumber last_clear = no_look;
  std::int32_t looks_since_onset = 0;  // clear ones
  std::int32_t own_year_looks = 0;     // of these, that look like the same ground in another season
  float vegetation_lost = 0;           // largest fall of NDVI below the model while disturbed
};

struct PixelCounts {
  std::uint16_t measured = 0;      // looks with data
  std::uint16_t called_cloud = 0;  // of these
  std::uint16_t wet = 0;           // looks of the history that showed water
  /// Since when all that is not clean is explained by something that passes (high water, snow, another season).
  LookNumber excused_since = no_look;
  std::uint8_t clean_in_row = 0;
  std::uint8_t screened_in_row = 0;
};

/// Whether the ground was water in the history, once in a while at least.
inline bool was_water(const PixelCounts& counts) { return counts.wet >= 2; }

/// Where the water's level may show.
enum class NearWater : std::uint8_t {
  none,
  shore,  // land that high water may reach
  bank,   // was water, or is beside what was
};

struct MonitorState {
  int width = 0;
  int height = 0;
  std::vector<Instant> looks;  // all that were learnt from or observed, in that order; most_looks at most
  /// Inverse of the Cholesky factor of the features' joint covariance in units of noise, row-major lower triangle.
  std::array<float, feature_count * feature_count> whitening{};
  FeatureVector typical_noise{};  // median over the site; 0: the feature is not monitored
  // By pixel, row-major.
  PixelVector<PackedModel> models;
  PixelVector<std::uint8_t> kind;  // of ground, as in group_ground()
  PixelVector<PackedResiduals> recent_residuals;
  PixelVector<RecentNumbers> recent_looks;
  PixelVector<PixelHistory> history;
  PixelVector<PixelCounts> counts;
  PixelVector<PixelStatus> status;
  PixelVector<PackedLogOdds> own_evidence;  // by the pixel's own looks
  /// Follows from the others, and is not saved. Empty until the first look.
  PixelVector<NearWater> near_water;

  std::size_t pixels() const { return models.size(); }
  SeasonModel model(std::size_t pixel) const { return unpack(models[pixel], typical_noise); }
  RecentLooks recent(std::size_t pixel) const { return unpack(recent_residuals[pixel], recent_looks[pixel]); }
};

/// All arrays of a state, always in the same order and under the same names: to be saved, or to be filled after
/// unfilled_state() with the same sizes.
std::vector<StateArray> state_arrays(MonitorState& state);

/// An empty state: no pixel is judged yet, no look is there.
MonitorState make_state(int width, int height);

/// A state of `looks` looks whose arrays are uninitialised, to be filled.
MonitorState unfilled_state(int width, int height, std::size_t looks);

/// Adds a look to those of the state. Throws DataError where most_looks are there.
void add_look(MonitorState& state, Instant when);

}  // namespace pitwatch
