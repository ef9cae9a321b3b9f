#pragma once
// What the monitor keeps of a site from night to night. With it and the next look it can go on: no history is needed.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/monitor/ground_kinds.hpp"

namespace pitwatch {

enum class PixelStatus : std::uint8_t { stable, provisional, confirmed, closed, recovering, not_judged = 255 };
inline constexpr std::array<std::string_view, 5> pixel_status_names{"stable", "provisional", "confirmed", "closed",
                                                                    "recovering"};
inline std::string_view name(PixelStatus status) {
  return status == PixelStatus::not_judged ? "not_judged" : pixel_status_names[static_cast<std::size_t>(status)];
}

inline constexpr std::size_t window_looks = 6;  // whose residuals are summed

/// Looks are named by their place in MonitorState::looks.
using LookNumber = std::int32_t;
inline constexpr LookNumber no_look = -1;

/// The last clear looks of a pixel, newest first.
struct RecentLooks {
  std::array<FeatureVector, window_looks> whitened{};
  std::array<LookNumber, window_looks> look{};
  std::int32_t count = 0;
};

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
  std::uint8_t clean_in_row = 0;
  std::uint8_t screened_in_row = 0;
};

/// Whether the ground was water in the history, once in a while at least.
inline bool was_water(const PixelCounts& counts) { return counts.wet >= 2; }

struct MonitorState {
  int width = 0;
  int height = 0;
  std::vector<Instant> looks;  // all that were learnt from or observed, in that order
  /// Inverse of the Cholesky factor of the features' joint covariance in units of noise, row-major lower triangle.
  std::array<float, feature_count * feature_count> whitening{};
  FeatureVector typical_noise{};  // median over the site; 0: the feature is not monitored
  // By pixel, row-major.
  std::vector<SeasonModel> models;
  std::vector<std::uint8_t> kind;  // of ground, as in group_ground()
  std::vector<RecentLooks> recent;
  std::vector<PixelHistory> history;
  std::vector<PixelCounts> counts;
  std::vector<PixelStatus> status;
  std::vector<float> own_evidence;  // log odds by the pixel's own looks

  std::size_t pixels() const { return models.size(); }
};

/// One of the arrays of a state: elements of plain numbers, one element per pixel or, for the first, per look or site.
struct StateArray {
  std::string_view name;
  std::size_t element_bytes = 0;
  std::span<std::byte> bytes;
};

/// All arrays of a state, always in the same order and under the same names: to be saved, or to be filled after
/// make_state() with the same sizes. The bytes are those of this machine's numbers.
std::vector<StateArray> state_arrays(MonitorState& state);

/// An empty state: no pixel is judged yet. `looks` is the number of looks that it will hold.
MonitorState make_state(int width, int height, std::size_t looks = 0);

}  // namespace pitwatch
