#pragma once
// What speaks for an incident besides its outline: onset, spectra before and after, scenes; and the alert that is made
// of all that.

#include <optional>
#include <string>

#include "pipeline/classify/course.hpp"
#include "pipeline/core/alert.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/observe.hpp"
#include "pipeline/monitor/rows.hpp"
#include "pipeline/watch/site_state.hpp"
#include "pipeline/watch/watched_site.hpp"

namespace pitwatch {

/// Keeps the reflectance of pixels that an acquisition of the history shows clear.
void remember_clear(SiteState& state, const ObservationPlanes& planes, const ObservationFeatures& features,
                    const RowLoop& rows);

/// Keeps the reflectance of pixels that an acquisition shows undisturbed.
void remember_undisturbed(SiteState& state, const ObservationPlanes& planes, const Observation& seen,
                          const RowLoop& rows);

/// Onset and spectra of an incident that this acquisition shows, into its evidence; `detected` is 1 where the
/// acquisition itself shows the disturbance. `scene` is the acquisition's. `incident` is one of the state's.
void describe(WatchedIncident& incident, const SiteState& state, const ObservationPlanes& planes,
              const std::string& scene, PlaneView<const std::uint8_t> detected, const Grid& grid,
              const MonitorOptions& options);

/// What an acquisition shows of an incident that was described, for its class; `clear` is 1 where the acquisition saw
/// the ground. Nothing where less than half of its ground was seen, but for the first such acquisition.
std::optional<CourseObservation> course_observation(const SiteState& state, const WatchedIncident& incident,
                                                    const ObservationPlanes& planes,
                                                    PlaneView<const std::uint8_t> clear, const Grid& grid);

/// Takes such an acquisition into the course of an incident, and adds what it is reported to be from then on, where its
/// class is another, or the probability that it is natural has moved by a tenth, or, where it is high and by two
/// hundredths at least, to half or twice as far from 1. Without an acquisition it stays what it is, or is `unknown` at
/// first.
void classify(IncidentEvidence& evidence, const std::optional<CourseObservation>& acquisition, Instant now,
              const CourseOptions& options);

/// Alerts of all incidents of a state, superseded ones too, since what was published stays known: but for those that
/// were never described, and those last detected before options.from. Their histories are those of the incidents, with
/// the changes of class; an event that a run gave is the same in every later one.
std::vector<Alert> alerts_of(const SiteState& state, const WatchedSite& watched, const Grid& grid);

}  // namespace pitwatch
