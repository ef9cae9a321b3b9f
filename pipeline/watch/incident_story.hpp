#pragma once
// What speaks for an incident besides its outline: onset, spectra before and after, scenes; and the alert that is made
// of all that.

#include <string>

#include "pipeline/classify/classify.hpp"
#include "pipeline/core/alert.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/observe.hpp"
#include "pipeline/monitor/rows.hpp"
#include "pipeline/watch/site_state.hpp"
#include "pipeline/watch/watched_site.hpp"

namespace pitwatch {

/// Keeps the reflectance of pixels that a look of the history shows clear.
void remember_clear(SiteState& state, const LookPlanes& planes, const LookFeatures& features, const RowLoop& rows);

/// Keeps the reflectance of pixels that a look shows undisturbed.
void remember_undisturbed(SiteState& state, const LookPlanes& planes, const Observation& seen, const RowLoop& rows);

/// Onset and spectra of an incident that this look shows, into state.evidence; `detected` is 1 where the look itself
/// shows the disturbance. `scene` is the look's.
void describe(SiteState& state, const Incident& incident, const LookPlanes& planes, const std::string& scene,
              PlaneView<const std::uint8_t> detected, const Grid& grid, const MonitorOptions& options);

/// The class of an incident by its course up to a look that showed it, or showed its ground to be as ever, into
/// state.evidence.
void classify(SiteState& state, const Incident& incident, Instant now, const CourseOptions& options);

/// Alerts of all incidents of a state, superseded ones too, since what was published stays known: but for those that
/// were never described, and those last detected before options.from. Their histories are those of the incidents, with
/// the changes of class; an event that a run gave is the same in every later one.
std::vector<Alert> alerts_of(const SiteState& state, const WatchedSite& watched, const Grid& grid);

}  // namespace pitwatch
