#pragma once
// Watched sites: the acquisitions of each taken in one after the other. The nightly job does this with a state in
// files; whoever asks what it saw does it again in memory, with a probe.

#include <cstdint>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/acquisition/checks.hpp"
#include "pipeline/core/alert.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/io/scenes/scene_source.hpp"
#include "pipeline/schedule/progress.hpp"
#include "pipeline/watch/pane_watch.hpp"
#include "pipeline/watch/panes.hpp"
#include "pipeline/watch/watch.hpp"
#include "pipeline/watch/watched_site.hpp"

namespace pitwatch {

inline constexpr std::int64_t watch_gdal_cache_bytes = std::int64_t{16} << 20;

/// Alerts whose shapes lie on a grid.
struct GridAlerts {
  Grid grid;
  std::vector<Alert> alerts;
};

/// The panes of a site that are watched: all, or that of the unit of work.
std::vector<Pane> panes_of(const WatchedSite& watched);

/// What was seen in one pane, or why nothing was.
struct PaneOutcome {
  WatchReport::OfSite summary;
  std::vector<Alert> alerts;
  std::vector<PaneAlert> known;  // by which the alerts are known, in their order
  WatchReport remarks;           // what was skipped, left out or doubtful
  std::string checkpoint;        // the file that holds what was seen; empty: none
  std::exception_ptr failure;
};

struct SiteOutcome {
  WatchReport::OfSite summary;
  std::vector<GridAlerts> alerts;  // of each pane those that are reported
  WatchReport remarks;             // what was skipped, left out or doubtful
  std::exception_ptr failure;      // of the first pane that failed; then of the rest only the remarks are told
};

/// Called with the place of a site among all and what became of each of its panes, in the order of sites.
using PanesDone = std::function<void(std::size_t, std::vector<PaneOutcome>)>;

/// Called with the place of a site among all and what became of it, in the order of sites.
using SiteDone = std::function<void(std::size_t, SiteOutcome)>;

/// Takes in all acquisitions at sites that their states do not hold, and writes the states; where options.state is
/// empty, all of them, and writes nothing. As many panes are watched side by side, of one site or of several, as there
/// are threads and memory for; none is begun of a site of which one has failed. Inside in_arena(). What `done` throws
/// ends it. A site is told of when all of its panes have ended.
void watch_sites_of(std::span<const WatchedSite> sites, const SourceListing& listing, const ProgressSink& progress,
                    const SiteDone& done);

/// The same, pane by pane: what put_together() makes one of.
void watch_panes_of(std::span<const WatchedSite> sites, const SourceListing& listing, const ProgressSink& progress,
                    const PanesDone& done);

/// Makes alerts of the incidents that a pane's state holds.
void add_alerts(const SiteState& state, const WatchedSite& watched, const Grid& grid, PaneOutcome& outcome);

/// What all panes of a site saw, in one: ground that two of them see is reported once.
SiteOutcome put_together(const std::vector<Pane>& panes, std::vector<PaneOutcome> outcomes);

/// Adds what a part of a run has to tell, but for its summaries, to the report of all.
void add_remarks(WatchReport part, WatchReport& report);

/// Throws ConfigError, before anything is done, for a state that a run with these options must not continue from: of
/// other terms, of a newer format, or later than the end that is asked for. Of several the first in the order of sites.
void check_states(std::span<const WatchedSite> sites);

/// Takes in all acquisitions at one pane in memory and shows them to a probe. Otherwise as watch_site().
void probe_pane(const WatchedSite& watched, const Pane& pane, const SourceListing& listing, OffsetMemory& offsets,
                const ProgressSink& progress, WatchReport& report, const SiteProbe& probe);

}  // namespace pitwatch
