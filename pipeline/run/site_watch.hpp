#pragma once
// One watched site: its looks taken in one after the other. The nightly job does this with a state in files; whoever
// asks what it saw does it again in memory, with a probe.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/site.hpp"
#include "pipeline/io/scene_source.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/observe.hpp"
#include "pipeline/run/progress.hpp"
#include "pipeline/run/site_state.hpp"
#include "pipeline/run/watch.hpp"

namespace pitwatch {

inline constexpr std::int64_t watch_gdal_cache_bytes = std::int64_t{16} << 20;

/// A site with the options that hold for it, and the algorithm (version and hash of those options) that its state and
/// alerts name.
struct WatchedSite {
  Site site;
  WatchOptions options;
  std::string algorithm;
};

/// The sites of options.sites; what a site sets for itself goes before `options`. Throws ConfigError, naming site and
/// option, for an option that there is not or a value that is not of it; DataError as read_sites() does.
std::vector<WatchedSite> watched_sites(const WatchOptions& options);

/// The ground that is watched for a site: its bounds and so much around.
Grid watched_grid(Site site, double buffer_m);

/// What an archive is asked for, to watch these sites.
SourceSearch search_for(const std::vector<WatchedSite>& sites);

/// A look that was just taken in. All of it is good for the duration of the call alone.
struct LookTaken {
  const LookRecord& record;
  const LookPlanes& planes;        // as they were measured; of no use where record.skipped says why
  const LookFeatures& features;    // likewise
  const Observation* observation;  // of this look; none where it was skipped or is of the history
  const SiteState& state;          // after it
};

/// Called in order of time, from one thread after the other.
struct SiteProbe {
  std::function<void(const MonitorState&)> learnt;  // once, before the first look that is judged
  std::function<void(const LookTaken&)> look;       // after each
};

struct SiteOutcome {
  WatchReport::OfSite summary;
  std::vector<Alert> alerts;
  Grid grid;
};

/// Takes in all looks at a site that its state does not hold, and writes the state; where options.state is empty, all
/// of them, and writes nothing. `offsets` is for all sites of a run. Inside in_arena(). Adds to `report` what was
/// skipped, left out or doubtful. Throws as watch().
SiteOutcome watch_site(const WatchedSite& watched, const SourceListing& listing, OffsetMemory& offsets,
                       const ProgressSink& progress, WatchReport& report, const SiteProbe& probe = {});

/// Runs `work` on so many threads, 0: all cores.
void in_arena(int threads, const std::function<void()>& work);

}  // namespace pitwatch
