#include "pipeline/watch/incident_story.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <set>

#include "pipeline/monitor/season_model.hpp"
#include "pipeline/polygons/measure.hpp"
#include "pipeline/polygons/trace.hpp"

namespace pitwatch {
namespace {

/// What an incident is reported to be at a time, or at first.
const ClassSince& class_at(const IncidentEvidence& evidence, Instant when) {
  const ClassSince* result = &evidence.classes.front();
  for (const ClassSince& since : evidence.classes) {
    if (since.when <= when) result = &since;
  }
  return *result;
}

double pixel_ha(const std::vector<Run>& runs, PixelAreas& areas) {
  const auto [column, row] = middle_of(runs);
  return areas.at_m2(column, row) / 1e4;
}

/// What happened to an incident, and its class at each time; changes of class stand behind what else happened then.
/// What an event tells depends on nothing that comes later: of one without an outline, the place is that of the first
/// with one.
std::vector<AlertEvent> history_of(const Incident& incident, const IncidentEvidence& evidence, PixelAreas& areas) {
  const auto known = std::find_if(incident.events.begin(), incident.events.end(),
                                  [](const IncidentEvent& event) { return !event.runs.empty(); });
  const std::vector<Run>& place = known != incident.events.end() ? known->runs : incident.runs;
  std::vector<AlertEvent> history;
  for (std::size_t i = 0; i < incident.events.size(); ++i) {
    const IncidentEvent& event = incident.events[i];
    const AlertStatus of_ground = state_of_ground(std::span(incident.events).first(i + 1));
    const ClassSince& then = class_at(evidence, event.when);
    history.push_back({event.when, event.kind,
                       static_cast<double>(event.pixels) * pixel_ha(event.runs.empty() ? place : event.runs, areas),
                       then.change_class, event.status, calibrated_confidence(of_ground, event.confidence),
                       trace(event.runs), then.class_probability, then.natural_probability});
  }
  for (const ClassSince& since : evidence.classes) {
    if (since.when <= incident.first_detected) continue;
    const auto later =
        std::find_if(history.begin(), history.end(), [&](const AlertEvent& event) { return event.at > since.when; });
    AlertEvent event = *std::prev(later);
    event.at = since.when;
    event.kind = AlertEventKind::reclassified;
    event.change_class = since.change_class;
    event.class_probability = since.class_probability;
    event.natural_probability = since.natural_probability;
    history.insert(later, std::move(event));
  }
  return history;
}

std::array<const Plane<float>*, watched_bands.size()> bands_of(const ObservationPlanes& planes) {
  return {&planes.blue, &planes.green, &planes.red, &planes.nir, &planes.swir16, &planes.swir22};
}

/// Keeps the reflectance of the pixels that is_one(pixel) is true of.
template <typename IsOne>
void remember(SiteState& state, const ObservationPlanes& planes, const RowLoop& rows, const IsOne& is_one) {
  const auto bands = bands_of(planes);
  const int width = planes.mask.width();
  const int height = planes.mask.height();
  state.undisturbed.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), {});
  rows(height, [&](int begin, int end) {
    for (int y = begin; y < end; ++y) {
      std::size_t i = static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
      for (int x = 0; x < width; ++x, ++i) {
        if (!is_one(i)) continue;
        for (std::size_t band = 0; band < bands.size(); ++band) {
          const float value = bands[band]->at(x, y);
          if (std::isfinite(value)) state.undisturbed[i][band] = pack_reflectance(value);
        }
      }
    }
  });
}

/// By the red band, without which no site is watched.
bool was_seen_undisturbed(const SiteState& state, std::size_t pixel) {
  constexpr std::size_t red = 2;
  static_assert(watched_bands[red] == Band::B04);
  return state.undisturbed[pixel][red] != 0;
}

/// Whether water was seen in the history within 50 m.
bool is_by_water(const std::vector<Run>& runs, const MonitorState& state, const Grid& grid) {
  constexpr double reach_m = 50;
  constexpr int least_pixels = 5;
  const int reach = static_cast<int>(std::lround(reach_m / grid.pixel_size_m));
  std::set<std::size_t> wet;
  for (const Run& run : runs) {
    for (int y = std::max(0, run.row - reach); y <= std::min(grid.height - 1, run.row + reach); ++y) {
      for (int x = std::max(0, run.begin - reach); x < std::min(grid.width, run.end + reach); ++x) {
        const auto i = static_cast<std::size_t>(y) * static_cast<std::size_t>(grid.width) + static_cast<std::size_t>(x);
        if (was_water(state.counts[i])) wet.insert(i);
      }
    }
  }
  return wet.size() >= least_pixels;
}

/// The mean over its pixels of the NDVI that is expected of each when it is greenest; -1 where no season is known.
float greenest_ndvi(const Incident& incident, const MonitorState& state, const Grid& grid,
                    const MonitorOptions& options) {
  const SeasonYear year = season_year(incident.first_detected);
  double sum = 0;
  int count = 0;
  for (const Run& run : incident.runs) {
    for (int x = run.begin; x < run.end; ++x) {
      const auto i =
          static_cast<std::size_t>(run.row) * static_cast<std::size_t>(grid.width) + static_cast<std::size_t>(x);
      const std::optional<float> highest = highest_of_year(state.model(i), Feature::ndvi, year, options);
      if (!highest) continue;
      sum += *highest;
      ++count;
    }
  }
  return count > 0 ? static_cast<float>(sum / count) : -1.0F;
}

using Pixels = std::set<std::pair<int, int>>;  // row, column

/// Those without a side towards ground that is none of them.
Pixels without_rim(const Pixels& all) {
  Pixels inner;
  for (const auto& [y, x] : all) {
    if (all.contains({y - 1, x}) && all.contains({y + 1, x}) && all.contains({y, x - 1}) && all.contains({y, x + 1})) {
      inner.emplace(y, x);
    }
  }
  return inner;
}

/// What the pixels of an incident tell: those on its rim have light of what is around mixed in, those next to them in
/// the bands of 20 m, too.
class PixelWeights {
 public:
  explicit PixelWeights(const std::vector<Run>& runs) {
    Pixels all;
    for (const Run& run : runs) {
      for (int x = run.begin; x < run.end; ++x) all.emplace(run.row, x);
    }
    inner_ = without_rim(all);
    core_ = without_rim(inner_);
  }

  double of(int row, int x) const {
    constexpr double at_rim = 0.25;
    constexpr double beside_rim = 0.5;
    return core_.contains({row, x}) ? 1 : inner_.contains({row, x}) ? beside_rim : at_rim;
  }

 private:
  Pixels inner_;
  Pixels core_;
};

/// Whether a probability has become another one: by a tenth, or, where it is high, half or twice as far from 1.
bool is_news(const std::optional<double>& before, double now) {
  constexpr double much = 0.1;
  constexpr double little = 0.02;
  constexpr double high = 0.7;
  if (!before) return true;
  const double moved = std::abs(now - *before);
  const double doubt_then = 1 - *before;
  const double doubt_now = 1 - now;
  return moved >= much || (moved >= little && now >= high && *before >= high &&
                           (doubt_now <= doubt_then / 2 || doubt_now >= 2 * doubt_then));
}

std::string scene_at(Instant acquired, const SiteState& state) {
  const auto found =
      std::find_if(state.acquisitions.begin(), state.acquisitions.end(),
                   [&](const AcquisitionRecord& acquisition) { return acquisition.acquired == acquired; });
  return found != state.acquisitions.end() ? found->scene() : std::string();
}

/// The incident of that id, if it has its evidence.
const WatchedIncident* find_described(const SiteState& state, const std::string& id) {
  const auto found = std::find_if(state.incidents.begin(), state.incidents.end(),
                                  [&](const WatchedIncident& one) { return one.id == id; });
  return found != state.incidents.end() && found->evidence ? &*found : nullptr;
}

/// Clear observations of its ground since the onset.
int observations_of(const WatchedIncident& incident) {
  return incident.evidence->before_detection + incident.observations;
}

Spectrum spectrum_of(const BandMeans& means) {
  Spectrum spectrum;
  for (std::size_t band = 0; band < watched_bands.size(); ++band) {
    if (means[band] > 0) spectrum[static_cast<std::size_t>(watched_bands[band])] = means[band];
  }
  return spectrum;
}

Alert alert_of(const WatchedIncident& incident, const SiteState& state, const WatchedSite& watched, PixelAreas& areas) {
  const IncidentEvidence& evidence = incident.evidence.value();
  Alert alert;
  alert.id = incident.id;
  alert.shape = trace(incident.runs);
  alert.site = watched.site.id;
  alert.status = incident.status;
  alert.change_class = evidence.classes.back().change_class;
  alert.class_probability = evidence.classes.back().class_probability;
  alert.natural_probability = evidence.classes.back().natural_probability;
  alert.class_probabilities = evidence.classes.back().of_classes;
  alert.first_detected = incident.first_detected;
  alert.onset_after = evidence.onset_after;
  alert.onset_before = evidence.onset_before;
  alert.confirmed_on = incident.confirmed_on;
  alert.last_detected = incident.last_detected;
  alert.last_observed = incident.last_observed;
  alert.observations = observations_of(incident);
  alert.confidence = calibrated_confidence(incident);
  const double of_pixel_ha = pixel_ha(incident.runs, areas);
  alert.area_ha = static_cast<double>(pixels_of(incident.runs)) * of_pixel_ha;
  alert.area_uncertainty_ha = area_uncertainty_px(alert.shape) * of_pixel_ha;
  alert.change = index_change(spectrum_of(evidence.before), spectrum_of(evidence.after));
  if (!evidence.scene_before.empty()) alert.scenes_before.push_back(evidence.scene_before);
  alert.scenes_after.push_back(evidence.scene_first);
  if (evidence.scene_last != evidence.scene_first) alert.scenes_after.push_back(evidence.scene_last);
  alert.parents = incident.parents;
  const auto last =
      std::find_if(state.acquisitions.begin(), state.acquisitions.end(),
                   [&](const AcquisitionRecord& acquisition) { return acquisition.scene() == evidence.scene_last; });
  if (last != state.acquisitions.end()) alert.tile = last->tile();
  alert.algorithm = watched.algorithm;
  alert.history = history_of(incident, evidence, areas);
  if (alert.status == AlertStatus::superseded) {
    alert.superseded = Superseded{SupersededWhy::merged, {incident.merged_into}};
  }
  return alert;
}

}  // namespace

void remember_clear(SiteState& state, const ObservationPlanes& planes, const ObservationFeatures& features,
                    const RowLoop& rows) {
  remember(state, planes, rows, [&](std::size_t i) { return features.seen[i] == Seen::clear; });
}

void remember_undisturbed(SiteState& state, const ObservationPlanes& planes, const Observation& seen,
                          const RowLoop& rows) {
  remember(state, planes, rows, [&](std::size_t i) { return seen.undisturbed[i] != 0; });
}

void describe(WatchedIncident& incident, const SiteState& state, const ObservationPlanes& planes,
              const std::string& scene, PlaneView<const std::uint8_t> detected, const Grid& grid,
              const MonitorOptions& options) {
  const auto bands = bands_of(planes);
  std::array<double, watched_bands.size()> before{};
  std::array<double, watched_bands.size()> after{};
  std::size_t before_count = 0;
  std::size_t after_count = 0;
  std::int64_t acquisitions = 0;
  std::int64_t own_year_observations = 0;
  std::int32_t since_onset = 0;  // clear observations
  IncidentEvidence now;
  now.onset_before = incident.first_detected;
  now.onset_after = state.acquisitions.empty() ? incident.first_detected : state.acquisitions.front().acquired;
  for (const Run& run : incident.runs) {
    for (int x = run.begin; x < run.end; ++x) {
      const auto i =
          static_cast<std::size_t>(run.row) * static_cast<std::size_t>(grid.width) + static_cast<std::size_t>(x);
      if (was_seen_undisturbed(state, i)) {
        ++before_count;
        for (std::size_t band = 0; band < bands.size(); ++band) {
          before[band] += unpack_reflectance(state.undisturbed[i][band]);
        }
      }
      if (detected.at(x, run.row) != 0) {
        ++after_count;
        for (std::size_t band = 0; band < bands.size(); ++band) {
          const float value = bands[band]->at(x, run.row);
          after[band] += std::isfinite(value) ? value : 0;
        }
      }
      // The pixel that was disturbed first tells when it began.
      const PixelHistory& history = state.monitor.history[i];
      acquisitions += history.observations_since_onset;
      own_year_observations += history.own_year_observations;
      if (history.onset_before == no_observation || history.onset_after == no_observation) continue;
      const Instant disturbed = state.monitor.observations[static_cast<std::size_t>(history.onset_before)];
      const Instant undisturbed = state.monitor.observations[static_cast<std::size_t>(history.onset_after)];
      if (disturbed < now.onset_before) since_onset = 0;
      if (disturbed <= now.onset_before) since_onset = std::max(since_onset, history.observations_since_onset);
      if (disturbed < now.onset_before || (disturbed == now.onset_before && undisturbed > now.onset_after)) {
        now.onset_before = disturbed;
        now.onset_after = undisturbed;
      }
    }
  }
  for (std::size_t band = 0; band < bands.size(); ++band) {
    now.before[band] = before_count > 0 ? static_cast<float>(before[band] / static_cast<double>(before_count)) : 0;
    now.after[band] = after_count > 0 ? static_cast<float>(after[band] / static_cast<double>(after_count)) : 0;
  }
  now.scene_last = scene;
  now.own_year_share =
      acquisitions > 0 ? static_cast<double>(own_year_observations) / static_cast<double>(acquisitions) : 0;
  if (!incident.evidence && after_count == 0 && !incident.parents.empty()) {
    // What is left of another one has its story.
    const WatchedIncident* const parent = find_described(state, incident.parents.front());
    incident.evidence = parent != nullptr ? *parent->evidence : now;
    if (parent != nullptr) since_onset = observations_of(*parent);
    incident.evidence->before_detection = std::max(0, since_onset - incident.observations);
  } else if (!incident.evidence) {
    now.first = now.after;
    now.by_water = is_by_water(incident.runs, state.monitor, grid);
    now.greenest_ndvi = greenest_ndvi(incident, state.monitor, grid, options);
    now.scene_first = scene;
    now.scene_before = scene_at(now.onset_after, state);
    now.before_detection = std::max(0, since_onset - incident.observations);
    incident.evidence = std::move(now);
  } else if (after_count > 0) {
    // Its beginning is not written anew; its acquisitions are.
    IncidentEvidence& evidence = *incident.evidence;
    evidence.before = now.before;
    evidence.after = now.after;
    evidence.own_year_share = now.own_year_share;
    evidence.scene_last = now.scene_last;
  }
}

std::optional<CourseObservation> course_observation(const SiteState& state, const WatchedIncident& incident,
                                                    const ObservationPlanes& planes,
                                                    PlaneView<const std::uint8_t> clear, const Grid& grid) {
  if (!incident.evidence) return std::nullopt;
  const IncidentEvidence& evidence = *incident.evidence;
  const auto greenest = static_cast<double>(evidence.greenest_ndvi);
  const auto bands = bands_of(planes);
  const PixelWeights weights(incident.runs);
  GroundShown shown;
  std::int64_t pixels = 0;
  std::int64_t clear_pixels = 0;
  std::int64_t acquisitions = 0;
  std::int64_t own_year_observations = 0;
  Spectrum before;
  Spectrum now;
  for (const Run& run : incident.runs) {
    for (int x = run.begin; x < run.end; ++x) {
      const auto i =
          static_cast<std::size_t>(run.row) * static_cast<std::size_t>(grid.width) + static_cast<std::size_t>(x);
      ++pixels;
      acquisitions += state.monitor.history[i].observations_since_onset;
      own_year_observations += state.monitor.history[i].own_year_observations;
      if (clear.at(x, run.row) == 0) continue;
      ++clear_pixels;
      if (!was_seen_undisturbed(state, i)) continue;
      for (std::size_t band = 0; band < bands.size(); ++band) {
        const auto of = static_cast<std::size_t>(watched_bands[band]);
        const float value = bands[band]->at(x, run.row);
        before[of].reset();
        now[of].reset();
        if (state.undisturbed[i][band] != 0) before[of] = unpack_reflectance(state.undisturbed[i][band]);
        if (std::isfinite(value)) now[of] = value;
      }
      shown.add(before, now, greenest, weights.of(run.row, x));
    }
  }
  if (!shown.tells() || (!evidence.classes.empty() && 2 * clear_pixels < pixels)) return std::nullopt;
  const std::chrono::duration<double, std::ratio<86400>> open = planes.when - incident.first_detected;
  return CourseObservation{
      shown,
      open.count(),
      greenest,
      acquisitions > 0 ? static_cast<double>(own_year_observations) / static_cast<double>(acquisitions) : 0,
      evidence.by_water,
      incident.status == AlertStatus::closed};
}

void classify(IncidentEvidence& evidence, const std::optional<CourseObservation>& acquisition, Instant now,
              const CourseOptions& options) {
  if (!acquisition && !evidence.classes.empty()) return;
  if (acquisition) take_in(evidence.course, *acquisition, options);
  const ToldClass& present = evidence.course.told;
  ClassSince since{now, present.change_class, static_cast<double>(present.class_probability),
                   static_cast<double>(present.natural_probability)};
  const bool is_known =
      std::any_of(present.of_classes.begin(), present.of_classes.end(), [](float p) { return p > 0; });
  if (is_known) std::copy(present.of_classes.begin(), present.of_classes.end(), since.of_classes.emplace().begin());
  if (!evidence.classes.empty()) {
    const ClassSince& last = evidence.classes.back();
    if (last.change_class == since.change_class && !is_news(last.natural_probability, *since.natural_probability)) {
      return;
    }
  }
  evidence.classes.push_back(std::move(since));
}

std::vector<Alert> alerts_of(const SiteState& state, const WatchedSite& watched, const Grid& grid) {
  std::vector<Alert> result;
  PixelAreas areas(grid);
  for (const WatchedIncident& incident : state.incidents) {
    if (!incident.evidence || incident.evidence->classes.empty()) continue;
    if (watched.options.from && incident.last_detected < *watched.options.from) continue;
    result.push_back(alert_of(incident, state, watched, areas));
  }
  return result;
}

}  // namespace pitwatch
