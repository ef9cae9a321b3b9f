#pragma once
// The ground of a pane, acquisition by acquisition: learnt once, then judged, so that its state is what it was known to
// be after each.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/acquisition/record.hpp"
#include "pipeline/classify/course.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/incidents/tracker.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/learn.hpp"
#include "pipeline/monitor/observe.hpp"
#include "pipeline/watch/site_state.hpp"
#include "pipeline/watch/watch.hpp"

namespace pitwatch {

/// Whether the newest observation of a state itself shows a pixel disturbed.
bool shows_disturbance(const Observation& newest, const SiteState& state, std::size_t pixel);

/// Not thread-safe.
class GroundJudge {
 public:
  /// `place` goes into the ids of incidents.
  GroundJudge(const std::string& place, const Grid& grid, const WatchThresholds& thresholds);

  /// The features that an acquisition has for this ground.
  void extract(const ObservationPlanes& planes, ObservationFeatures& features) const;

  /// Learns the state's model from its history. Throws DataError, naming why, where no acquisition of it is usable.
  /// Returns what is doubtful of it, one sentence each.
  std::vector<std::string> learn_from(ObservationStack history, SiteState& state) const;

  /// Takes an acquisition into the state's model and incidents. What it shows holds until the next call.
  const Observation& judge(const AcquisitionRecord& record, const ObservationPlanes& planes,
                           const ObservationFeatures& features, SiteState& state);

 private:
  void draw_ground(const SiteState& state);
  void update_incidents(const AcquisitionRecord& record, const ObservationPlanes& planes, SiteState& state);

  Grid grid_;
  MonitorOptions monitor_;
  CourseOptions course_;
  IncidentTracker tracker_;
  Observation observation_;
  // See GroundAfterAcquisition.
  Plane<std::uint8_t> probability_;
  Plane<std::uint8_t> status_;
  Plane<std::uint8_t> clear_;
  Plane<std::uint8_t> detected_;
};

}  // namespace pitwatch
