#include "pipeline/watch/site_watch.hpp"

#include <algorithm>
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

/// Adds what a pane has to tell to the report of all.
void add_remarks(WatchReport pane, WatchReport& report) {
  std::move(pane.skipped.begin(), pane.skipped.end(), std::back_inserter(report.skipped));
  std::move(pane.superseded.begin(), pane.superseded.end(), std::back_inserter(report.superseded));
  std::move(pane.warnings.begin(), pane.warnings.end(), std::back_inserter(report.warnings));
  const auto add = [](auto& from, auto& to) { std::move(from.begin(), from.end(), std::back_inserter(to)); };
  add(pane.unusable, report.unusable);
  add(pane.late, report.late);
  add(pane.missing, report.missing);
  add(pane.acquisitions, report.acquisitions);
  add(pane.written, report.written);
  add(pane.chip_places, report.chip_places);
  add(pane.obsolete, report.obsolete);
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
  const auto most = static_cast<std::size_t>(arena_threads());
  BlockCache blocks;
  SiteProgress site_progress(progress, panes.size());
  std::vector<PaneOutcome> outcomes(panes.size());
  std::vector<Begun> side_by_side;
  std::int64_t bytes = program_bytes;
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
    bytes = program_bytes;
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
  const std::vector<Pane> panes = panes_of(site_grid(watched.site, watched.options.buffer_m));
  SiteOutcome outcome;
  std::vector<std::vector<PaneAlert>> known;
  std::optional<SiteStanding> standing;
  std::vector<PaneOutcome> seen = watch_panes(watched, panes, listing, offsets, progress);
  for (PaneOutcome& pane : seen) {
    for (SiteStanding& of_pane : pane.remarks.standings) add(std::move(of_pane), standing);
    add_remarks(std::move(pane.remarks), report);
  }
  for (PaneOutcome& pane : seen) {
    if (pane.failure) std::rethrow_exception(pane.failure);
    add(pane.summary, outcome.summary);
    outcome.alerts.push_back({panes[outcome.alerts.size()].grid, std::move(pane.alerts)});
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
    report.standings.push_back(std::move(*standing));
  }
  return outcome;
}

void check_state(const WatchedSite& watched) {
  for (const Pane& pane : panes_of(site_grid(watched.site, watched.options.buffer_m))) {
    const StateFolder states = state_folder(watched, pane);
    check_end(watched, states.known());
  }
}

void probe_pane(const WatchedSite& watched, const Pane& pane, const SourceListing& listing, OffsetMemory& offsets,
                const ProgressSink& progress, WatchReport& report, const SiteProbe& probe) {
  BlockCache blocks(pane_block_bytes);
  PaneWatch(watched, pane, listing, offsets, blocks, progress, report, probe).run();
}

}  // namespace pitwatch
