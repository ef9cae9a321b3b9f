#include "pipeline/register/register_as_of.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace pitwatch {
namespace {

using Events = std::vector<const RegisteredEvent*>;

/// By alert, those of the newest revision, in order of time.
std::unordered_map<std::string, Events> newest_revisions(std::span<const RegisteredEvent> history) {
  std::unordered_map<std::string, Events> result;
  for (const RegisteredEvent& event : history) {
    Events& events = result[event.alert_id];
    if (!events.empty() && event.revision < events.back()->revision) continue;
    if (!events.empty() && event.revision > events.back()->revision) events.clear();
    events.push_back(&event);
  }
  // Registers of former versions have what is of the record among later acquisitions.
  for (auto& [id, events] : result) {
    std::stable_sort(events.begin(), events.end(),
                     [](const RegisteredEvent* a, const RegisteredEvent* b) { return a->at < b->at; });
  }
  return result;
}

/// The first confirmation of the episode that the events end in.
std::optional<Instant> confirmed_by(std::span<const AlertEvent> events) {
  std::optional<Instant> confirmed;
  for (const AlertEvent& event : events) {
    if (event.kind == AlertEventKind::reopened) confirmed.reset();
    if (event.kind == AlertEventKind::confirmed && !confirmed) confirmed = event.at;
  }
  return confirmed;
}

/// Sets what depends on which acquisitions there had been.
void set_acquisitions(Alert& alert, std::span<const AlertEvent> events, Instant at) {
  if (!events.empty()) {
    alert.confirmed_on = confirmed_by(events);
  } else if (alert.confirmed_on && *alert.confirmed_on > at) {
    alert.confirmed_on.reset();
  }
  if (alert.last_observed <= at && alert.last_detected <= at) return;
  std::set<Instant> acquisitions;
  Instant detected = alert.first_detected;
  for (const AlertEvent& event : events) {
    acquisitions.insert(event.at);
    const bool shows_it = event.kind != AlertEventKind::closed && event.kind != AlertEventKind::superseded &&
                          event.kind != AlertEventKind::not_watched && event.kind != AlertEventKind::watched_again;
    if (shows_it) detected = std::max(detected, event.at);
  }
  const Instant newest = acquisitions.empty() ? alert.first_detected : *acquisitions.rbegin();
  alert.last_detected = alert.last_detected <= at ? alert.last_detected : detected;
  alert.last_observed = std::max(newest, alert.last_detected);
  alert.observations = std::min(alert.observations, std::max(1, static_cast<int>(acquisitions.size())));
}

/// Whether nothing has happened since, nor been looked at: then all is as it is today, what has no events among it.
bool is_as_today(const Alert& alert, const Events* events, Instant at) {
  const auto later = [&](const RegisteredEvent* event) { return event->at > at; };
  return alert.first_detected <= at && alert.last_observed <= at &&
         (events == nullptr || std::none_of(events->begin(), events->end(), later));
}

}  // namespace

bool is_replaced(const Alert& alert) { return alert.superseded && alert.superseded->why != SupersededWhy::merged; }

AlertsAsOf alerts_as_of(std::span<const OutlinedAlert> alerts, std::span<const RegisteredEvent> history, Instant at) {
  const std::unordered_map<std::string, Events> revisions = newest_revisions(history);
  AlertsAsOf result;
  for (const OutlinedAlert& today : alerts) {
    const auto found = revisions.find(today.alert.id);
    if (is_as_today(today.alert, found == revisions.end() ? nullptr : &found->second, at)) {
      result.alerts.push_back(today);
      continue;
    }
    if (is_replaced(today.alert)) continue;  // those that stand for it were there then
    std::vector<RegisteredEvent> until;
    LonLatMultiPolygon outline;
    if (found != revisions.end()) {
      for (const RegisteredEvent* event : found->second) {
        if (event->at > at) continue;
        until.push_back(*event);
        if (!event->outline.empty()) outline = event->outline;
      }
    }
    if (until.empty() && (found != revisions.end() || today.alert.first_detected > at)) continue;
    OutlinedAlert& then = result.alerts.emplace_back(today);
    Alert& alert = then.alert;
    alert.history = as_alert_events(until, alert.confidence);
    if (!alert.history.empty()) {
      const AlertEvent& newest = alert.history.back();
      constexpr double least_ha = 5e-5;  // half of the last decimal that areas have
      const bool is_another = std::abs(newest.area_ha - alert.area_ha) >= least_ha;
      if (is_another) alert.area_uncertainty_ha = std::numeric_limits<double>::quiet_NaN();  // is not on record
      alert.area_ha = newest.area_ha;
      alert.change_class = newest.change_class;
      alert.class_probability = newest.class_probability;
      alert.natural_probability = newest.natural_probability;
      alert.status = newest.status;
      alert.confidence = newest.confidence;
    }
    if (found == revisions.end() || until.size() != found->second.size()) alert.class_probabilities.reset();
    if (alert.status != AlertStatus::superseded) alert.superseded.reset();
    if (!(alert.context == AlertContext{})) ++result.without_facts;
    alert.context = {};  // it is of the outline of today
    set_acquisitions(alert, alert.history, at);
    if (outline.empty()) {
      ++result.present_outlines;
    } else {
      then.outline = std::move(outline);
    }
  }
  return result;
}

}  // namespace pitwatch
