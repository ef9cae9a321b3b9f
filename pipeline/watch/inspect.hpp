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
  /// As of the nightly run, but for `state`: empty, or the nightly state that is quoted, read-only; `until` leaves
  /// scenes out as there; with a state observations after it are not reported.
  WatchOptions watch;
  LonLat at;
  std::string site;  // empty: the first that watches the place
  /// Observations before are not reported, but take part. With a state and nothing here: those of the history are not.
  std::optional<Instant> from;
};

/// Without a state: takes in all observations at the site of a place with the code of the nightly run, in memory:
/// pixels depend on their surroundings. Neither reads nor writes a state, and takes no lock.
///
/// With a state nothing is watched again; what the nights decided is quoted from its newest checkpoint:
///   - exact: the pixel's status, its dates (first detected, confirmed, onset, last detected, last clear), its own
///     evidence, the whitened residuals of the newest observations that counted (six at most, by date), the incidents
///     that held it after each acquisition and their status, and what was left out and why
///   - read again, by the code of the nights and displaced as there: reflectances, features, and what was masked and
///     why, of the pixel and the 80 m around it that its mask follows from; not of acquisitions whose files are gone
///   - by the model of the checkpoint, which has taken in all undisturbed observations since: what is expected at each
///     date, and its noise. What was expected on that night may have been a little different
///   - not kept, and therefore nothing: the regional anomaly, evidence with neighbours, probability and status after
///     each acquisition, and which clear ones were screened. Without a state all of it is worked out.
///
/// Throws as watch(); ConfigError for a place that no site watches, naming the nearest, and for a site that there is
/// not, and for a state of other terms; DataError where the source has no observation at the site, or the state nothing
/// that has learnt.
PixelReport inspect_pixel(const InspectOptions& options, const ProgressSink& progress);

}  // namespace pitwatch
