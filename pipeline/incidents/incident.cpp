#include "pipeline/incidents/incident.hpp"

namespace pitwatch {

std::int64_t pixels_of(const std::vector<Run>& runs) {
  std::int64_t count = 0;
  for (const Run& run : runs) count += run.end - run.begin;
  return count;
}

double calibrated_confidence(AlertStatus status, double mean_probability) {
  switch (status) {
    case AlertStatus::closed:
      return 0.2 * mean_probability;
    case AlertStatus::recovering:
      return 0.6 * mean_probability;
    default:
      return 0.88 * mean_probability;
  }
}

double calibrated_confidence(const Incident& incident) {
  return calibrated_confidence(incident.status, incident.confidence);
}

}  // namespace pitwatch
