#include "pipeline/watch/inspect.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/monitor/season_model.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/watch/site_watch.hpp"

namespace pitwatch {
namespace {

constexpr float none = std::numeric_limits<float>::quiet_NaN();

FeatureVector no_features() {
  FeatureVector features;
  features.fill(none);
  return features;
}

/// Where a place lies on a grid, in pixels from its corner; nothing outside.
std::optional<PixelPoint> pixel_at(LonLat place, const Grid& grid) {
  const DegreeBox box = degree_box(grid);
  if (place.lon < box.west || place.lon > box.east || place.lat < box.south || place.lat > box.north) return {};
  const MapPoint point = ToWgs84(grid.crs).to_map(place);
  const PixelPoint pixel{static_cast<int>(std::floor((point.x - grid.origin.x) / grid.pixel_size_m)),
                         static_cast<int>(std::floor((grid.origin.y - point.y) / grid.pixel_size_m))};
  const bool inside = pixel.x >= 0 && pixel.y >= 0 && pixel.x < grid.width && pixel.y < grid.height;
  return inside ? std::optional(pixel) : std::nullopt;
}

double distance_m(LonLat place, const Grid& grid) {
  const DegreeBox box = degree_box(grid);
  const LonLat nearest{std::clamp(place.lon, box.west, box.east), std::clamp(place.lat, box.south, box.north)};
  return geodesic_distance_m(place, nearest);
}

std::string kilometres(double metres) {
  std::string text = std::to_string(std::lround(metres / 100));
  if (text.size() < 2) text.insert(0, "0");
  return text.insert(text.size() - 1, ".") + " km";
}

struct WatchedPlace {
  const WatchedSite* site;
  PixelPoint pixel;
};

WatchedPlace place_of(const InspectOptions& options, const std::vector<WatchedSite>& sites) {
  const WatchedSite* nearest = nullptr;
  double least_m = 0;
  for (const WatchedSite& watched : sites) {
    if (!options.site.empty() && watched.site.id != options.site) continue;
    const Grid grid = site_grid(watched.site, watched.options.buffer_m);
    if (const auto pixel = pixel_at(options.at, grid)) return {&watched, *pixel};
    const double metres = distance_m(options.at, grid);
    if (nearest == nullptr || metres < least_m) {
      nearest = &watched;
      least_m = metres;
    }
  }
  if (nearest == nullptr) throw ConfigError(options.watch.sites + " has no site '" + options.site + "'");
  throw ConfigError("the place is outside of what is watched; " + kilometres(least_m) + " from " +
                    (options.site.empty() ? "the nearest site, '" : "site '") + nearest->site.id + "'");
}

/// Writes down what each observation does at one pixel.
class PixelRecorder {
 public:
  PixelRecorder(PixelPoint pixel, const Grid& grid, const MonitorOptions& options, PixelReport& report)
      : pixel_(pixel),
        index_(static_cast<std::size_t>(pixel.y) * static_cast<std::size_t>(grid.width) +
               static_cast<std::size_t>(pixel.x)),
        options_(options),
        report_(report) {}

  void learnt(const MonitorState& state) {
    status_ = state.status[index_];
    for (PixelObservationReport& observation : report_.observations) expect_of(state, observation);
  }

  void take(const AcquisitionTaken& taken) {
    PixelObservationReport& observation = report_.observations.emplace_back();
    observation.when = taken.record.acquired;
    observation.scene = taken.record.scene();
    observation.reflectance = {none, none, none, none, none, none};
    observation.observed = observation.modelled = observation.shared = observation.noise = no_features();
    observation.residual_length = observation.own_evidence = observation.evidence = observation.probability = none;
    const MonitorState& state = taken.state.monitor;
    observation.learning = state.width == 0;
    observation.status = status_;
    if (!taken.record.skipped.empty()) {
      observation.why = "left out: " + taken.record.skipped;
    } else {
      measure(taken, observation);
      if (taken.observation != nullptr) {
        judge(taken, observation);
      }
    }
    if (!observation.learning) {
      for (const Incident& incident : taken.state.incidents) {
        if (incident.merged_into.empty() && holds(incident))
          observation.incidents.emplace_back(incident.id, incident.status);
      }
    }
  }

 private:
  bool holds(const Incident& incident) const {
    return std::any_of(incident.runs.begin(), incident.runs.end(), [&](const Run& run) {
      return run.row == pixel_.y && run.begin <= pixel_.x && pixel_.x < run.end;
    });
  }

  /// What the model expects where the observation did not change it.
  void expect_of(const MonitorState& state, PixelObservationReport& observation) const {
    if (state.status[index_] == PixelStatus::not_judged) return;
    const Expectation expected = expect(state.model(index_), season_date(observation.when), options_);
    for (std::size_t f = 0; f < feature_count; ++f) {
      if (expected.deviation[f] <= 0) continue;
      observation.modelled[f] = expected.value[f];
      observation.noise[f] = expected.deviation[f];
    }
  }

  void measure(const AcquisitionTaken& taken, PixelObservationReport& observation) const {
    const auto at = [&](const Plane<float>& band) { return band.at(pixel_.x, pixel_.y); };
    const ObservationPlanes& planes = taken.planes;
    observation.reflectance = {at(planes.blue), at(planes.green),  at(planes.red),
                               at(planes.nir),  at(planes.swir16), at(planes.swir22)};
    observation.observed = taken.features.values[index_];
    const MaskBits mask = planes.mask.at(pixel_.x, pixel_.y);
    switch (taken.features.seen[index_]) {
      case Seen::nothing:
        observation.why = "no measurement";
        observation.observed = no_features();
        break;
      case Seen::masked:
        observation.seen = PixelSeen::masked;
        observation.why = why_masked(mask, observation);
        break;
      case Seen::clear:
        observation.seen = PixelSeen::clear;
        break;
    }
  }

  std::string why_masked(MaskBits mask, const PixelObservationReport& observation) const {
    std::string why;
    for (const MaskReasonName& reason : mask_reasons) {
      if ((mask & reason.bit) != 0) why.append(why.empty() ? "" : " + ").append(reason.name);
    }
    if (!why.empty()) return why;
    return observation.observed[index(Feature::mndwi)] > options_.snow_mndwi ? "snow by its spectrum" : "near to cloud";
  }

  void judge(const AcquisitionTaken& taken, PixelObservationReport& observation) {
    const MonitorState& state = taken.state.monitor;
    const Observation& seen = *taken.observation;
    observation.status = seen.status[index_];
    if (counts(seen.use[index_])) {
      const FeatureVector& shared = seen.anomaly.at(pixel_.x, pixel_.y, seen.residuals.kind[index_]);
      for (std::size_t f = 0; f < feature_count; ++f) {
        if (seen.residuals.deviation.at(index_, f) <= 0) continue;
        observation.shared[f] = shared[f];
        observation.modelled[f] = observation.observed[f] - seen.residuals.residual.at(index_, f) - shared[f];
        observation.noise[f] = seen.residuals.deviation.at(index_, f);
      }
      float squares = 0;
      const RecentObservations recent = state.recent(index_);
      for (const float value : recent.whitened[0]) squares += value * value;
      observation.residual_length = std::sqrt(squares);
    } else {
      expect_of(state, observation);
    }
    if (observation.status != PixelStatus::not_judged) {
      observation.own_evidence = unpack(state.own_evidence[index_]);
      observation.evidence = seen.evidence[index_];
      observation.probability = seen.probability[index_];
    }
    if (seen.use[index_] == ObservationUse::screened) {
      observation.seen = PixelSeen::screened;
      observation.why = seen.residuals.residual.at(index_, index(Feature::log_visible)) > 0
                            ? "missed cloud or patchy snow by its spectrum"
                            : "missed shadow by its spectrum";
    } else if (seen.use[index_] == ObservationUse::learnt) {
      observation.why = "learnt from: the history does not show this season";
    } else if (seen.use[index_] == ObservationUse::another_season) {
      observation.why = "as at another season: the history does not show the whole year";
    } else if (seen.use[index_] == ObservationUse::same_sky) {
      observation.why = "counted already: an observation under the same sky just before";
    } else if (observation.seen == PixelSeen::clear && seen.use[index_] == ObservationUse::unseen) {
      observation.why =
          observation.status == PixelStatus::not_judged ? "no model: too few clear observations" : "a band is missing";
    }
    if (observation.status != status_) observation.decision = decision(state, observation.status);
    status_ = observation.status;
  }

  std::string decision(const MonitorState& state, PixelStatus now) const {
    const PixelHistory& history = state.history[index_];
    switch (now) {
      case PixelStatus::provisional: {
        std::string text = "provisional";
        if (history.onset_before == no_observation) return text;
        const auto day = [&](ObservationNumber number) {
          return format_day(state.observations[static_cast<std::size_t>(number)]);
        };
        text += ", began ";
        if (history.onset_after != no_observation) text += "after " + day(history.onset_after) + ", ";
        return text + "by " + day(history.onset_before);
      }
      case PixelStatus::confirmed:
        return status_ == PixelStatus::recovering ? "disturbed again" : "confirmed";
      case PixelStatus::closed:
        return "closed after " + std::to_string(state.counts[index_].clean_in_row) + " clean observations";
      case PixelStatus::recovering:
        return "recovering: vegetation is back";
      case PixelStatus::stable:
        return "watched";
      case PixelStatus::not_judged:
        return "not judged";
    }
    return {};
  }

  PixelPoint pixel_;
  std::size_t index_;
  const MonitorOptions& options_;
  PixelReport& report_;
  PixelStatus status_ = PixelStatus::not_judged;  // after the last observation
};

}  // namespace

PixelReport inspect_pixel(const InspectOptions& options, const ProgressSink& progress) {
  initialise_gdal(watch_gdal_cache_bytes);
  InspectOptions own = options;
  own.watch.state.clear();
  own.watch.dry_run = false;
  std::vector<RejectedSite> no_sites;
  const std::vector<WatchedSite> sites = watched_sites(own.watch, no_sites);
  const auto [watched, pixel] = place_of(own, sites);
  const Grid grid = site_grid(watched->site, watched->options.buffer_m);
  const SourceListing listing = list_readable(own.watch.source, own.watch.network, search_for(sites));

  PixelReport report;
  report.site = watched->site.id;
  report.algorithm = watched->algorithm;
  report.asked = own.at;
  report.crs = grid.crs;
  report.middle_m = grid.to_map(pixel.x + 0.5, pixel.y + 0.5);
  report.middle = ToWgs84(grid.crs)(report.middle_m);
  report.column = pixel.x;
  report.row = pixel.y;
  MonitorOptions monitor = watched->options.thresholds.monitor;
  monitor.pixel_size_m = grid.pixel_size_m;
  const std::vector<Pane> panes = panes_of(grid);
  const auto pane = std::find_if(panes.begin(), panes.end(), [&, at = pixel](const Pane& one) {
    return at.x >= one.core.x && at.x < one.core.right() && at.y >= one.core.y && at.y < one.core.bottom();
  });
  PixelRecorder recorder({pixel.x - pane->left, pixel.y - pane->top}, pane->grid, monitor, report);
  const SiteProbe probe{[&](const MonitorState& state) { recorder.learnt(state); },
                        [&](const AcquisitionTaken& observation) { recorder.take(observation); }};
  WatchReport run;
  for (const RejectedSite& site : no_sites) run.skipped.emplace_back(site.what, site.reason);
  for (const RejectedItem& item : listing.rejected) run.skipped.emplace_back(item.path, item.reason);
  OffsetMemory offsets;
  in_arena(own.watch.threads, [&, of = watched] { probe_pane(*of, *pane, listing, offsets, progress, run, probe); });
  if (report.observations.empty()) throw DataError(own.watch.source + ": no observation at site '" + report.site + "'");
  report.skipped = std::move(run.skipped);
  std::erase_if(report.observations,
                [&](const PixelObservationReport& observation) { return own.from && observation.when < *own.from; });
  return report;
}

}  // namespace pitwatch
