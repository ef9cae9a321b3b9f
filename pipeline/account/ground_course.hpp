#pragma once
// The course of disturbed ground as the nightly state has it: no scene is read. Each checkpoint keeps the last six
// clear observations of every pixel, against what is expected of it by its own past and less what undisturbed ground
// like it did; checkpoints lie ever farther apart the farther back, so that together they tell of years.

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/account/remediation.hpp"
#include "pipeline/io/files/parallel_for.hpp"

namespace pitwatch {

struct GroundCourse {
  std::vector<GroundSeen> seen;  // in order of time, from the first detection on
  double bare_ndvi = 0;          // lowest mean that its ground had since
  bool was_water = false;        // when it was disturbed
  bool was_bare_before = false;  // its season's greenest is hardly greener than that
};

struct GroundCourses {
  std::map<std::string, GroundCourse> of_alert;
  std::size_t checkpoints = 0;                               // that were read
  std::vector<std::pair<std::string, std::string>> skipped;  // that could not be, and why
};

/// The courses of the alerts named, by the checkpoints in STATE/sites/SITE. None for an alert that the state does not
/// know: of a site that was learnt anew, or is not there. Ground is that of the newest checkpoint; an acquisition
/// counts where half of it was clear. Checkpoints of other options or another grid than the newest are left out. Memory
/// is that of the largest checkpoint.
GroundCourses ground_courses(const std::string& state, const std::string& site, const std::set<std::string>& alerts,
                             const ParallelFor& parallel);

}  // namespace pitwatch
