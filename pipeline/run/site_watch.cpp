#include "pipeline/run/site_watch.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/incidents/tracker.hpp"
#include "pipeline/monitor/learn.hpp"
#include "pipeline/run/background.hpp"
#include "pipeline/run/build_alerts.hpp"
#include "pipeline/run/incident_story.hpp"
#include "pipeline/run/look_choice.hpp"
#include "pipeline/run/look_reader.hpp"
#include "pipeline/run/state_folder.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t looks_between_checkpoints = 24;
// The program and its libraries, and what a pixel takes: in the state and its observation, while learning and for each
// look of the history that is learnt from, and in a look.
constexpr std::int64_t fixed_bytes = std::int64_t{130} << 20;
constexpr std::int64_t state_pixel_bytes = 340;
constexpr std::int64_t learning_pixel_bytes = 180;
constexpr std::int64_t history_pixel_bytes = 16;
constexpr std::int64_t look_pixel_bytes = 110;
// Blocks of rasters that are kept, where there is the memory: what one pane reads twice, and what several have in
// common.
constexpr std::int64_t pane_block_bytes = std::int64_t{32} << 20;
constexpr std::int64_t site_block_bytes = std::int64_t{512} << 20;

TrackerOptions tracker_options(const WatchThresholds& thresholds, const Grid& grid) {
  TrackerOptions options = thresholds.incidents;
  options.min_pixels = min_pixels(thresholds.min_area_ha, grid);
  return options;
}

MonitorOptions monitor_options(const WatchThresholds& thresholds, const Grid& grid) {
  MonitorOptions options = thresholds.monitor;
  options.pixel_size_m = grid.pixel_size_m;
  return options;
}

/// A look on its way: read by any thread, taken in by one after the other.
struct LookInFlight {
  std::size_t number = 0;
  LookRecord record;
  ReadLook read;
  LookFeatures features;
};

/// What was thrown first by the steps of a pipeline. It is let run empty then: what is in flight when a filter throws,
/// oneTBB never frees.
class FirstFailure {
 public:
  template <typename Step>
  void guard(const Step& step) {
    if (happened_) return;
    try {
      step();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!happened_) failure_ = std::current_exception();
      happened_ = true;
    }
  }
  bool happened() const { return happened_; }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::atomic<bool> happened_ = false;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

class PaneWatch {
 public:
  PaneWatch(const WatchedSite& watched, const Pane& pane, const SourceListing& listing, OffsetMemory& offsets,
            BlockCache& blocks, ProgressSink progress, WatchReport& report, SiteProbe probe = {})
      : watched_(watched),
        pane_(pane),
        progress_(std::move(progress)),
        report_(report),
        probe_(std::move(probe)),
        monitor_options_(monitor_options(watched.options.thresholds, pane.grid)),
        plan_(plan_looks(listing, watched, pane.grid, report.left_out)),
        reader_(watched, pane, offsets, blocks),
        states_(watched.options.state.empty() ? "" : watched.options.state + "/sites/" + place_of(watched.site, pane),
                watched.algorithm, pane.grid, in_parallel),
        tracker_(place_of(watched.site, pane), pane.grid, tracker_options(watched.options.thresholds, pane.grid)) {}

  WatchReport::OfSite run() {
    const bool dry = watched_.options.dry_run;
    if (!dry) states_.tidy();
    if (std::optional<SiteState> newest = states_.newest(plan_, report_.skipped)) {
      state_ = std::move(*newest);
      tracker_.incidents() = state_.incidents;
    }
    const std::size_t known = state_.looks.size();
    WatchReport::OfSite result;
    result.id = watched_.site.id;
    result.looks = static_cast<int>(plan_.looks.size());
    result.new_looks = static_cast<int>(std::count_if(
        plan_.looks.begin(), plan_.looks.end(), [&](const PlannedLook& look) { return !states_.knew(look.record); }));
    result.replayed = static_cast<int>(plan_.looks.size() - known) - result.new_looks;
    if (dry) return result;
    if (known < plan_.looks.size()) take_in_from(known);
    result.learning = !learnt();
    result.open = static_cast<int>(std::count_if(state_.incidents.begin(), state_.incidents.end(),
                                                 [](const Incident& incident) { return is_open(incident.status); }));
    for (std::size_t i = known; i < state_.looks.size(); ++i) {
      const LookRecord& look = state_.looks[i];
      if (!look.skipped.empty()) report_.skipped.emplace_back(look.scene, look.skipped);
    }
    return result;
  }

  const SiteState& state() const { return state_; }

  /// Memory that run() takes, beside the program itself.
  std::int64_t bytes() {
    const std::size_t known = states_.newest_looks(plan_);
    return bytes(known > 0, looks_in_flight(known));
  }

 private:
  bool learnt() const { return state_.monitor.width > 0; }

  /// How many are on their way at once where so many are known.
  int looks_in_flight(std::size_t known) const {
    return static_cast<int>(
        std::min(plan_.looks.size() - known, static_cast<std::size_t>(tbb::this_task_arena::max_concurrency()) + 1));
  }

  std::int64_t bytes(bool is_learnt, int looks_in_flight) const {
    const auto history = std::count_if(plan_.looks.begin(), plan_.looks.end(), [&](const PlannedLook& look) {
      return look.record.acquired < plan_.learn_until;
    });
    const std::int64_t pixels = std::int64_t{pane_.grid.width} * pane_.grid.height;
    const std::int64_t learning = is_learnt ? 0 : learning_pixel_bytes + history_pixel_bytes * history;
    return reader_.bytes(plan_, looks_in_flight) +
           pixels * (state_pixel_bytes + learning + look_pixel_bytes * looks_in_flight);
  }

  /// Refuses a pane whose state, history and looks in flight would not fit into the memory allowed.
  void check_memory(int looks_in_flight) const {
    const std::int64_t needed = fixed_bytes + bytes(learnt(), looks_in_flight);
    if (needed > watched_.options.memory_bytes) {
      throw ConfigError("--memory " + std::to_string(watched_.options.memory_bytes >> 20) +
                        " MiB is too little for site '" + watched_.site.id +
                        "': " + std::to_string((needed >> 20) + 1) + " MiB are needed");
    }
  }

  void take_in_from(std::size_t first) {
    const int tokens = looks_in_flight(first);
    check_memory(tokens);
    reader_.find_reference(plan_);
    std::unique_ptr<LookStack> history;
    if (!learnt()) history = std::make_unique<LookStack>(pane_.grid.width, pane_.grid.height);
    std::size_t next = first;
    FirstFailure failure;
    const auto take = [&](tbb::flow_control& control) -> std::shared_ptr<LookInFlight> {
      if (next == plan_.looks.size() || failure.happened()) {
        control.stop();
        return nullptr;
      }
      auto look = std::make_shared<LookInFlight>();
      look->number = next;
      look->record = plan_.looks[next++].record;
      return look;
    };
    const auto read = [&](LookInFlight& look) {
      try {
        look.read = reader_.read(plan_.looks[look.number].datatake);
        extract_features(look.read.planes, monitor_options_, look.features, in_rows);
      } catch (const DataError& unusable) {
        look.record.skipped = error_chain(unusable);
        look.read.doubts.clear();
      }
    };
    const auto take_in = [&](const LookInFlight& look) {
      if (history && look.record.acquired >= plan_.learn_until) {
        learn_from(std::move(*history));
        history.reset();
        if (probe_.learnt) probe_.learnt(state_.monitor);
        states_.save(state_, plan_, true);
      }
      const bool judged = !history && look.record.skipped.empty();
      if (judged) {
        judge(look);
      } else if (look.record.skipped.empty()) {
        history->add(look.features);
        remember_clear(state_, look.read.planes, look.features, in_rows);
      }
      state_.looks.push_back(look.record);
      report_.doubts.insert(report_.doubts.end(), look.read.doubts.begin(), look.read.doubts.end());
      if (probe_.look) {
        probe_.look({look.record, look.read.planes, look.features, judged ? &observation_ : nullptr, state_});
      }
      if (!history && state_.looks.size() % looks_between_checkpoints == 0) save();
      progress_(watched_.site.id, static_cast<double>(look.number + 1) / static_cast<double>(plan_.looks.size()));
    };
    using Token = std::shared_ptr<LookInFlight>;
    const auto reading = [&](Token look) {
      failure.guard([&] { read(*look); });
      return look;
    };
    const auto taking_in = [&](const Token& look) { failure.guard([&] { take_in(*look); }); };
    tbb::parallel_pipeline(static_cast<std::size_t>(tokens),
                           tbb::make_filter<void, Token>(tbb::filter_mode::serial_in_order, take) &
                               tbb::make_filter<Token, Token>(tbb::filter_mode::parallel, reading) &
                               tbb::make_filter<Token, void>(tbb::filter_mode::serial_in_order, taking_in));
    failure.rethrow();
    if (learnt() && saved_looks_ != state_.looks.size()) save();
  }

  void save() {
    states_.save(state_, plan_, false);
    saved_looks_ = state_.looks.size();
  }

  void learn_from(LookStack history) {
    if (history.looks() == 0) {
      const auto skipped = std::find_if(state_.looks.begin(), state_.looks.end(),
                                        [](const LookRecord& look) { return !look.skipped.empty(); });
      throw DataError("site '" + watched_.site.id + "': no usable look before " + format_day(plan_.learn_until) +
                      (skipped != state_.looks.end() ? ": " + skipped->skipped : ""));
    }
    state_.monitor = learn(std::move(history), monitor_options_, in_rows);
    warn_of_short_history();
  }

  /// Without a wave of the year, whatever the seasons do is an alert.
  void warn_of_short_history() {
    constexpr double many = 0.2;
    std::size_t judged = 0;
    std::size_t flat = 0;
    for (std::size_t i = 0; i < state_.monitor.pixels(); ++i) {
      if (state_.monitor.status[i] == PixelStatus::not_judged) continue;
      ++judged;
      flat += state_.monitor.models[i].waves == 0 ? 1 : 0;
    }
    const std::size_t pixels = state_.monitor.pixels();
    const auto percent = [pixels](std::size_t part) { return std::to_string(100 * part / pixels) + " %"; };
    const auto of_all = [pixels](double share) { return share * static_cast<double>(pixels); };
    if (static_cast<double>(pixels - judged) > of_all(many)) {
      report_.doubts.emplace_back("site '" + watched_.site.id + "'", "its history shows " + percent(pixels - judged) +
                                                                         " of it too seldom to judge it at all");
    }
    if (static_cast<double>(flat) > of_all(many)) {
      report_.doubts.emplace_back("site '" + watched_.site.id + "'",
                                  "its history has too few clear looks for seasons in " + percent(flat) +
                                      " of it: expect alerts for what only comes with the year, or learn for longer");
    }
  }

  void judge(const LookInFlight& look) {
    observe(state_.monitor, look.features, monitor_options_, observation_, in_rows);
    const int width = pane_.grid.width;
    const int height = pane_.grid.height;
    for (Plane<std::uint8_t>* plane : {&probability_, &status_, &clear_, &detected_}) plane->reshape(width, height);
    const auto now = static_cast<LookNumber>(state_.monitor.looks.size()) - 1;
    in_rows(height, [&](int begin, int end) {
      for (int y = begin; y < end; ++y) {
        for (int x = 0; x < width; ++x) {
          const auto i = static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
          const PixelStatus status = observation_.status[i];
          const bool open = status == PixelStatus::provisional || status == PixelStatus::confirmed ||
                            status == PixelStatus::recovering;
          const float certain = std::clamp(observation_.probability[i], 0.5F, 1.0F);
          probability_.at(x, y) = open ? static_cast<std::uint8_t>(std::lround(certain * score_max)) : std::uint8_t{0};
          status_.at(x, y) = static_cast<std::uint8_t>(status == PixelStatus::confirmed    ? AlertStatus::confirmed
                                                       : status == PixelStatus::recovering ? AlertStatus::recovering
                                                                                           : AlertStatus::provisional);
          clear_.at(x, y) = counts(observation_.use[i]) ? 1 : 0;
          detected_.at(x, y) = open && state_.monitor.history[i].last_detected == now ? 1 : 0;
        }
      }
    });
    remember_undisturbed(state_, look.read.planes, observation_, in_rows);
    tracker_.update({look.record.acquired, std::as_const(probability_).view(), std::as_const(status_).view(),
                     std::as_const(clear_).view(), std::as_const(detected_).view()});
    state_.incidents = tracker_.incidents();
    for (const Incident& incident : state_.incidents) {
      const Instant when = look.record.acquired;
      if (incident.last_detected == when) {
        describe(state_, incident, look.read.planes, look.record.scene, std::as_const(detected_).view(), pane_.grid,
                 monitor_options_);
      }
      if (incident.last_detected == when || incident.closed_on == when) {
        classify(state_, incident, when, watched_.options.thresholds.course);
      }
    }
  }

  const WatchedSite& watched_;
  const Pane& pane_;
  ProgressSink progress_;
  WatchReport& report_;
  SiteProbe probe_;
  MonitorOptions monitor_options_;
  LookPlan plan_;
  LookReader reader_;
  StateFolder states_;
  std::size_t saved_looks_ = 0;  // looks of the checkpoint written last
  IncidentTracker tracker_;
  SiteState state_;
  Observation observation_;
  Plane<std::uint8_t> probability_;
  Plane<std::uint8_t> status_;
  Plane<std::uint8_t> clear_;
  Plane<std::uint8_t> detected_;
};

/// What the alerts of a pane are known by, in their order.
std::vector<PaneAlert> known_by(const SiteState& state, const std::vector<Alert>& alerts) {
  std::vector<PaneAlert> result;
  auto incident = state.incidents.begin();
  for (const Alert& alert : alerts) {
    while (incident->id != alert.id) ++incident;  // alerts are in the order of incidents
    result.push_back({alert.id, alert.first_detected, incident->runs, alert.status == AlertStatus::superseded});
  }
  return result;
}

/// Adds what another pane of a site saw to the site's summary: of the same looks.
void add(const WatchReport::OfSite& pane, WatchReport::OfSite& site) {
  site.id = pane.id;
  site.looks = std::max(site.looks, pane.looks);
  site.new_looks = std::max(site.new_looks, pane.new_looks);
  site.replayed = std::max(site.replayed, pane.replayed);
  site.learning = site.learning || pane.learning;
  site.open += pane.open;
}

/// Adds what a pane has to tell to the report of all.
void add_remarks(WatchReport pane, WatchReport& report) {
  std::move(pane.skipped.begin(), pane.skipped.end(), std::back_inserter(report.skipped));
  std::move(pane.left_out.begin(), pane.left_out.end(), std::back_inserter(report.left_out));
  std::move(pane.doubts.begin(), pane.doubts.end(), std::back_inserter(report.doubts));
}

/// Progress of several panes as one of their site.
class SiteProgress {
 public:
  SiteProgress(const ProgressSink& site, std::size_t panes) : site_(site), shares_(panes) {}

  ProgressSink of_pane(std::size_t pane) {
    return [this, pane](std::string_view what, double share) {
      const std::scoped_lock lock(mutex_);
      sum_ += share - shares_[pane];
      shares_[pane] = share;
      site_(what, sum_ / static_cast<double>(shares_.size()));
    };
  }

 private:
  const ProgressSink& site_;
  std::mutex mutex_;
  std::vector<double> shares_;
  double sum_ = 0;
};

/// What was seen in one pane, or why nothing was.
struct PaneOutcome {
  WatchReport::OfSite summary;
  std::vector<Alert> alerts;
  std::vector<PaneAlert> known;
  WatchReport remarks;
  std::exception_ptr failure;
};

/// Watches the panes of a site, as many side by side as there are threads and memory for. After one that failed no more
/// are begun.
std::vector<PaneOutcome> watch_panes(const WatchedSite& watched, const std::vector<Pane>& panes,
                                     const SourceListing& listing, OffsetMemory& offsets,
                                     const ProgressSink& progress) {
  struct Begun {
    std::size_t pane;
    std::unique_ptr<PaneWatch> watch;
  };
  const KeptPixels kept;  // what one pane leaves is of the next one's size
  const std::int64_t panes_bytes = watched.options.memory_bytes / 4 * 3;  // the rest is for blocks
  const auto most = static_cast<std::size_t>(tbb::this_task_arena::max_concurrency());
  BlockCache blocks;
  SiteProgress site_progress(progress, panes.size());
  std::vector<PaneOutcome> outcomes(panes.size());
  std::vector<Begun> side_by_side;
  std::int64_t bytes = fixed_bytes;
  const auto run = [&] {
    const std::int64_t most_bytes = panes.size() == 1 ? pane_block_bytes : site_block_bytes;
    blocks.set_limit(std::clamp(watched.options.memory_bytes - bytes, std::int64_t{0}, most_bytes));
    in_parallel(static_cast<int>(side_by_side.size()), [&](int i) {
      auto& [pane, watch] = side_by_side[static_cast<std::size_t>(i)];
      PaneOutcome& outcome = outcomes[pane];
      try {
        outcome.summary = watch->run();
        outcome.alerts = alerts_of(watch->state(), watched, panes[pane].grid);
        outcome.known = known_by(watch->state(), outcome.alerts);
      } catch (...) {
        outcome.failure = std::current_exception();
      }
      watch.reset();
    });
    side_by_side.clear();
    bytes = fixed_bytes;
    return std::none_of(outcomes.begin(), outcomes.end(), [](const PaneOutcome& one) { return one.failure; });
  };
  for (std::size_t i = 0; i < panes.size(); ++i) {
    auto watch = std::make_unique<PaneWatch>(watched, panes[i], listing, offsets, blocks, site_progress.of_pane(i),
                                             outcomes[i].remarks);
    const std::int64_t more = watch->bytes();
    const bool fits = side_by_side.size() < most && bytes + more <= panes_bytes;
    if (!fits && !side_by_side.empty() && !run()) return outcomes;
    side_by_side.push_back({i, std::move(watch)});
    bytes += more;
  }
  run();
  return outcomes;
}

}  // namespace

SiteOutcome watch_site(const WatchedSite& watched, const SourceListing& listing, OffsetMemory& offsets,
                       const ProgressSink& progress, WatchReport& report) {
  const std::vector<Pane> panes = panes_of(watched_grid(watched.site, watched.options.buffer_m));
  SiteOutcome outcome;
  std::vector<std::vector<PaneAlert>> known;
  for (PaneOutcome& pane : watch_panes(watched, panes, listing, offsets, progress)) {
    add_remarks(std::move(pane.remarks), report);
    if (pane.failure) std::rethrow_exception(pane.failure);
    add(pane.summary, outcome.summary);
    outcome.alerts.push_back({panes[outcome.alerts.size()].grid, std::move(pane.alerts)});
    known.push_back(std::move(pane.known));
  }
  const std::vector<std::vector<bool>> told = told_once(panes, known);
  for (std::size_t i = 0; i < panes.size(); ++i) {
    std::vector<Alert> some;
    for (std::size_t k = 0; k < told[i].size(); ++k) {
      Alert& alert = outcome.alerts[i].alerts[k];
      if (told[i][k]) {
        some.push_back(std::move(alert));
      } else if (is_open(alert.status)) {
        --outcome.summary.open;
      }
    }
    outcome.alerts[i].alerts = std::move(some);
  }
  return outcome;
}

void probe_pane(const WatchedSite& watched, const Pane& pane, const SourceListing& listing, OffsetMemory& offsets,
                const ProgressSink& progress, WatchReport& report, const SiteProbe& probe) {
  BlockCache blocks(pane_block_bytes);
  PaneWatch(watched, pane, listing, offsets, blocks, progress, report, probe).run();
}

void in_arena(int threads, const std::function<void()>& work) {
  const int count = threads != 0 ? threads : tbb::info::default_concurrency();
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(count));
  tbb::task_arena arena(count);
  arena.execute(work);
}

}  // namespace pitwatch
