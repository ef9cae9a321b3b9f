#include "pipeline/watch/inspect.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <utility>

#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/monitor/season_model.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/pane_plan.hpp"
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

PixelObservationReport empty_report(const AcquisitionRecord& record) {
  PixelObservationReport observation;
  observation.when = record.acquired;
  observation.scene = record.scene();
  observation.reflectance = {none, none, none, none, none, none};
  observation.observed = observation.modelled = observation.shared = observation.noise = no_features();
  observation.residual_length = observation.own_evidence = observation.evidence = observation.probability = none;
  return observation;
}

bool holds(const std::vector<Run>& runs, PixelPoint pixel) {
  return std::any_of(runs.begin(), runs.end(),
                     [&](const Run& run) { return run.row == pixel.y && run.begin <= pixel.x && pixel.x < run.end; });
}

float length_of(const FeatureVector& whitened) {
  float squares = 0;
  for (const float value : whitened) squares += value * value;
  return std::sqrt(squares);
}

/// What a model expects at an observation.
void set_expected(const SeasonModel& model, const MonitorOptions& options, PixelObservationReport& observation) {
  const Expectation expected = expect(model, season_date(observation.when), options);
  for (std::size_t f = 0; f < model.features; ++f) {
    if (expected.deviation[f] <= 0) continue;
    observation.modelled[f] = expected.value[f];
    observation.noise[f] = expected.deviation[f];
  }
}

std::string why_masked(MaskBits mask, const PixelObservationReport& observation, const MonitorOptions& options) {
  std::string why;
  for (const MaskReasonName& reason : mask_reasons) {
    if ((mask & reason.bit) != 0) why.append(why.empty() ? "" : " + ").append(reason.name);
  }
  if (!why.empty()) return why;
  return observation.observed[index(Feature::mndwi)] > options.snow_mndwi ? "snow by its spectrum" : "near to cloud";
}

/// What an observation saw of a pixel of its planes.
void set_measured(const ObservationPlanes& planes, const ObservationFeatures& features, PixelPoint pixel,
                  const MonitorOptions& options, PixelObservationReport& observation) {
  const auto at = [&](const Plane<float>& band) { return band.at(pixel.x, pixel.y); };
  const auto i =
      static_cast<std::size_t>(pixel.y) * static_cast<std::size_t>(features.width) + static_cast<std::size_t>(pixel.x);
  observation.reflectance = {at(planes.blue), at(planes.green),  at(planes.red),
                             at(planes.nir),  at(planes.swir16), at(planes.swir22)};
  observation.observed = features.values[i];
  switch (features.seen[i]) {
    case Seen::nothing:
      observation.why = "no measurement";
      observation.observed = no_features();
      break;
    case Seen::masked:
      observation.seen = PixelSeen::masked;
      observation.why = why_masked(planes.mask.at(pixel.x, pixel.y), observation, options);
      break;
    case Seen::clear:
      observation.seen = PixelSeen::clear;
      break;
  }
}

std::string onset_text(const MonitorState& state, const PixelHistory& history) {
  std::string text = "provisional";
  if (history.onset_before == no_observation) return text;
  const auto day = [&](ObservationNumber number) {
    return format_day(state.observations[static_cast<std::size_t>(number)]);
  };
  text += ", began ";
  if (history.onset_after != no_observation) text += "after " + day(history.onset_after) + ", ";
  return text + "by " + day(history.onset_before);
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
    PixelObservationReport& observation = report_.observations.emplace_back(empty_report(taken.record));
    const MonitorState& state = taken.state.monitor;
    observation.learning = state.width == 0;
    observation.status = status_;
    if (!taken.record.skipped.empty()) {
      observation.why = "left out: " + taken.record.skipped;
    } else {
      set_measured(taken.planes, taken.features, pixel_, options_, observation);
      if (taken.observation != nullptr) {
        judge(taken, observation);
      }
    }
    if (!observation.learning) {
      for (const Incident& incident : taken.state.incidents) {
        if (incident.merged_into.empty() && holds(incident.runs, pixel_))
          observation.incidents.emplace_back(incident.id, incident.status);
      }
    }
  }

 private:
  /// What the model expects where the observation did not change it.
  void expect_of(const MonitorState& state, PixelObservationReport& observation) const {
    if (state.status[index_] == PixelStatus::not_judged) return;
    set_expected(state.model(index_), options_, observation);
  }

  void judge(const AcquisitionTaken& taken, PixelObservationReport& observation) {
    const MonitorState& state = taken.state.monitor;
    const Observation& seen = *taken.observation;
    observation.status = seen.status[index_];
    if (counts(seen.use[index_])) {
      const FeatureVector& shared = seen.anomaly.at(pixel_.x, pixel_.y, seen.residuals.kind[index_]);
      for (std::size_t f = 0; f < state.features; ++f) {
        if (seen.residuals.deviation.at(index_, f) <= 0) continue;
        observation.shared[f] = shared[f];
        observation.modelled[f] = observation.observed[f] - seen.residuals.residual.at(index_, f) - shared[f];
        observation.noise[f] = seen.residuals.deviation.at(index_, f);
      }
      observation.residual_length = length_of(state.recent(index_).whitened[0]);
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
    if (observation.status != status_) observation.decision = decision(state, seen.status[index_]);
    status_ = seen.status[index_];
  }

  std::string decision(const MonitorState& state, PixelStatus now) const {
    const PixelHistory& history = state.history[index_];
    switch (now) {
      case PixelStatus::provisional:
        return onset_text(state, history);
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

/// The pane that reports a pixel of the site.
const Pane& pane_of(const std::vector<Pane>& panes, PixelPoint pixel) {
  return *std::find_if(panes.begin(), panes.end(), [&](const Pane& one) {
    return pixel.x >= one.core.x && pixel.x < one.core.right() && pixel.y >= one.core.y && pixel.y < one.core.bottom();
  });
}

/// Quotes a state for one of its pixels.
class StateQuoter {
 public:
  StateQuoter(const WatchedSite& watched, const Pane& pane, PixelPoint pixel, const SourceListing& listing)
      : pane_(pane),
        pixel_(pixel),
        index_(static_cast<std::size_t>(pixel.y) * static_cast<std::size_t>(pane.grid.width) +
               static_cast<std::size_t>(pixel.x)),
        monitor_(watched.options.thresholds.monitor),
        plan_(watched, pane, listing),
        shifts_(watched.options.network.memory, "shifts", plan_.states().folder()),
        blocks_(block_bytes),
        reader_(reading_options(watched, pane), pane.grid, offsets_, blocks_) {
    monitor_.pixel_size_m = pane.grid.pixel_size_m;
    StateFolder& states = plan_.states();
    std::optional<SiteState> newest = states.load(states.known().size());
    if (!newest) {
      throw DataError(watched.options.start_from + ": knows nothing of site '" + watched.site.id +
                      "' that has learnt; without --state all is worked out from the source");
    }
    state_ = *std::move(newest);
    reader_.remember_shifts(shifts_);
    if (state_.reference) reader_.use_reference(*state_.reference);
  }

  void report_to(PixelReport& report, const std::optional<Instant>& from, const ProgressSink& progress) {
    report.state = quoted();
    const Instant begin = from.value_or(state_.learn_until);
    std::vector<const AcquisitionRecord*> shown;
    for (const AcquisitionRecord& record : state_.acquisitions) {
      if (record.acquired >= begin) shown.push_back(&record);
    }
    report.observations.resize(shown.size());
    std::atomic<std::size_t> done = 0;
    in_parallel(static_cast<int>(shown.size()), [&](int i) {
      const auto number = static_cast<std::size_t>(i);
      report.observations[number] = observation_of(*shown[number]);
      progress(report.site, static_cast<double>(++done) / static_cast<double>(shown.size()));
    });
    shifts_.save();
    if (!report.observations.empty() && report.observations.back().when == report.state->as_of) {
      report.observations.back().status = report.state->status;
      report.observations.back().own_evidence = report.state->own_evidence;
    }
  }

 private:
  static constexpr std::int64_t block_bytes = std::int64_t{64} << 20;
  static constexpr int mask_reach_px = 3;  // beyond the margin around cloud: cloud is solid by the 5 x 5 pixels around

  std::optional<Instant> when(ObservationNumber number) const {
    if (number == no_observation) return std::nullopt;
    return state_.monitor.observations[static_cast<std::size_t>(number)];
  }

  PixelStateReport quoted() const {
    const MonitorState& monitor = state_.monitor;
    const PixelHistory& history = monitor.history[index_];
    PixelStateReport state;
    state.checkpoint = plan_.states().loaded();
    state.as_of = state_.acquisitions.back().acquired;
    state.status = monitor.status[index_];
    state.own_evidence = state.status == PixelStatus::not_judged ? none : unpack(monitor.own_evidence[index_]);
    state.first_detected = when(history.first_detected);
    state.confirmed_on = when(history.confirmed_on);
    state.onset_after = when(history.onset_after);
    state.onset_before = when(history.onset_before);
    state.last_detected = when(history.last_detected);
    state.last_clear = when(history.last_clear);
    state.observations_since_onset = history.observations_since_onset;
    return state;
  }

  PixelObservationReport observation_of(const AcquisitionRecord& record) const {
    PixelObservationReport observation = empty_report(record);
    observation.learning = record.acquired < state_.learn_until;
    observation.status.reset();
    if (!record.skipped.empty()) {
      observation.why = "left out: " + record.skipped;
    } else {
      quote(record, observation);
      measure(record, observation);
    }
    if (!observation.learning) name_incidents(record.acquired, observation);
    return observation;
  }

  /// What the state says of the pixel at an acquisition.
  void quote(const AcquisitionRecord& record, PixelObservationReport& observation) const {
    const MonitorState& monitor = state_.monitor;
    if (monitor.status[index_] != PixelStatus::not_judged) {
      set_expected(monitor.model(index_), monitor_, observation);
    }
    const RecentObservations recent = monitor.recent(index_);
    for (std::int32_t k = 0; k < recent.count; ++k) {
      const auto of = static_cast<std::size_t>(k);
      if (when(recent.observation[of]) == record.acquired) observation.residual_length = length_of(recent.whitened[of]);
    }
    const PixelHistory& history = monitor.history[index_];
    if (when(history.first_detected) == record.acquired) {
      observation.status = PixelStatus::provisional;
      observation.decision = onset_text(monitor, history);
    }
    if (when(history.confirmed_on) == record.acquired) {
      observation.status = PixelStatus::confirmed;
      observation.decision = "confirmed";
    }
  }

  /// Reads the pixel and what its mask follows from.
  void measure(const AcquisitionRecord& record, PixelObservationReport& observation) const {
    const auto& acquisitions = plan_.acquisitions().acquisitions;
    const auto planned = std::find_if(acquisitions.begin(), acquisitions.end(), [&](const PlannedAcquisition& one) {
      return !one.is_new && is_same_acquisition(one.record, record);
    });
    if (planned == acquisitions.end() || !planned->is_readable()) {
      observation.why = "its files are gone or changed";
      return;
    }
    const int reach = mask_reach_px + static_cast<int>(std::lround(monitor_.cloud_margin_m / monitor_.pixel_size_m));
    const Window window =
        intersection({pixel_.x - reach, pixel_.y - reach, 2 * reach + 1, 2 * reach + 1}, pane_.grid.extent());
    try {
      const ObservationPlanes planes = reader_.read_part(*planned, window);
      ObservationFeatures features;
      extract_features(planes, monitor_, features);
      set_measured(planes, features, {pixel_.x - window.x, pixel_.y - window.y}, monitor_, observation);
    } catch (const DataError& unreadable) {
      observation.why = "cannot be read any more: " + error_chain(unreadable);
    }
  }

  /// The incidents whose ground held the pixel after an acquisition: their events have their ground from then on.
  void name_incidents(Instant acquired, PixelObservationReport& observation) const {
    for (const WatchedIncident& incident : state_.incidents) {
      const IncidentEvent* last = nullptr;
      for (const IncidentEvent& event : incident.events) {
        if (event.when <= acquired) last = &event;
      }
      if (last == nullptr || last->status == AlertStatus::superseded) continue;
      if (holds(last->runs, pixel_)) observation.incidents.emplace_back(incident.id, last->status);
    }
  }

  const Pane& pane_;
  PixelPoint pixel_;
  std::size_t index_;
  MonitorOptions monitor_;
  PanePlan plan_;
  OffsetMemory offsets_;
  FileMemory shifts_;
  BlockCache blocks_;
  AcquisitionReader reader_;
  SiteState state_;
};

/// Works out all observations at a pixel.
void watch_again(const WatchedSite& watched, const Pane& pane, PixelPoint pixel, const SourceListing& listing,
                 const ProgressSink& progress, PixelReport& report, WatchReport& run) {
  MonitorOptions monitor = watched.options.thresholds.monitor;
  monitor.pixel_size_m = pane.grid.pixel_size_m;
  PixelRecorder recorder(pixel, pane.grid, monitor, report);
  const SiteProbe probe{[&](const MonitorState& state) { recorder.learnt(state); },
                        [&](const AcquisitionTaken& observation) { recorder.take(observation); }};
  OffsetMemory offsets;
  probe_pane(watched, pane, listing, offsets, progress, run, probe);
}

/// Extra features as their formulas have them.
void unscale(PixelReport& report) {
  for (PixelObservationReport& observation : report.observations) {
    for (std::size_t k = 0; k < report.extra.size(); ++k) {
      const std::size_t f = feature_count + k;
      for (FeatureVector* values :
           {&observation.observed, &observation.modelled, &observation.shared, &observation.noise}) {
        (*values)[f] /= report.extra[k].scale;
      }
    }
  }
}

}  // namespace

PixelReport inspect_pixel(const InspectOptions& options, const ProgressSink& progress) {
  initialise_gdal(watch_gdal_cache_bytes);
  InspectOptions own = options;
  const bool quotes = !own.watch.state.empty();
  own.watch.start_from = std::exchange(own.watch.state, {});
  own.watch.is_rerun = quotes;  // its state is read-only
  own.watch.dry_run = false;
  const std::optional<Instant> until = own.watch.until;
  if (quotes) own.watch.until.reset();  // a checkpoint is of all that came before it
  std::vector<RejectedSite> no_sites;
  const std::vector<WatchedSite> sites = watched_sites(own.watch, no_sites);
  const auto [watched, pixel] = place_of(own, sites);
  const Grid grid = site_grid(watched->site, watched->options.buffer_m);

  PixelReport report;
  report.site = watched->site.id;
  report.algorithm = watched->algorithm;
  report.extra = watched->options.thresholds.monitor.extra;
  report.asked = own.at;
  report.crs = grid.crs;
  report.middle_m = grid.to_map(pixel.x + 0.5, pixel.y + 0.5);
  report.middle = ToWgs84(grid.crs)(report.middle_m);
  report.column = pixel.x;
  report.row = pixel.y;
  const std::vector<Pane> panes = panes_of(grid);
  const Pane& pane = pane_of(panes, pixel);
  const PixelPoint in_pane{pixel.x - pane.left, pixel.y - pane.top};
  WatchReport run;
  for (const RejectedSite& site : no_sites) run.skipped.emplace_back(site.what, site.reason);
  in_arena(own.watch.threads, [&, of = watched] {
    const SourceListing listing = list_readable(own.watch.source, own.watch.network, search_for(sites));
    for (const RejectedItem& item : listing.rejected) run.skipped.emplace_back(item.path, item.reason);
    if (quotes) {
      StateQuoter(*of, pane, in_pane, listing).report_to(report, own.from, progress);
    } else {
      watch_again(*of, pane, in_pane, listing, progress, report, run);
    }
  });
  if (report.observations.empty() && !quotes) {
    throw DataError(own.watch.source + ": no observation at site '" + report.site + "'");
  }
  report.skipped = std::move(run.skipped);
  unscale(report);
  std::erase_if(report.observations, [&](const PixelObservationReport& observation) {
    return (own.from && observation.when < *own.from) || (until && observation.when > *until);
  });
  return report;
}

}  // namespace pitwatch
