#include "pipeline/register/register_record.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/alerts/register_rows.hpp"
#include "pipeline/io/vector/geojson_text.hpp"
#include "pipeline/register/review_assignment.hpp"

namespace pitwatch {
namespace {

constexpr double least_overlap = 0.5;  // of the smaller of two areas
constexpr std::size_t alerts_per_part = 1024;

/// An alert of the update, and the grid that it lies on.
struct ReportedAlert {
  const Alert* alert = nullptr;
  const Grid* grid = nullptr;
  LonLatMultiPolygon outline;
};

/// What the register itself adds to a history: a run's history lacks it.
bool is_of_register(AlertEventKind kind) {
  return kind == AlertEventKind::not_watched || kind == AlertEventKind::watched_again;
}

/// The newest shape that there is.
const PixelMultiPolygon& shape_of(const Alert& alert) {
  if (!alert.shape.empty()) return alert.shape;
  const auto newest = std::find_if(alert.history.rbegin(), alert.history.rend(),
                                   [](const AlertEvent& event) { return !event.shape.empty(); });
  return newest == alert.history.rend() ? alert.shape : newest->shape;
}

/// Without shapes on the grid: the register has outlines.
Alert without_shapes(const Alert& alert) {
  Alert copy = alert;
  copy.shape.clear();
  copy.history.clear();
  return copy;
}

/// An alert that is superseded has an event that says so.
std::vector<AlertEvent> history_of(const Alert& alert) {
  std::vector<AlertEvent> events = alert.history;
  std::erase_if(events, [](const AlertEvent& event) { return is_of_register(event.kind); });
  const auto says_so = [](const AlertEvent& event) { return event.kind == AlertEventKind::superseded; };
  if (alert.superseded && std::none_of(events.begin(), events.end(), says_so)) {
    events.push_back({alert.last_observed,
                      AlertEventKind::superseded,
                      alert.area_ha,
                      alert.change_class,
                      AlertStatus::superseded,
                      alert.confidence,
                      {},
                      alert.class_probability,
                      alert.natural_probability});
  }
  return events;
}

/// Whether a probability that is recorded is the one that is reported; of a former register none is.
bool same(const std::optional<double>& recorded, const std::optional<double>& reported) {
  return !recorded || (reported && *recorded == rounded_number(*reported, confidence_decimals));
}

bool same(const RegisteredEvent& recorded, const AlertEvent& reported) {
  return recorded.at == reported.at && recorded.kind == reported.kind &&
         recorded.change_class == reported.change_class &&
         recorded.area_ha == rounded_number(reported.area_ha, area_decimals) &&
         (!recorded.status || *recorded.status == reported.status) && same(recorded.confidence, reported.confidence) &&
         same(recorded.class_probability, reported.class_probability) &&
         same(recorded.natural_probability, reported.natural_probability);
}

/// How many of the events are recorded, in the order reported; nothing where the record has another history.
std::optional<std::size_t> recorded_of(const std::vector<RegisteredEvent>& recorded,
                                       const std::vector<AlertEvent>& reported) {
  std::size_t count = 0;
  for (const RegisteredEvent& event : recorded) {
    if (is_of_register(event.kind)) continue;
    if (count == reported.size() || !same(event, reported[count])) return std::nullopt;
    ++count;
  }
  return count;
}

class Updater {
 public:
  Updater(RegisterRecord& record, const RegisterUpdate& update) : record_(record), update_(update) {}

  void run(const ParallelFor& parallel_for) {
    collect();
    outline_all(parallel_for);
    for (ReportedAlert& reported : reported_) take_in(reported);
    supersede_missing();
    leave_unlisted();
  }

 private:
  void collect() {
    for (const AlertLayer& layer : update_.alerts) {
      for (const Alert& alert : layer.alerts) {
        const auto [place, is_new] = reported_ids_.emplace(alert.id, reported_.size());
        if (is_new) {
          reported_.push_back({&alert, &layer.grid, {}});
        } else if (reported_[place->second].alert->superseded && !alert.superseded) {
          reported_[place->second] = {&alert, &layer.grid, {}};
        }
      }
    }
  }

  void outline_all(const ParallelFor& parallel_for) {
    const std::size_t parts = (reported_.size() + alerts_per_part - 1) / alerts_per_part;
    parallel_for(static_cast<int>(parts), [&](int part) {
      const std::size_t first = static_cast<std::size_t>(part) * alerts_per_part;
      std::optional<GeometryWriter> writer;  // costly to make: each serves many alerts
      const Grid* grid = nullptr;
      for (std::size_t i = first; i < std::min(first + alerts_per_part, reported_.size()); ++i) {
        ReportedAlert& reported = reported_[i];
        if (reported.grid != grid) writer.emplace(*reported.grid);
        grid = reported.grid;
        if (const PixelMultiPolygon& shape = shape_of(*reported.alert); !shape.empty())
          reported.outline = writer->outline(shape);
      }
    });
  }

  void take_in(ReportedAlert& reported) {
    const Alert& alert = *reported.alert;
    RecordedAlert* known = record_.find(alert.id);
    const bool comes_back = known != nullptr && known->outlined.alert.status == AlertStatus::not_watched;
    if (known == nullptr) {
      if (reported.outline.empty()) throw DataError("alert '" + alert.id + "': has no outline");
      known = &record_.append({without_shapes(alert), std::move(reported.outline)});
    } else {
      AlertContext context = std::move(known->outlined.alert.context);  // a run knows nothing of it
      known->outlined.alert = without_shapes(alert);
      known->outlined.alert.context = std::move(context);
      if (!reported.outline.empty()) known->outlined.outline = std::move(reported.outline);
    }
    take_in_history(*known, reported);
    if (comes_back && !alert.superseded) {
      Instant at = alert.last_observed;
      for (const RegisteredEvent& event : known->events) at = std::max(at, event.at);
      record_.add_event(*known, event_now(*known, AlertEventKind::watched_again, at));
    }
  }

  void take_in_history(RecordedAlert& known, const ReportedAlert& reported) {
    const std::vector<AlertEvent> events = history_of(*reported.alert);
    const std::optional<std::size_t> recorded = recorded_of(known.events, events);
    const int revision = recorded ? std::max(known.revision, 1) : known.revision + 1;
    for (std::size_t i = recorded.value_or(0); i < events.size(); ++i) {
      const AlertEvent& event = events[i];
      RegisteredEvent added{known.outlined.alert.id,
                            revision,
                            event.at,
                            event.kind,
                            event.status,
                            event.change_class,
                            event.area_ha,
                            event.confidence,
                            update_.now,
                            {},
                            event.class_probability,
                            event.natural_probability};
      if (!event.shape.empty()) {
        added.outline = outline_of(event.shape, *reported.grid);
      } else if (i + 1 == events.size()) {
        added.outline = known.outlined.outline;  // the newest event: as it is now
      }
      record_.add_event(known, std::move(added));
    }
  }

  LonLatMultiPolygon outline_of(const PixelMultiPolygon& shape, const Grid& grid) {
    if (writer_grid_ != &grid) writer_.emplace(grid);
    writer_grid_ = &grid;
    return writer_->outline(shape);
  }

  RegisteredEvent event_now(const RecordedAlert& known, AlertEventKind kind, Instant at) const {
    const Alert& alert = known.outlined.alert;
    return {alert.id,
            std::max(known.revision, 1),
            at,
            kind,
            alert.status,
            alert.change_class,
            alert.area_ha,
            alert.confidence,
            update_.now,
            known.outlined.outline,
            alert.class_probability,
            alert.natural_probability};
  }

  void supersede_missing() {
    std::map<std::string, std::vector<RecordedAlert*>> missing;
    for (RecordedAlert& known : record_.alerts()) {
      const Alert& alert = known.outlined.alert;
      if (reported_ids_.count(alert.id) == 0 && alert.site && update_.watched.count(*alert.site) != 0 &&
          alert.status != AlertStatus::superseded) {
        missing[*alert.site].push_back(&known);
      }
    }
    for (auto& [site, alerts] : missing) supersede(site, alerts);
  }

  void supersede(const std::string& site, const std::vector<RecordedAlert*>& missing) {
    std::vector<const RecordedAlert*> standing;
    Instant newest{};
    for (const ReportedAlert& reported : reported_) {
      if (reported.alert->site != site) continue;
      newest = std::max(newest, reported.alert->last_observed);
      if (!reported.alert->superseded) standing.push_back(record_.find(reported.alert->id));
    }
    const std::vector<std::vector<std::string>> heirs = heirs_of(missing, standing);
    for (std::size_t i = 0; i < missing.size(); ++i) {
      Alert& alert = missing[i]->outlined.alert;
      alert.status = AlertStatus::superseded;
      alert.superseded = Superseded{update_.watched.at(site), heirs[i]};
      record_.add_event(*missing[i],
                        event_now(*missing[i], AlertEventKind::superseded, std::max(newest, alert.last_observed)));
    }
  }

  /// Ids of those that stand on the same ground as each of the missing, the largest overlap first.
  static std::vector<std::vector<std::string>> heirs_of(const std::vector<RecordedAlert*>& missing,
                                                        const std::vector<const RecordedAlert*>& standing) {
    std::vector<const LonLatMultiPolygon*> shapes;
    for (const RecordedAlert* alert : missing) shapes.push_back(&alert->outlined.outline);
    for (const RecordedAlert* alert : standing) shapes.push_back(&alert->outlined.outline);
    const LonLat centre = middle_of(shapes);
    std::vector<std::size_t> first_places, second_places;
    const PolygonLayer first = layer_of(missing, centre, first_places);
    const PolygonLayer second = layer_of(standing, centre, second_places);
    std::vector<std::vector<std::pair<double, std::string>>> found(missing.size());
    for (const PolygonOverlap& overlap : overlaps(first, second)) {
      const double smaller_m2 = std::min(first.area_m2(overlap.first), second.area_m2(overlap.second));
      if (overlap.intersection_m2 < least_overlap * smaller_m2) continue;
      found[first_places[overlap.first]].emplace_back(-overlap.intersection_m2,
                                                      standing[second_places[overlap.second]]->outlined.alert.id);
    }
    std::vector<std::vector<std::string>> ids(missing.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      std::sort(found[i].begin(), found[i].end());
      for (auto& [area, id] : found[i]) ids[i].push_back(std::move(id));
    }
    return ids;
  }

  /// `places`: which of the alerts each of the layer is; what has no area has no place.
  template <typename Alerts>
  static PolygonLayer layer_of(const Alerts& alerts, LonLat centre, std::vector<std::size_t>& places) {
    PolygonLayer layer(centre);
    for (std::size_t i = 0; i < alerts.size(); ++i) {
      try {
        layer.add(alerts[i]->outlined.alert.id, alerts[i]->outlined.outline);
        places.push_back(i);
      } catch (const DataError&) {
        continue;  // overlaps nothing
      }
    }
    return layer;
  }

  /// Of each site the newest acquisition on record: until then it was watched.
  std::map<std::string, Instant> newest_of_sites() const {
    std::map<std::string, Instant> newest;
    for (const RecordedAlert& known : record_.alerts()) {
      const Alert& alert = known.outlined.alert;
      if (!alert.site) continue;
      Instant& of_site = newest[*alert.site];
      of_site = std::max(of_site, alert.last_observed);
      for (const RegisteredEvent& event : known.events) of_site = std::max(of_site, event.at);
    }
    return newest;
  }

  void leave_unlisted() {
    const std::map<std::string, Instant> newest = newest_of_sites();
    for (RecordedAlert& known : record_.alerts()) {
      Alert& alert = known.outlined.alert;
      if (reported_ids_.count(alert.id) != 0 || !alert.site || update_.listed.count(*alert.site) != 0) continue;
      if (alert.status == AlertStatus::superseded || alert.status == AlertStatus::not_watched) continue;
      alert.status = AlertStatus::not_watched;
      record_.add_event(known, event_now(known, AlertEventKind::not_watched, newest.at(*alert.site)));
    }
  }

  RegisterRecord& record_;
  const RegisterUpdate& update_;
  std::vector<ReportedAlert> reported_;
  std::unordered_map<std::string, std::size_t> reported_ids_;
  const Grid* writer_grid_ = nullptr;
  std::optional<GeometryWriter> writer_;
};

}  // namespace

RegisterRecord::RegisterRecord(const Table& alerts, const Table& history, const Table& reviews)
    : reviews_(reviews_of(reviews)) {
  std::vector<OutlinedAlert> outlined = alerts_of(alerts);
  for (std::size_t i = 0; i < outlined.size(); ++i) {
    RecordedAlert& known = append(std::move(outlined[i]));
    known.number = alerts.numbers[i];
    known.row = alerts.rows[i];
  }
  for (RegisteredEvent& event : events_of(history)) {
    RecordedAlert* const known = find(event.alert_id);
    if (known == nullptr) throw DataError("table 'alert_history': has an event of no alert '" + event.alert_id + "'");
    if (event.revision < known->revision) continue;
    if (event.revision > known->revision) known->events.clear();
    known->revision = event.revision;
    event.outline.clear();
    known->events.push_back(std::move(event));
  }
}

RecordedAlert* RegisterRecord::find(const std::string& id) {
  const auto found = places_.find(id);
  return found == places_.end() ? nullptr : &alerts_[found->second];
}

const RecordedAlert* RegisterRecord::find(const std::string& id) const {
  const auto found = places_.find(id);
  return found == places_.end() ? nullptr : &alerts_[found->second];
}

RecordedAlert& RegisterRecord::append(OutlinedAlert outlined) {
  if (!places_.emplace(outlined.alert.id, alerts_.size()).second) {
    throw DataError("table 'alerts': has alert '" + outlined.alert.id + "' twice");
  }
  RecordedAlert& known = alerts_.emplace_back();
  known.outlined = std::move(outlined);
  return known;
}

void RegisterRecord::add_event(RecordedAlert& alert, RegisteredEvent event) {
  if (event.revision > alert.revision) alert.events.clear();
  alert.revision = event.revision;
  added_events_.push_back(event);
  event.outline.clear();
  alert.events.push_back(std::move(event));
}

RegisterContent RegisterRecord::content(Instant now) {
  RegisterContent content;
  content.alerts.reserve(alerts_.size());
  for (const RecordedAlert& known : alerts_) {
    OutlinedAlert& outlined = content.alerts.emplace_back(known.outlined);
    outlined.alert.history = as_alert_events(known.events, outlined.alert.confidence);
  }
  sort_alerts(content.alerts);
  sort_reviews(reviews_);
  content.reviews = reviews_;
  assign_reviews(content.alerts, content.reviews, now);
  return content;
}

void apply_update(RegisterRecord& record, const RegisterUpdate& update, const ParallelFor& parallel_for) {
  Updater(record, update).run(parallel_for);
}

std::vector<AlertEvent> as_alert_events(std::span<const RegisteredEvent> events, double confidence) {
  std::vector<AlertEvent> result;
  AlertStatus status = AlertStatus::provisional;
  AlertStatus standing = AlertStatus::provisional;  // before it was closed or recovering
  for (const RegisteredEvent& event : events) {
    switch (event.kind) {
      case AlertEventKind::first_detected:
      case AlertEventKind::grew:
      case AlertEventKind::shrank:
      case AlertEventKind::moved:
      case AlertEventKind::reclassified:
        break;
      case AlertEventKind::confirmed:
        status = standing = AlertStatus::confirmed;
        break;
      case AlertEventKind::closed:
        status = AlertStatus::closed;
        break;
      case AlertEventKind::recovering:
        status = AlertStatus::recovering;
        break;
      case AlertEventKind::reopened:
      case AlertEventKind::watched_again:
        status = standing;
        break;
      case AlertEventKind::superseded:
        status = AlertStatus::superseded;
        break;
      case AlertEventKind::not_watched:
        status = AlertStatus::not_watched;
        break;
    }
    status = event.status.value_or(status);
    result.push_back({event.at,
                      event.kind,
                      event.area_ha,
                      event.change_class,
                      status,
                      event.confidence.value_or(confidence),
                      {},
                      event.class_probability,
                      event.natural_probability});
  }
  return result;
}

void sort_alerts(std::vector<OutlinedAlert>& alerts) {
  std::sort(alerts.begin(), alerts.end(), [](const OutlinedAlert& a, const OutlinedAlert& b) {
    return std::tie(a.alert.site, a.alert.first_detected, a.alert.id) <
           std::tie(b.alert.site, b.alert.first_detected, b.alert.id);
  });
}

}  // namespace pitwatch
