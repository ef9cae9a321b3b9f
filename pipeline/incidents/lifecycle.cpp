#include "pipeline/incidents/lifecycle.hpp"

#include <chrono>
#include <tuple>

namespace pitwatch {

bool has_claim(const Incident& incident, Instant now, int reopen_days) {
  if (is_open(incident.status)) return true;
  return incident.status == AlertStatus::closed && now - incident.closed_on.value() <= std::chrono::days(reopen_days);
}

bool can_go_on(AlertStatus status, std::int64_t shared, std::int64_t patch_pixels, double takeover_share) {
  return is_confirmed(status) || static_cast<double>(shared) >= takeover_share * static_cast<double>(patch_pixels);
}

bool outranks(const Incident& one, const Incident& other) {
  const auto rank = [](const Incident& incident) {
    return std::tuple(!is_confirmed(incident.status), !is_open(incident.status), incident.first_detected,
                      std::string_view(incident.id));
  };
  return rank(one) < rank(other);
}

std::vector<IncidentStep> steps_of(std::optional<AlertStatus> present, const IncidentSight& sight,
                                   std::int64_t min_pixels) {
  const bool was_open = present && is_open(*present);
  if (was_open && !sight.taken_over_by.empty()) return {{AlertEventKind::superseded, AlertStatus::superseded}};
  if (was_open && sight.pixels == 0) return {{AlertEventKind::closed, AlertStatus::closed}};
  if (present == AlertStatus::superseded || !sight.taken_over_by.empty() || sight.pixels == 0) return {};

  AlertStatus status = was_open ? *present : AlertStatus::provisional;
  std::vector<IncidentStep> steps;
  if (!present) {
    steps.push_back({AlertEventKind::first_detected, status});
  } else if (!was_open) {
    steps.push_back({AlertEventKind::reopened, status});
  } else if (sight.pixels > sight.pixels_before) {
    steps.push_back({AlertEventKind::grew, status});
  } else if (sight.pixels < sight.pixels_before) {
    steps.push_back({AlertEventKind::shrank, status});
  } else if (!sight.same_ground) {
    steps.push_back({AlertEventKind::moved, status});
  }
  const auto enter = [&](AlertEventKind kind, AlertStatus next) {
    status = next;
    steps.push_back({kind, next});
  };
  const bool recovers = 2 * sight.recovering > sight.pixels;
  if (status == AlertStatus::provisional && sight.confirmed >= min_pixels) {
    enter(AlertEventKind::confirmed, AlertStatus::confirmed);
  }
  if (status == AlertStatus::confirmed && recovers) {
    enter(AlertEventKind::recovering, AlertStatus::recovering);
  } else if (status == AlertStatus::recovering && !recovers) {
    enter(AlertEventKind::confirmed, AlertStatus::confirmed);
  }
  return steps;
}

void put_on_record(Incident& incident, const std::vector<IncidentStep>& steps, Instant when,
                   const std::string& taken_over_by) {
  for (const IncidentStep& step : steps) {
    incident.status = step.status;
    switch (step.kind) {
      case AlertEventKind::reopened:
        incident.confirmed_on.reset();
        incident.closed_on.reset();
        break;
      case AlertEventKind::confirmed:
        if (!incident.confirmed_on) incident.confirmed_on = when;
        break;
      case AlertEventKind::closed:
        incident.closed_on = when;
        break;
      case AlertEventKind::superseded:
        incident.merged_into = taken_over_by;
        break;
      default:
        break;
    }
    incident.events.push_back(
        {when, step.kind, step.status, incident.confidence, pixels_of(incident.runs), incident.runs});
  }
}

}  // namespace pitwatch
