#pragma once
// From disturbed pixels, look by look, to incidents that keep their identity: one place, one id, one history, from
// first sight on, through growth, merging, splitting and an end.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/named_options.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/polygons/components.hpp"

namespace pitwatch {

/// The state of the ground after a look, on the site's grid.
struct GroundAfterLook {
  Instant when{};
  /// 0: nothing open there; else 1..score_max, in proportion to the probability that the ground is disturbed.
  PlaneView<const std::uint8_t> probability;
  /// The pixel's own status where something is open, as AlertStatus.
  PlaneView<const std::uint8_t> status;
  /// 1 where this look saw the ground, else 0.
  PlaneView<const std::uint8_t> clear;
  /// 1 where this look itself showed the disturbance, else 0.
  PlaneView<const std::uint8_t> detected;
};

struct Incident {
  std::string id;
  AlertStatus status = AlertStatus::provisional;
  Instant first_detected{};
  std::optional<Instant> confirmed_on;
  std::optional<Instant> closed_on;
  Instant last_detected{};
  Instant last_observed{};
  std::int32_t observations = 0;                         // clear looks since it was first detected, that one included
  double confidence = 0;                                 // mean probability of its pixels when last seen open
  std::vector<Run> runs;                                 // its ground; of a closed one the last that was open
  std::vector<std::pair<Instant, std::int64_t>> growth;  // pixels, each time that they changed
  std::vector<std::string> parents;                      // that were merged into it, or that it was split from
  std::string merged_into;                               // empty, or the incident that goes on in its place
};

/// The probability that an incident is ground disturbed by people: its mean pixel probability times the share of
/// incidents in its state that were right on simulated series (benchmarks/simulated_series.sh, which prints how well it
/// holds). What closed by clean looks was mostly none.
double calibrated_confidence(const Incident& incident);

struct TrackerOptions {
  std::int64_t min_pixels = 5;    // smaller patches are not reported
  double high_probability = 0.5;  // somewhere a patch must reach this
  int reopen_days = 730;          // ground that opens again within this is the same incident
  double takeover_share = 0.25;   // of a patch that an unconfirmed or closed incident covers to go on in it
};

/// For each option but min_pixels, which is the minimum mapping unit: see core/named_options.hpp.
template <typename Options, typename Visit>
requires std::same_as<std::remove_const_t<Options>, TrackerOptions>
void for_each_option(Options& options, const Visit& visit) {
  constexpr OptionRange days_range{0, 36500};
  visit("high-probability", "probability that some pixel of an alert must reach, 0..1", options.high_probability,
        share_of_one);
  visit("reopen-days", "days within which ground that opens again is the same alert", options.reopen_days, days_range);
  visit("takeover-share", "share of a patch that an unconfirmed or closed alert must cover to go on in it, 0..1",
        options.takeover_share, share_of_one);
}

/// Follows the incidents of one site. Same looks in the same order, same incidents and ids. Not thread-safe.
class IncidentTracker {
 public:
  /// `site` and `grid` go into ids.
  IncidentTracker(std::string site, Grid grid, const TrackerOptions& options)
      : site_(std::move(site)), grid_(std::move(grid)), options_(options) {}

  /// Takes in the ground after one more look; looks come in order of time.
  void update(const GroundAfterLook& ground);

  /// All incidents ever, in order of first sight; those merged into others too.
  const std::vector<Incident>& incidents() const { return incidents_; }
  std::vector<Incident>& incidents() { return incidents_; }

 private:
  std::string site_;
  Grid grid_;
  TrackerOptions options_;
  std::vector<Incident> incidents_;
};

}  // namespace pitwatch
