#pragma once
// From disturbed pixels, observation by observation, to incidents that keep their identity: one place, one id, one
// history, from first sight on, through growth, merging, splitting and an end. What becomes of an incident is in
// lifecycle.hpp; here is which ground is whose.

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/incidents/incident.hpp"
#include "pipeline/incidents/lifecycle.hpp"
#include "pipeline/polygons/components.hpp"

namespace pitwatch {

/// The state of the ground after an observation, on the site's grid.
struct GroundAfterAcquisition {
  Instant when{};
  /// 0: nothing open there; else 1..score_max, in proportion to the probability that the ground is disturbed.
  PlaneView<const std::uint8_t> probability;
  /// The pixel's own status where something is open, as AlertStatus.
  PlaneView<const std::uint8_t> status;
  /// 1 where this observation saw the ground, else 0.
  PlaneView<const std::uint8_t> clear;
  /// 1 where this observation itself showed the disturbance, else 0.
  PlaneView<const std::uint8_t> detected;
};

/// Follows the incidents of one site. Same observations in the same order, same incidents, ids and events, in whichever
/// nights they come: what it goes by is the incidents alone, which are its caller's.
class IncidentTracker {
 public:
  /// `site` and `grid` go into ids.
  IncidentTracker(std::string site, Grid grid, const TrackerOptions& options)
      : site_(std::move(site)), grid_(std::move(grid)), options_(options) {}

  /// Takes in the ground after one more observation; observations come in order of time. `incidents`: all ever, in
  /// order of first sight; those that ended, too. New ones are added at the end, none is ever taken away. What a
  /// `Record` has beside its incident stays as it is.
  template <std::derived_from<Incident> Record>
  void update(std::vector<Record>& incidents, const GroundAfterAcquisition& ground) const {
    std::vector<Incident*> known;
    known.reserve(incidents.size());
    for (Record& incident : incidents) known.push_back(&incident);
    for (Incident& fresh : take_in(known, ground)) {
      static_cast<Incident&>(incidents.emplace_back()) = std::move(fresh);
    }
  }

 private:
  /// Which incidents meet in a patch, as indices.
  struct Meeting {
    std::optional<std::size_t> survivor;  // none: the patch is a new incident
    std::vector<std::size_t> superseded;  // open ones that end here
    std::vector<std::size_t> split;       // whose main patch is another
  };

  /// Brings known incidents up to date, and returns those that are new.
  std::vector<Incident> take_in(std::span<Incident* const> known, const GroundAfterAcquisition& ground) const;
  std::vector<Meeting> meetings(std::span<Incident* const> known, const std::vector<Component>& patches,
                                Instant when) const;
  void go_on(Incident& incident, std::optional<AlertStatus> present, const Component& patch,
             const GroundAfterAcquisition& ground) const;

  std::string site_;
  Grid grid_;
  TrackerOptions options_;
};

}  // namespace pitwatch
