#include "pipeline/account/ground_course.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <optional>

#include "pipeline/core/error.hpp"
#include "pipeline/monitor/season_model.hpp"
#include "pipeline/watch/site_state.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::array<Feature, 4> surface_features{Feature::bsi, Feature::log_visible, Feature::log_swir16,
                                                  Feature::log_swir22};

/// Sums over the pixels of an alert that one acquisition showed clear.
struct Sums {
  double pixels = 0;
  double ndvi = 0;
  double own_ndvi = 0;
  double mndwi = 0;
  double distance2 = 0;
};

struct AlertGround {
  std::vector<std::pair<std::size_t, Instant>> pixels;  // and since when each is disturbed
  IncidentEvidence evidence;
};

struct Checkpoint {
  std::string path;
  StateHead head;
};

double ndvi_of(const BandMeans& means) {
  constexpr std::size_t red = 2;
  constexpr std::size_t nir = 3;
  const double sum = static_cast<double>(means[nir]) + static_cast<double>(means[red]);
  return sum > 0 ? (static_cast<double>(means[nir]) - static_cast<double>(means[red])) / sum : 0;
}

bool is_water(const BandMeans& means) {
  return looks_wet(features_of({means[0], means[1], means[2], means[3], means[4], means[5]}));
}

MonitorOptions monitor_options(const StateHead& head, const Grid& grid) {
  WatchThresholds thresholds;
  for (const auto& [name, value] : head.options) {
    for_each_option(thresholds, [&, wanted = present_name(name), text = value](const char* option, const char*,
                                                                               auto& target, const OptionRange&) {
      if (wanted == option) target = static_cast<std::remove_reference_t<decltype(target)>>(std::stod(text));
    });
  }
  thresholds.monitor.pixel_size_m = grid.pixel_size_m;
  return thresholds.monitor;
}

/// What one pixel's recent observations add to the sums of their acquisitions.
class PixelReader {
 public:
  PixelReader(const MonitorState& state, const MonitorOptions& options) : state_(state), options_(options) {}

  void add(std::size_t pixel, Instant since, std::map<Instant, Sums>& sums) const {
    if (state_.status[pixel] == PixelStatus::not_judged) return;
    const RecentObservations recent = state_.recent(pixel);
    const SeasonModel model = state_.model(pixel);
    for (std::size_t k = 0; k < static_cast<std::size_t>(recent.count); ++k) {
      const ObservationNumber number = recent.observation[k];
      if (number < 0 || static_cast<std::size_t>(number) >= state_.observations.size()) continue;
      const Instant when = state_.observations[static_cast<std::size_t>(number)];
      if (when < since) continue;
      const Expectation expected = expect(model, season_date(when), options_);
      if (at(expected.deviation, Feature::ndvi) <= 0) continue;
      add(expected, residual(recent.whitened[k]), sums[when]);
    }
  }

 private:
  static float at(const FeatureVector& values, Feature feature) { return values[index(feature)]; }

  /// In standard deviations, back from the whitened ones: the whitening is lower triangular.
  FeatureVector residual(const FeatureVector& whitened) const {
    FeatureVector shift{};
    for (std::size_t r = 0; r < feature_count; ++r) {
      const float scale = state_.whitening[r * feature_count + r];
      if (scale == 0) continue;
      float rest = whitened[r];
      for (std::size_t c = 0; c < r; ++c) rest -= state_.whitening[r * feature_count + c] * shift[c];
      shift[r] = rest / scale;
    }
    return shift;
  }

  static void add(const Expectation& expected, const FeatureVector& shift, Sums& into) {
    const auto seen = [&](Feature feature) {
      return static_cast<double>(at(expected.value, feature) + at(shift, feature) * at(expected.deviation, feature));
    };
    ++into.pixels;
    into.ndvi += seen(Feature::ndvi);
    into.own_ndvi += static_cast<double>(at(expected.value, Feature::ndvi));
    into.mndwi += seen(Feature::mndwi);
    for (const Feature feature : surface_features) {
      into.distance2 += static_cast<double>(at(shift, feature) * at(shift, feature)) / surface_features.size();
    }
  }

  const MonitorState& state_;
  const MonitorOptions& options_;
};

/// The checkpoints of one pane, the newest first.
class PaneCourses {
 public:
  PaneCourses(std::vector<Checkpoint> checkpoints, const std::set<std::string>& alerts, GroundCourses& result)
      : checkpoints_(std::move(checkpoints)), alerts_(alerts), result_(result) {}

  void run(const ParallelFor& parallel) {
    for (const Checkpoint& checkpoint : checkpoints_) {
      if (newest_ && (checkpoint.head.algorithm != newest_->algorithm || checkpoint.head.grid != newest_->grid)) {
        continue;
      }
      try {
        const Grid grid = grid_of(checkpoint.head);
        const SiteState state = read_site_state(checkpoint.path, grid, parallel);
        if (!newest_) {
          newest_ = &checkpoint.head;
          find_ground(state, grid);
        }
        add(state, monitor_options(checkpoint.head, grid));
        ++result_.checkpoints;
      } catch (const DataError& error) {
        result_.skipped.emplace_back(checkpoint.path, error.what());
      }
    }
    finish();
  }

 private:
  void find_ground(const SiteState& state, const Grid& grid) {
    const MonitorState& monitor = state.monitor;
    for (const WatchedIncident& incident : state.incidents) {
      if (!incident.evidence || alerts_.count(incident.id) == 0 || result_.of_alert.count(incident.id) != 0) continue;
      AlertGround& ground = ground_[incident.id];
      ground.evidence = *incident.evidence;
      for (const Run& run : incident.runs) {
        const std::size_t row = static_cast<std::size_t>(run.row) * static_cast<std::size_t>(grid.width);
        for (int x = run.begin; x < run.end; ++x) {
          const std::size_t pixel = row + static_cast<std::size_t>(x);
          const ObservationNumber onset = monitor.history[pixel].onset_before;
          const bool is_known = onset >= 0 && static_cast<std::size_t>(onset) < monitor.observations.size();
          ground.pixels.emplace_back(
              pixel, is_known ? monitor.observations[static_cast<std::size_t>(onset)] : incident.first_detected);
        }
      }
    }
  }

  void add(const SiteState& state, const MonitorOptions& options) {
    const PixelReader reader(state.monitor, options);
    for (const auto& [id, ground] : ground_) {
      std::map<Instant, Sums> sums;
      for (const auto& [pixel, since] : ground.pixels) reader.add(pixel, since, sums);
      // An acquisition is known best by the checkpoint that has most of its pixels: later ones have forgotten some.
      for (const auto& [when, sum] : sums) {
        Sums& best = sums_[id][when];
        if (sum.pixels > best.pixels) best = sum;
      }
    }
  }

  void finish() {
    for (const auto& [id, ground] : ground_) {
      GroundCourse& course = result_.of_alert[id];
      course.bare_ndvi = std::min(ndvi_of(ground.evidence.first), ndvi_of(ground.evidence.after));
      course.was_water = is_water(ground.evidence.first) || is_water(ground.evidence.after);
      for (const auto& [when, sum] : sums_[id]) {
        if (2 * sum.pixels < static_cast<double>(ground.pixels.size())) continue;
        course.seen.push_back({when, sum.pixels, sum.ndvi / sum.pixels, sum.own_ndvi / sum.pixels,
                               sum.mndwi / sum.pixels, std::sqrt(sum.distance2 / sum.pixels)});
        course.bare_ndvi = std::min(course.bare_ndvi, course.seen.back().ndvi);
        course.was_water = course.was_water || course.seen.back().mndwi > 0;
      }
      course.was_bare_before = static_cast<double>(ground.evidence.greenest_ndvi) - course.bare_ndvi < least_green;
    }
  }

  std::vector<Checkpoint> checkpoints_;
  const std::set<std::string>& alerts_;
  GroundCourses& result_;
  const StateHead* newest_ = nullptr;
  std::map<std::string, AlertGround> ground_;
  std::map<std::string, std::map<Instant, Sums>> sums_;
};

/// Checkpoints of states that have learnt, by the folder that they lie in; those with most acquisitions first.
std::map<std::string, std::vector<Checkpoint>> checkpoints_in(const std::string& folder, GroundCourses& result) {
  std::map<std::string, std::vector<Checkpoint>> panes;
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it.depth() > 1) it.disable_recursion_pending();
    if (it->path().extension() == ".state") paths.push_back(it->path().string());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    try {
      StateHead head = read_state_head(path);
      if (head.is_learnt) panes[fs::path(path).parent_path().string()].push_back({path, std::move(head)});
    } catch (const std::runtime_error& problem) {
      result.skipped.emplace_back(path, problem.what());
    }
  }
  for (auto& [pane, checkpoints] : panes) {
    std::stable_sort(checkpoints.begin(), checkpoints.end(), [](const Checkpoint& a, const Checkpoint& b) {
      return a.head.acquisitions.size() > b.head.acquisitions.size();
    });
  }
  return panes;
}

}  // namespace

GroundCourses ground_courses(const std::string& state, const std::string& site, const std::set<std::string>& alerts,
                             const ParallelFor& parallel) {
  GroundCourses result;
  auto panes = checkpoints_in(state + "/sites/" + site, result);
  for (auto& [pane, checkpoints] : panes) PaneCourses(std::move(checkpoints), alerts, result).run(parallel);
  return result;
}

}  // namespace pitwatch
