#include "pipeline/watch/site_watch.hpp"

#include <algorithm>
#include <deque>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/watch/incident_story.hpp"
#include "pipeline/watch/pane_plan.hpp"

namespace pitwatch {
namespace {

// Blocks of rasters that are kept, where there is the memory: what one pane reads twice, and what several have in
// common.
constexpr std::int64_t pane_block_bytes = std::int64_t{32} << 20;
constexpr std::int64_t site_block_bytes = std::int64_t{512} << 20;

/// Throws ConfigError where a nightly run is to end before its state does.
void check_end(const WatchedSite& watched, std::span<const AcquisitionRecord> known) {
  const WatchOptions& options = watched.options;
  if (options.is_rerun || !options.until || known.empty() || known.back().acquired <= *options.until) return;
  throw ConfigError("site '" + watched.site.id + "': its state goes on to " + format_instant(known.back().acquired) +
                    ", beyond " + format_instant(*options.until) +
                    ": what was known earlier is worked out by pitwatch rerun --to, or told by alerts --as-of");
}

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

/// Adds what another pane of a site saw to the site's summary: of the same acquisitions.
void add(const WatchReport::OfSite& pane, WatchReport::OfSite& site) {
  site.id = pane.id;
  site.acquisitions = std::max(site.acquisitions, pane.acquisitions);
  site.new_acquisitions = std::max(site.new_acquisitions, pane.new_acquisitions);
  site.replayed = std::max(site.replayed, pane.replayed);
  site.learning = site.learning || pane.learning;
  site.relearnt = site.relearnt || pane.relearnt;
  site.open += pane.open;
  site.continued_from.insert(site.continued_from.end(), pane.continued_from.begin(), pane.continued_from.end());
}

/// Adds how things stand with a pane to how they stand with its site.
void add(SiteStanding pane, std::optional<SiteStanding>& site) {
  if (!site) {
    site = std::move(pane);
    return;
  }
  ++site->panes;
  site->acquisitions = std::max(site->acquisitions, pane.acquisitions);
  if (pane.first_acquisition && (!site->first_acquisition || *pane.first_acquisition < *site->first_acquisition)) {
    site->first_acquisition = pane.first_acquisition;
  }
  if (pane.last_acquisition && (!site->last_acquisition || *pane.last_acquisition > *site->last_acquisition)) {
    site->last_acquisition = pane.last_acquisition;
  }
  site->learning = site->learning || pane.learning;
  site->open_incidents += pane.open_incidents;
  std::move(pane.checkpoints.begin(), pane.checkpoints.end(), std::back_inserter(site->checkpoints));
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

/// A site, its panes, and what has been seen in them.
struct SiteInWork {
  SiteInWork(const WatchedSite& watched_site, const ProgressSink& progress_of_all)
      : watched(watched_site),
        panes(panes_of(watched)),
        outcomes(panes.size()),
        progress(progress_of_all, panes.size()) {}

  bool has_failed() const {
    return std::any_of(outcomes.begin(), outcomes.end(), [](const PaneOutcome& one) { return one.failure != nullptr; });
  }

  const WatchedSite& watched;
  std::vector<Pane> panes;
  std::vector<PaneOutcome> outcomes;  // of each pane
  SiteProgress progress;
};

/// Panes of sites, one after the other, as many side by side as there are threads and memory for.
class SideBySide {
 public:
  SideBySide(std::span<const WatchedSite> sites, const SourceListing& listing, const ProgressSink& progress,
             const PanesDone& done)
      : sites_(sites),
        listing_(listing),
        progress_(progress),
        done_(done),
        most_(static_cast<std::size_t>(arena_threads())) {}

  void run() {
    while (plan_some()) {
      run_some();
      tell_of_ended();
    }
    tell_of_ended();
  }

 private:
  struct Begun {
    SiteInWork* site;
    std::size_t pane;
    std::unique_ptr<PaneWatch> watch;  // none where planning failed
    std::int64_t bytes = 0;

    PaneOutcome& outcome() const { return site->outcomes[pane]; }
  };

  /// Of the site whose panes come next.
  bool has_more_panes() const { return site_ != nullptr && pane_ < site_->panes.size() && !site_->has_failed(); }

  /// The next pane that is to be planned; nothing where there is none.
  std::optional<Begun> next() {
    while (true) {
      if (has_more_panes()) return Begun{site_, pane_++, {}};
      if (begun_ == sites_.size()) return std::nullopt;
      site_ = in_work_.emplace_back(std::make_unique<SiteInWork>(sites_[begun_++], progress_)).get();
      pane_ = 0;
    }
  }

  /// Plans panes, side by side, until there are as many as threads. False where none is left to be run.
  bool plan_some() {
    const std::size_t before = planned_.size();
    while (planned_.size() < most_) {
      std::optional<Begun> one = next();
      if (!one) break;
      planned_.push_back(std::move(*one));
    }
    in_parallel(static_cast<int>(planned_.size() - before), [&](int i) {
      Begun& one = planned_[before + static_cast<std::size_t>(i)];
      guarded(one, [&] {
        one.watch = std::make_unique<PaneWatch>(one.site->watched, one.site->panes[one.pane], listing_, offsets_,
                                                blocks_, one.site->progress.of_pane(one.pane), one.outcome().remarks);
        one.bytes = one.watch->bytes();
      });
    });
    std::erase_if(planned_, [](const Begun& one) { return !one.watch || one.site->has_failed(); });
    return !planned_.empty() || has_more_panes() || begun_ < sites_.size();
  }

  /// Of those that are planned the first ones that fit into the memory, one at least.
  void run_some() {
    if (planned_.empty()) return;
    std::int64_t bytes = program_bytes;
    std::size_t count = 0;
    for (; count < planned_.size(); ++count) {
      const std::int64_t panes_bytes = memory_bytes() / 4 * 3;  // the rest is for blocks
      if (count > 0 && bytes + planned_[count].bytes > panes_bytes) break;
      bytes += planned_[count].bytes;
    }
    const bool are_small = std::all_of(planned_.begin(), planned_.begin() + static_cast<std::ptrdiff_t>(count),
                                       [](const Begun& one) { return one.site->panes.size() == 1; });
    const std::int64_t most_bytes =
        are_small ? std::min(site_block_bytes, static_cast<std::int64_t>(count) * pane_block_bytes) : site_block_bytes;
    blocks_.set_limit(std::clamp(memory_bytes() - bytes, std::int64_t{0}, most_bytes));
    in_parallel(static_cast<int>(count), [&](int i) {
      Begun& one = planned_[static_cast<std::size_t>(i)];
      guarded(one, [&] {
        PaneOutcome& outcome = one.outcome();
        const Grid& grid = one.site->panes[one.pane].grid;
        outcome.summary = one.watch->run();
        outcome.checkpoint = one.watch->checkpoint();
        add_alerts(one.watch->state(), one.site->watched, grid, outcome);
      });
      one.watch.reset();
    });
    planned_.erase(planned_.begin(), planned_.begin() + static_cast<std::ptrdiff_t>(count));
  }

  template <typename Work>
  static void guarded(Begun& one, const Work& work) {
    try {
      work();
    } catch (...) {
      one.outcome().failure = std::current_exception();
    }
  }

  std::int64_t memory_bytes() const { return sites_.front().options.memory_bytes; }

  /// Tells of sites all of whose panes have ended, in their order.
  void tell_of_ended() {
    while (!in_work_.empty()) {
      SiteInWork& first = *in_work_.front();
      const bool is_planned =
          std::any_of(planned_.begin(), planned_.end(), [&](const Begun& one) { return one.site == &first; });
      if (is_planned || (&first == site_ && has_more_panes())) return;
      std::vector<PaneOutcome> outcomes = std::move(first.outcomes);
      if (&first == site_) site_ = nullptr;
      in_work_.pop_front();
      done_(told_++, std::move(outcomes));
    }
  }

  std::span<const WatchedSite> sites_;
  const SourceListing& listing_;
  const ProgressSink& progress_;
  const PanesDone& done_;
  std::size_t most_;
  const KeptPixels kept_;  // what one pane leaves is of the next one's size
  BlockCache blocks_;
  OffsetMemory offsets_;
  std::deque<std::unique_ptr<SiteInWork>> in_work_;  // that have not been told of
  std::vector<Begun> planned_;
  std::size_t begun_ = 0;       // sites
  SiteInWork* site_ = nullptr;  // whose panes come next
  std::size_t pane_ = 0;
  std::size_t told_ = 0;
};

}  // namespace

std::vector<Pane> panes_of(const WatchedSite& watched) {
  std::vector<Pane> panes = panes_of(site_grid(watched.site, watched.options.buffer_m));
  if (!watched.only) return panes;
  if (*watched.only >= panes.size()) throw DataError("site '" + watched.site.id + "': has no such pane");
  return {std::move(panes[*watched.only])};
}

void add_alerts(const SiteState& state, const WatchedSite& watched, const Grid& grid, PaneOutcome& outcome) {
  outcome.alerts = alerts_of(state, watched, grid);
  outcome.known = known_by(state, outcome.alerts);
}

SiteOutcome put_together(const std::vector<Pane>& panes, std::vector<PaneOutcome> outcomes) {
  SiteOutcome outcome;
  std::optional<SiteStanding> standing;
  for (PaneOutcome& pane : outcomes) {
    for (SiteStanding& of_pane : pane.remarks.standings) add(std::move(of_pane), standing);
    pane.remarks.standings.clear();
    add_remarks(std::move(pane.remarks), outcome.remarks);
  }
  std::vector<std::vector<PaneAlert>> known;
  for (std::size_t i = 0; i < panes.size(); ++i) {
    PaneOutcome& pane = outcomes[i];
    if (pane.failure) {
      outcome.failure = pane.failure;
      return outcome;
    }
    add(pane.summary, outcome.summary);
    outcome.alerts.push_back({panes[i].grid, std::move(pane.alerts)});
    known.push_back(std::move(pane.known));
  }
  const std::vector<std::vector<bool>> reported = reported_once(panes, known);
  for (std::size_t i = 0; i < panes.size(); ++i) {
    std::vector<Alert> some;
    for (std::size_t k = 0; k < reported[i].size(); ++k) {
      Alert& alert = outcome.alerts[i].alerts[k];
      if (reported[i][k]) {
        some.push_back(std::move(alert));
      } else if (is_open(alert.status)) {
        --outcome.summary.open;
      }
    }
    outcome.alerts[i].alerts = std::move(some);
  }
  if (standing) {
    standing->open_incidents = outcome.summary.open;
    outcome.remarks.standings.push_back(std::move(*standing));
  }
  return outcome;
}

void watch_panes_of(std::span<const WatchedSite> sites, const SourceListing& listing, const ProgressSink& progress,
                    const PanesDone& done) {
  if (!sites.empty()) SideBySide(sites, listing, progress, done).run();
}

void watch_sites_of(std::span<const WatchedSite> sites, const SourceListing& listing, const ProgressSink& progress,
                    const SiteDone& done) {
  watch_panes_of(sites, listing, progress, [&](std::size_t number, std::vector<PaneOutcome> outcomes) {
    done(number, put_together(panes_of(sites[number]), std::move(outcomes)));
  });
}

void check_states(std::span<const WatchedSite> sites) {
  std::vector<std::exception_ptr> failures(sites.size());
  in_parallel(static_cast<int>(sites.size()), [&](int i) {
    const auto number = static_cast<std::size_t>(i);
    const WatchedSite& watched = sites[number];
    try {
      for (const Pane& pane : panes_of(watched)) {
        const StateFolder states = state_folder(watched, pane);
        check_end(watched, states.known());
      }
    } catch (...) {
      failures[number] = std::current_exception();
    }
  });
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

void add_remarks(WatchReport part, WatchReport& report) {
  std::move(part.skipped.begin(), part.skipped.end(), std::back_inserter(report.skipped));
  std::move(part.superseded.begin(), part.superseded.end(), std::back_inserter(report.superseded));
  std::move(part.warnings.begin(), part.warnings.end(), std::back_inserter(report.warnings));
  const auto add = [](auto& from, auto& to) { std::move(from.begin(), from.end(), std::back_inserter(to)); };
  add(part.unusable, report.unusable);
  add(part.late, report.late);
  add(part.missing, report.missing);
  add(part.acquisitions, report.acquisitions);
  add(part.written, report.written);
  add(part.chip_places, report.chip_places);
  add(part.obsolete, report.obsolete);
  add(part.standings, report.standings);
}

void probe_pane(const WatchedSite& watched, const Pane& pane, const SourceListing& listing, OffsetMemory& offsets,
                const ProgressSink& progress, WatchReport& report, const SiteProbe& probe) {
  BlockCache blocks(pane_block_bytes);
  PaneWatch(watched, pane, listing, offsets, blocks, progress, report, probe).run();
}

}  // namespace pitwatch
