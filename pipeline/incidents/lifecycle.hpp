#pragma once
// The states of an incident, what leads from one to another, and what goes on record then. All of these rules are here,
// as pure functions; README.md has them as a table. The states are five of AlertStatus:
//
//   provisional   open, and not confirmed in this episode
//   confirmed     open, and confirmed in this episode
//   recovering    the same, and most of its ground recovers
//   closed        no ground of it is open; it may open again
//   superseded    it was open and ended in another, which goes on; nothing leads out of this
//
// An episode lasts from the first detection, or from a reopening, to the end.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/core/named_options.hpp"
#include "pipeline/incidents/incident.hpp"

namespace pitwatch {

struct TrackerOptions {
  std::int64_t min_pixels = 5;    // smaller patches are not reported; so many of their own confirm an incident
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

inline bool is_open(AlertStatus status) {
  return status == AlertStatus::provisional || status == AlertStatus::confirmed || status == AlertStatus::recovering;
}

/// Whether it was confirmed in an episode that goes on.
inline bool is_confirmed(AlertStatus status) {
  return status == AlertStatus::confirmed || status == AlertStatus::recovering;
}

/// Whether ground that is open now can be this incident's: that of an open one, and of one that was closed not longer
/// ago than reopen_days.
bool has_claim(const Incident& incident, Instant now, int reopen_days);

/// Whether an incident can go on in a patch of so many pixels, `shared` of which were its ground: a confirmed one
/// always, others where they cover at least takeover_share of it. A chance find does not lend its date to what comes
/// after.
bool can_go_on(AlertStatus status, std::int64_t shared, std::int64_t patch_pixels, double takeover_share);

/// Which of two that can go on in one patch does: the one that is confirmed in its present episode, else the one that
/// is open, else the one that was first detected earlier, else the one whose id is the lesser.
bool outranks(const Incident& one, const Incident& other);

/// What an observation shows of one incident.
struct IncidentSight {
  std::int64_t pixels = 0;         // of its open ground; 0: none is left
  std::int64_t confirmed = 0;      // of these, those that would be reported by themselves, recovering ones included
  std::int64_t recovering = 0;     // of these
  std::int64_t pixels_before = 0;  // of its ground before this observation
  bool same_ground = false;        // as before this observation, pixel by pixel
  std::string taken_over_by;       // the incident that goes on in its place; empty: none does
};

/// One event, and the state from then on.
struct IncidentStep {
  AlertEventKind kind = AlertEventKind::first_detected;
  AlertStatus status = AlertStatus::provisional;
  friend bool operator==(const IncidentStep&, const IncidentStep&) = default;
};

/// What an observation does to an incident in a state (none: it is new), in the order in which it goes on record. The
/// last step has its next state; without any it stays what it is.
///
///   1. first_detected, where it is new, or reopened, where it was closed: provisional.
///   2. else grew or shrank, where it has more or fewer pixels than before, or moved, where it has as many on other
///   ground.
///   3. confirmed, where it is provisional and `min_pixels` of its pixels are confirmed.
///   4. recovering, where it is confirmed (by this observation, too) and more than half of its pixels are recovering;
///   confirmed
///      (again), where it was recovering and half of them, or fewer, are.
///
/// An open one that has no open ground, or was taken over, only ends: closed, or superseded. A closed one that does not
/// open, and one that is superseded, stay what they are.
std::vector<IncidentStep> steps_of(std::optional<AlertStatus> present, const IncidentSight& sight,
                                   std::int64_t min_pixels);

/// Puts steps on an incident's record: its events, with its ground and confidence as they are now, its status, the
/// dates that go with them, and who goes on in its place.
void put_on_record(Incident& incident, const std::vector<IncidentStep>& steps, Instant when,
                   const std::string& taken_over_by = {});

}  // namespace pitwatch
