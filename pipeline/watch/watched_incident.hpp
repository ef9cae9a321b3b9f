#pragma once
// An incident of a watched site and what speaks for it, in one value.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/acquisition/reference.hpp"
#include "pipeline/classify/course.hpp"
#include "pipeline/core/alert.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/incidents/incident.hpp"

namespace pitwatch {

using BandMeans = std::array<float, watched_bands.size()>;  // reflectance

/// What an incident is reported to be from a time on; probabilities that are not known are those of former formats.
struct ClassSince {
  Instant when{};
  ChangeClass change_class = ChangeClass::unknown;
  std::optional<double> class_probability = {};
  std::optional<double> natural_probability = {};
  std::optional<ClassProbabilities> of_classes = {};
  friend bool operator==(const ClassSince&, const ClassSince&) = default;
};

/// What speaks for an incident besides its outline.
struct IncidentEvidence {
  Instant onset_after{};
  Instant onset_before{};
  std::int32_t before_detection = 0;  // clear observations from onset_before on that Incident::observations lacks
  BandMeans before{};                 // of its ground when last seen undisturbed
  BandMeans first{};                  // when first detected
  BandMeans after{};                  // and when last seen disturbed
  bool by_water = false;              // beside ground that was water in the history
  double own_year_share = 0;          // of the acquisitions at its pixels that look like them in another season
  float greenest_ndvi = -1;           // mean of what its ground was expected to have when it is greenest
  ClassCourse course;                 // what it turns out to be
  std::vector<ClassSince> classes;  // what it was reported to be, in order of time; at least one once it was classified
  std::string scene_before;
  std::string scene_first;
  std::string scene_last;
  friend bool operator==(const IncidentEvidence&, const IncidentEvidence&) = default;
};

/// An incident with its evidence, which it has from the first acquisition on that shows its ground.
struct WatchedIncident : Incident {
  std::optional<IncidentEvidence> evidence;
  friend bool operator==(const WatchedIncident&, const WatchedIncident&) = default;
};

}  // namespace pitwatch
