#pragma once
// Which looks there are at a site, in order of time, and which of them are learnt from.

#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/io/scene_source.hpp"
#include "pipeline/run/site_state.hpp"
#include "pipeline/run/watched_site.hpp"

namespace pitwatch {

/// One overflight, as it is to be read, and as the state will know it.
struct PlannedLook {
  Datatake datatake;
  LookRecord record;
};

struct LookPlan {
  std::vector<PlannedLook> looks;  // by acquisition
  Instant learn_until{};           // looks before it are the history
};

/// The looks of a listing at a site: scenes of its period that overlap `grid`, of Level-2A, or of Level-1C where there
/// is nothing else and masks of our own are allowed. Appends to `left_out` the scenes that are not used, and why.
LookPlan plan_looks(const SourceListing& listing, const WatchedSite& watched, const Grid& grid,
                    std::vector<std::pair<std::string, std::string>>& left_out);

/// The scenes of a datatake, in the order in which they are to be read.
std::vector<Scene> scenes_of(const Datatake& datatake);

}  // namespace pitwatch
