#pragma once
// A place that is watched.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"

namespace pitwatch {

struct Site {
  std::string id;
  std::string name;
  std::string commodity;  // empty when the file does not say
  double longitude = 0;   // of the middle of its bounds, degrees on WGS 84
  double latitude = 0;
  std::string crs;      // of the UTM zone of its middle, "EPSG:32638"
  MapPoint lower_left;  // its bounds in that CRS
  MapPoint upper_right;
  /// The period in which the ground counts as undisturbed and is learnt, both ends included; nothing where the file
  /// does not say.
  std::optional<Instant> baseline_from;
  std::optional<Instant> baseline_to;
  /// Options that the site sets for itself, by their name on the command line without "--".
  std::vector<std::pair<std::string, double>> overrides;
};

}  // namespace pitwatch
