#include "pipeline/dossier/alert_dossier.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

/// Whether two instants are one acquisition: records have milliseconds, alerts too, products of a datatake differ by
/// some seconds.
bool is_one(Instant a, Instant b) { return std::chrono::abs(a - b) < std::chrono::minutes(10); }

AcquisitionRole part_of(const Alert& alert, Instant at) {
  if (alert.confirmed_on && is_one(at, *alert.confirmed_on)) return AcquisitionRole::confirmed;
  if (is_one(at, alert.first_detected)) return AcquisitionRole::detected;
  if (is_one(at, alert.onset_before)) return AcquisitionRole::onset;
  if (is_one(at, alert.onset_after)) return AcquisitionRole::undisturbed;
  return at < alert.onset_before ? AcquisitionRole::hidden : AcquisitionRole::other;
}

bool holds(const std::vector<std::string>& names, const std::vector<std::string>& scenes) {
  return std::any_of(scenes.begin(), scenes.end(), [&](const std::string& scene) {
    return std::find(names.begin(), names.end(), scene) != names.end();
  });
}

const ObservedAlert* observed_at(const std::vector<ObservedAlert>& observed, Instant at) {
  const auto found = std::find_if(observed.begin(), observed.end(),
                                  [&](const ObservedAlert& one) { return is_one(one.acquired, at); });
  return found == observed.end() ? nullptr : &*found;
}

/// The site's acquisitions on record, with those that only the alert's own table names.
std::vector<RecordedAcquisition> acquisitions_of(const DossierRecord& record, const std::string& site,
                                                 const std::vector<ObservedAlert>& observed) {
  std::vector<RecordedAcquisition> all;
  if (const auto found = record.acquisitions.find(site); found != record.acquisitions.end()) all = found->second;
  for (const ObservedAlert& one : observed) {
    const auto is_it = [&](const RecordedAcquisition& each) { return is_one(each.acquired, one.acquired); };
    if (std::any_of(all.begin(), all.end(), is_it)) continue;
    all.push_back({one.acquired, {one.acquisition}, one.use == AlertSeen::skipped, one.why, {}, {}});
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.acquired < b.acquired; });
  return all;
}

void add_acquisitions(const std::vector<RecordedAcquisition>& all, AlertDossier& dossier) {
  const Alert& alert = dossier.outlined.alert;
  const Instant end = alert.confirmed_on.value_or(alert.last_observed);
  for (const RecordedAcquisition& one : all) {
    if (one.acquired < alert.onset_after && !is_one(one.acquired, alert.onset_after)) continue;
    if (one.acquired > end && !is_one(one.acquired, end)) continue;
    if (dossier.acquisitions.size() == most_dossier_rows) {
      ++dossier.acquisitions_more;
      continue;
    }
    DossierAcquisition row{one, part_of(alert, one.acquired), {}, false, is_one(one.acquired, alert.onset_before)};
    if (const ObservedAlert* seen = observed_at(dossier.observed, one.acquired)) row.observed = *seen;
    row.is_evidence = holds(alert.scenes_before, one.scenes) || holds(alert.scenes_after, one.scenes);
    dossier.acquisitions.push_back(std::move(row));
  }
}

void add_vertices(AlertDossier& dossier) {
  double west = 360, south = 90, east = -360, north = -90;
  for (const LonLatPolygon& polygon : dossier.outlined.outline) {
    for (const LonLat& place : polygon.outer) {
      west = std::min(west, place.lon);
      east = std::max(east, place.lon);
      south = std::min(south, place.lat);
      north = std::max(north, place.lat);
    }
  }
  if (west > east) throw DataError("alert " + dossier.outlined.alert.id + ": has no outline");
  dossier.middle = {(west + east) / 2, (south + north) / 2};
  const int zone = std::clamp(static_cast<int>(std::floor((dossier.middle.lon + 180) / 6)) + 1, 1, 60);
  dossier.crs = "EPSG:" + std::to_string((dossier.middle.lat < 0 ? 32700 : 32600) + zone);
  ToWgs84 wgs84(dossier.crs);
  int part = 0;
  for (const LonLatPolygon& polygon : dossier.outlined.outline) {
    ++part;
    int ring = 0;
    const auto add = [&](const LonLatRing& places) {
      ++ring;
      int number = 0;
      for (const LonLat& place : places) {
        if (dossier.vertices.size() == most_vertices) {
          ++dossier.vertices_more;
        } else {
          dossier.vertices.push_back({part, ring, ++number, place, wgs84.to_map(place)});
        }
      }
    };
    add(polygon.outer);
    for (const LonLatRing& hole : polygon.holes) add(hole);
  }
}

void add_chips(const DossierRecord& record, AlertDossier& dossier) {
  const Alert& alert = dossier.outlined.alert;
  if (record.state.empty() || !alert.site) return;
  const std::string folder = chips_folder(record.state, *alert.site, alert.id);
  AlertChips of_alert = alert_chips(record.state, *alert.site, alert.id, record.due_chips);
  dossier.missing = std::move(of_alert.missing);
  if (!of_alert.unlisted.empty()) dossier.unreadable.emplace_back(folder, of_alert.unlisted);
  for (KeptChip& kept : of_alert.chips) {
    try {
      dossier.pictures.push_back(read_chip(kept.path));
      dossier.chips.push_back(std::move(kept));
    } catch (const DataError& error) {
      dossier.unreadable.emplace_back(kept.path, error.what());
    }
  }
  try {
    dossier.observed = read_observations(record.state, *alert.site, alert.id);
  } catch (const DataError& error) {
    dossier.unreadable.emplace_back(folder + "/" + observations_name, error.what());
  }
}

/// What lies between two pictures.
DossierGap gap_between(Instant from, Instant to, const std::vector<RecordedAcquisition>& all,
                       const std::vector<ObservedAlert>& observed) {
  DossierGap gap{from, to, static_cast<int>(std::chrono::floor<std::chrono::days>(to - from).count()), 0, 0, 0, 0,
                 0,    {}};
  std::set<std::string> reasons;
  for (const RecordedAcquisition& one : all) {
    if (one.acquired <= from || one.acquired >= to || is_one(one.acquired, from) || is_one(one.acquired, to)) continue;
    ++gap.acquisitions;
    const ObservedAlert* seen = observed_at(observed, one.acquired);
    const std::string& why = seen != nullptr ? seen->why : one.reason;
    if (one.is_skipped || (seen != nullptr && seen->use == AlertSeen::skipped)) {
      ++gap.skipped;
    } else if (seen == nullptr) {
      ++gap.unknown;
    } else if (seen->use == AlertSeen::masked) {
      ++gap.masked;
    } else {
      ++gap.thinned;
    }
    if (!why.empty()) reasons.insert(why);
  }
  gap.reasons.assign(reasons.begin(), reasons.end());
  return gap;
}

void add_gaps(const std::vector<RecordedAcquisition>& all, AlertDossier& dossier) {
  for (std::size_t i = 1; i < dossier.chips.size(); ++i) {
    const Instant from = dossier.chips[i - 1].acquired;
    const Instant to = dossier.chips[i].acquired;
    if (std::chrono::floor<std::chrono::days>(to - from).count() <= gap_days) continue;
    dossier.gaps.push_back(gap_between(from, to, all, dossier.observed));
  }
}

/// Which manifests are the newest to name a file of its pictures.
std::set<std::size_t> manifests_of_chips(const DossierRecord& record, const Alert& alert) {
  std::set<std::size_t> found;
  const std::string folder =
      "chips/" + chip_folder_name(alert.site.value_or("")) + "/" + chip_folder_name(alert.id) + "/";
  for (auto chip = record.chips.lower_bound(folder); chip != record.chips.end() && chip->first.starts_with(folder);
       ++chip) {
    found.insert(chip->second);
  }
  return found;
}

}  // namespace

const LonLatMultiPolygon* outline_at(const std::vector<RegisteredEvent>& events, Instant at) {
  const LonLatMultiPolygon* found = nullptr;
  for (const RegisteredEvent& event : events) {
    if (event.at <= at && !event.outline.empty()) found = &event.outline;
  }
  return found;
}

std::vector<const RecordedManifest*> manifests_of(const DossierRecord& record, const Alert& alert) {
  std::vector<const RecordedManifest*> found;
  const auto facts = record.facts.find(alert.id);
  const std::set<std::size_t> of_chips = manifests_of_chips(record, alert);
  for (std::size_t i = 0; i < record.manifests.size(); ++i) {
    const RecordedManifest& manifest = record.manifests[i];
    const auto judged = manifest.judged.find(alert.site.value_or(""));
    const bool is_of_its_time =
        judged != manifest.judged.end() && std::any_of(judged->second.begin(), judged->second.end(), [&](Instant at) {
          return at >= alert.onset_after && at <= alert.last_detected;
        });
    const bool is_of_its_facts =
        facts != record.facts.end() &&
        std::any_of(facts->second.begin(), facts->second.end(), [&](const RegisteredFact& fact) {
          return fact.recorded_at >= manifest.started && fact.recorded_at <= manifest.ended;
        });
    const bool is_newest = record.head && record.head->name == manifest.name;
    if (is_of_its_time || is_of_its_facts || of_chips.count(i) != 0 || manifest.reviewed == alert.id || is_newest)
      found.push_back(&manifest);
  }
  return found;
}

AlertDossier alert_dossier(const DossierRecord& record, const OutlinedAlert& outlined) {
  AlertDossier dossier;
  dossier.outlined = outlined;
  const Alert& alert = dossier.outlined.alert;
  if (const auto events = record.events.find(alert.id); events != record.events.end()) {
    dossier.events = newest_revision(events->second);
    if (!dossier.events.empty()) dossier.revisions = dossier.events.front().revision;
  }
  for (const RegisteredReview& each : record.content.reviews) {
    Review by_overlap = each.review;
    by_overlap.by_overlap = true;
    if (each.alert_id == alert.id || alert.review == by_overlap) dossier.reviews.push_back(each);
  }
  if (const auto facts = record.facts.find(alert.id); facts != record.facts.end()) dossier.facts = facts->second;
  add_vertices(dossier);
  add_chips(record, dossier);
  const std::vector<RecordedAcquisition> all = acquisitions_of(record, alert.site.value_or(""), dossier.observed);
  if (!all.empty()) dossier.newest_acquisition = all.back().acquired;
  add_acquisitions(all, dossier);
  add_gaps(all, dossier);
  dossier.manifests = manifests_of(record, alert);
  return dossier;
}

}  // namespace pitwatch
