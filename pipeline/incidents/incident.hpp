#pragma once
// What is on record of one incident.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/polygons/components.hpp"

namespace pitwatch {

/// Something that happened to an incident, as an observation showed it.
struct IncidentEvent {
  Instant when{};
  AlertEventKind kind = AlertEventKind::first_detected;
  AlertStatus status = AlertStatus::provisional;  // from then on
  double confidence = 0;                          // then: mean probability of its pixels, 0..1, not calibrated
  std::int64_t pixels = 0;                        // of its ground then
  std::vector<Run> runs;                          // its ground then, or the last that was open; empty: not known
  friend bool operator==(const IncidentEvent&, const IncidentEvent&) = default;
};

struct Incident {
  std::string id;
  AlertStatus status = AlertStatus::provisional;  // one of those of lifecycle.hpp
  Instant first_detected{};
  std::optional<Instant>
      confirmed_on;                  // in its present or last episode: from its first detection, or its reopening, on
  std::optional<Instant> closed_on;  // while it is closed
  Instant last_detected{};
  Instant last_observed{};
  std::int32_t observations = 0;      // clear observations since it was first detected, that one included
  double confidence = 0;              // mean probability of its pixels when last seen open
  std::vector<Run> runs;              // its ground; of a closed or superseded one the last that was open
  std::vector<IncidentEvent> events;  // in order of time; the first is first_detected, the last has the status of now
  std::vector<std::string> parents;   // that were merged into it, or that it was split from
  std::string merged_into;            // of a superseded one: the incident that goes on in its place
  friend bool operator==(const Incident&, const Incident&) = default;
};

/// How many pixels runs have.
std::int64_t pixels_of(const std::vector<Run>& runs);

/// The probability that an incident is ground disturbed by people: its mean pixel probability times the share of
/// incidents in its state that were right on simulated series (benchmarks/simulated_series.sh, which prints how well it
/// holds). What closed by clean observations was mostly none.
double calibrated_confidence(AlertStatus status, double mean_probability);

/// The same of what it is now. That another goes on in its place makes it no less likely: of a superseded one the state
/// before counts.
double calibrated_confidence(const Incident& incident);

/// The last state of some events that is not superseded; provisional where there is none.
AlertStatus state_of_ground(std::span<const IncidentEvent> events);

}  // namespace pitwatch
