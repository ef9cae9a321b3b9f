#pragma once
// The course of disturbed ground, acquisition by acquisition, against its own past and undisturbed ground like it: all
// acquisitions at a site are taken in by the code of the nightly run, in memory, as `inspect` does for one pixel. The
// state alone would not do: it keeps the last six observations of a pixel, and these no farther from what is expected
// than decides anything.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/account/ledger.hpp"
#include "pipeline/account/remediation.hpp"
#include "pipeline/schedule/progress.hpp"
#include "pipeline/watch/watch.hpp"

namespace pitwatch {

/// The ground of an object: pixels of the grid of a UTM zone.
struct CourseGround {
  std::string id;
  Instant since{};               // first clear observation disturbed
  std::string crs;               // of the zone
  std::vector<PixelKey> pixels;  // ascending
};

struct GroundCourse {
  std::vector<GroundSeen> seen;  // in order of time
  double bare_ndvi = 0;          // the lowest median of three in a row, of those without water if there are three
  bool was_water = false;        // in three in a row at some time
  bool was_bare_before = false;  // by its own past it is never greener than that by least_green
};

struct GroundCourses {
  std::map<std::string, std::map<std::string, GroundCourse>> of_site;  // by site, then id
  std::vector<std::string> remarks;                                    // sites that the sites file does not have
  std::vector<std::pair<std::string, std::string>> skipped;            // scenes that were left out, and why
};

/// The courses of grounds by site. A pixel counts from its onset on, and where an acquisition showed it clear and was
/// used; an acquisition where half of the ground counts. `options` are those of the nightly run; `state` is not used.
/// Throws as watch().
GroundCourses ground_courses(const std::map<std::string, std::vector<CourseGround>>& grounds, WatchOptions options,
                             const ProgressSink& progress);

/// What follows from what was seen, in order of time.
GroundCourse course_of(std::vector<GroundSeen> seen);

}  // namespace pitwatch
