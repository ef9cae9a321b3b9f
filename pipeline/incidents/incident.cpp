#include "pipeline/incidents/incident.hpp"

#include <algorithm>

namespace pitwatch {

std::int64_t pixels_of(const std::vector<Run>& runs) {
  std::int64_t count = 0;
  for (const Run& run : runs) count += run.end - run.begin;
  return count;
}

double calibrated_confidence(AlertStatus status, double mean_probability) {
  // Open pixels have one half at least. What is near that was hardly ever right, and only what is near 1 was mostly.
  const double above_even = std::max(0.0, 2 * mean_probability - 1);
  const double certain = 0.03 + 0.97 * above_even * above_even;
  switch (status) {
    case AlertStatus::closed:
      return 0.6 * certain;
    case AlertStatus::recovering:
      return 0.85 * certain;
    case AlertStatus::confirmed:
      return 0.97 * certain;
    default:
      return 0.75 * certain;
  }
}

double calibrated_confidence(const Incident& incident) {
  const bool is_superseded = incident.status == AlertStatus::superseded;
  return calibrated_confidence(is_superseded ? state_of_ground(incident.events) : incident.status, incident.confidence);
}

AlertStatus state_of_ground(std::span<const IncidentEvent> events) {
  const auto last = std::find_if(events.rbegin(), events.rend(),
                                 [](const IncidentEvent& event) { return event.status != AlertStatus::superseded; });
  return last == events.rend() ? AlertStatus::provisional : last->status;
}

}  // namespace pitwatch
