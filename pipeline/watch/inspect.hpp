#pragma once
// What the nightly engine saw of one pixel, and why it decided as it did.

#include <optional>
#include <string>

#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/report/pixel_report.hpp"
#include "pipeline/schedule/progress.hpp"
#include "pipeline/watch/watch.hpp"

namespace pitwatch {

struct InspectOptions {
  /// As of the nightly run, but for `state`, which is not used; `until` leaves scenes out as there.
  WatchOptions watch;
  LonLat at;
  std::string site;             // empty: the first that watches the place
  std::optional<Instant> from;  // observations before are not reported, but take part
};

/// Takes in all observations at the site of a place with the code of the nightly run, in memory: pixels depend on their
/// surroundings. Neither reads nor writes a state, and takes no lock.
/// Throws as watch(); ConfigError for a place that no site watches, naming the nearest, and for a site that there is
/// not; DataError where the source has no observation at the site.
PixelReport inspect_pixel(const InspectOptions& options, const ProgressSink& progress);

}  // namespace pitwatch
