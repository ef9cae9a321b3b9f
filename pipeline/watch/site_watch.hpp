#pragma once
// One watched site: its acquisitions taken in one after the other. The nightly job does this with a state in files;
// whoever asks what it saw does it again in memory, with a probe.

#include <cstdint>
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

struct SiteOutcome {
  WatchReport::OfSite summary;
  std::vector<GridAlerts> alerts;  // of each pane those that are reported
};

/// Takes in all acquisitions at a site that its state does not hold, pane by pane, and writes the state; where
/// options.state is empty, all of them, and writes nothing. `offsets` is for all sites of a run. Inside in_arena().
/// Adds to `report` what was skipped, left out or doubtful. Throws as watch().
SiteOutcome watch_site(const WatchedSite& watched, const SourceListing& listing, OffsetMemory& offsets,
                       const ProgressSink& progress, WatchReport& report);

/// Throws ConfigError, before anything is done, for a state that a run with these options must not continue from: of
/// other terms, of a newer format, or later than the end that is asked for.
void check_state(const WatchedSite& watched);

/// Takes in all acquisitions at one pane in memory and shows them to a probe. Otherwise as watch_site().
void probe_pane(const WatchedSite& watched, const Pane& pane, const SourceListing& listing, OffsetMemory& offsets,
                const ProgressSink& progress, WatchReport& report, const SiteProbe& probe);

}  // namespace pitwatch
