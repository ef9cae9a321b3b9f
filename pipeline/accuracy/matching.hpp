#pragma once
// Which alerts found which events. Geometry comes in as areas and overlaps.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/truth.hpp"

namespace pitwatch {

struct ScoredAlert {
  std::string id;
  std::string status;
  std::string change_class;
  Instant first_detected{};
  std::optional<Instant> confirmed_on;
  double confidence = 0;  // 0..1
  double area_m2 = 0;
};

struct ScoredEvent {
  std::string id;
  std::string site;
  TruthKind kind = TruthKind::disturbance;
  std::string type;
  Instant onset{};
  double area_m2 = 0;
  std::optional<std::vector<Instant>> clear_observations;  // ascending; nothing where unknown
};

/// What an alert and an event have in common, by their indices.
struct Overlap {
  std::size_t alert = 0;
  std::size_t event = 0;
  double intersection_m2 = 0;
};

/// By the best of what an alert hits, in this order.
enum class AlertVerdict : std::uint8_t {
  right,    // hits a disturbance
  natural,  // hits natural events, no disturbance: neither right nor false
  decoy,    // hits decoys alone
  wrong,    // hits nothing: a false alert
};

struct AlertMatch {
  AlertVerdict verdict = AlertVerdict::wrong;
  bool before_onset = false;        // would have hit an event that had not begun when it was raised
  std::vector<std::size_t> events;  // hit, ascending
};

struct EventMatch {
  std::vector<std::size_t> alerts;   // that hit it, ascending
  std::optional<Instant> found;      // the earliest first_detected of these
  std::optional<Instant> confirmed;  // the earliest confirmed_on of these
};

struct Matching {
  std::vector<AlertMatch> alerts;  // one for each alert
  std::vector<EventMatch> events;  // one for each event
};

/// An alert hits an event when they share at least `min_overlap` (over 0, at most 1) of the smaller of the two areas
/// and the alert was first detected at or after the event's onset. One alert may hit several events and one event may
/// be hit by several alerts. Overlaps name valid indices, each pair once.
Matching match_alerts(std::span<const ScoredAlert> alerts, std::span<const ScoredEvent> events,
                      std::span<const Overlap> overlaps, double min_overlap);

}  // namespace pitwatch
