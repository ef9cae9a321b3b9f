#include "pipeline/accuracy/matching.hpp"

#include <algorithm>

namespace pitwatch {
namespace {

AlertVerdict verdict_on(TruthKind kind) {
  switch (kind) {
    case TruthKind::disturbance:
      return AlertVerdict::right;
    case TruthKind::natural:
      return AlertVerdict::natural;
    case TruthKind::decoy:
      break;
  }
  return AlertVerdict::decoy;
}

void keep_earliest(std::optional<Instant>& earliest, const std::optional<Instant>& candidate) {
  if (candidate && (!earliest || *candidate < *earliest)) earliest = candidate;
}

}  // namespace

Matching match_alerts(std::span<const ScoredAlert> alerts, std::span<const ScoredEvent> events,
                      std::span<const Overlap> overlaps, double min_overlap) {
  Matching matching{std::vector<AlertMatch>(alerts.size()), std::vector<EventMatch>(events.size())};
  for (const Overlap& overlap : overlaps) {
    const ScoredAlert& alert = alerts[overlap.alert];
    const ScoredEvent& event = events[overlap.event];
    if (overlap.intersection_m2 < min_overlap * std::min(alert.area_m2, event.area_m2)) continue;
    AlertMatch& of_alert = matching.alerts[overlap.alert];
    if (alert.first_detected < event.onset) {
      of_alert.before_onset = true;
      continue;
    }
    EventMatch& of_event = matching.events[overlap.event];
    of_alert.events.push_back(overlap.event);
    of_alert.verdict = std::min(of_alert.verdict, verdict_on(event.kind));
    of_event.alerts.push_back(overlap.alert);
    keep_earliest(of_event.found, alert.first_detected);
    keep_earliest(of_event.confirmed, alert.confirmed_on);
  }
  for (AlertMatch& match : matching.alerts) std::sort(match.events.begin(), match.events.end());
  for (EventMatch& match : matching.events) std::sort(match.alerts.begin(), match.alerts.end());
  return matching;
}

}  // namespace pitwatch
