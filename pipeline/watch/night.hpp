#pragma once
// One night in its steps: what the source lists, what was seen at the sites, what goes on record. `run` goes through
// them in one process; in units of work they are those of several (units.hpp).

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/context/context_config.hpp"
#include "pipeline/io/scenes/scene_source.hpp"
#include "pipeline/io/vector/sites.hpp"
#include "pipeline/register/register.hpp"
#include "pipeline/watch/night_record.hpp"
#include "pipeline/watch/site_watch.hpp"
#include "pipeline/watch/watch.hpp"
#include "pipeline/watch/watched_site.hpp"

namespace pitwatch {

/// What was seen at the sites.
struct NightSight {
  std::vector<GridAlerts> alerts;
  std::map<std::string, SupersededWhy> watched;  // sites that did not fail
};

/// What is put on record is to be found from anywhere.
WatchOptions with_absolute_paths(WatchOptions options);

/// The scenes of the source; those that cannot be used are among the skipped. Throws DataError where there is none.
SourceListing list_night(const WatchOptions& options, const std::vector<WatchedSite>& sites, WatchReport& report);

/// Sites of the file that are none. They stay listed: what was wrong with them may be mended tomorrow.
void add_rejected(const std::vector<RejectedSite>& rejected, WatchReport& report);

/// Adds a site that failed: it keeps what was published of it.
void add_failed(const std::string& site, const std::string& what, const std::string& why, WatchReport& report);

/// Adds what was seen at a site. The others go on where it failed for its data; another failure is thrown.
void take_in(const WatchedSite& watched, SiteOutcome outcome, NightSight& sight, WatchReport& report);

/// Of what several sites and panes say of one scene, leaves one.
void say_once(WatchReport& report);

/// What the night comes to, 0 or 4, is set in the report; then all is put on record, but for a dry run.
void publish_night(const WatchOptions& options, const std::vector<WatchedSite>& sites, const NightSight& sight,
                   const std::optional<ContextConfig>& context, const CoverageWork& coverage, NightRecord& record,
                   const NightInputs& inputs, WatchReport& report);

std::vector<AlertLayer> layers_of(const std::vector<GridAlerts>& alerts);

}  // namespace pitwatch
