#pragma once
// What a state saw of its sites, and what it did not: `pitwatch coverage`. Reads the record and the newest checkpoints,
// and writes nothing into the state.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/coverage/feed.hpp"

namespace pitwatch {

/// Days since a pixel was last seen clear; never_seen where that was never, or too seldom to judge it.
inline constexpr std::uint16_t never_seen = 65535;

struct CoverageOptions {
  std::string state;
  std::vector<std::string> sites;  // empty: all
  FeedOptions feed;                // as of feed.until
  int blind_days = 30;             // a pixel that was not seen clear for so many days is blind
  bool with_ground = true;         // which ground was seen is worked out, too
};

/// What of a site's ground was seen when, as its newest checkpoints know it.
struct SiteSight {
  Instant as_of{};                  // up to when days are counted
  Grid grid;                        // of all that is watched of the site
  Plane<std::uint16_t> days_since;  // on that grid
  std::size_t pixels = 0;
  std::size_t blind = 0;  // for `blind_days` and more, or never
  std::size_t never = 0;  // of these: never seen often enough to be judged
  int longest_days = 0;   // of the pixels that were seen
};

/// Of its pixels, 0..1.
inline double blind_share(const SiteSight& sight) {
  return static_cast<double>(sight.blind) / static_cast<double>(sight.pixels);
}

struct SiteCoverage {
  std::string site;
  bool is_watched = true;
  Feed feed;
  std::optional<SiteSight> sight;  // nothing as long as it learns, or where it is not known
  /// Newest acquisition of the checkpoints, where it is later than the time asked for: what was not seen then, they do
  /// not know any more.
  std::optional<Instant> seen_later;
};

struct Coverage {
  Instant now{};
  FeedOptions options;
  int blind_days = 0;
  std::vector<SiteCoverage> sites;                           // in the order of the record
  std::vector<std::pair<std::string, std::string>> skipped;  // file of the state that could not be read, and why
  /// Sites whose feed has stopped, and why; not of those that are watched no more.
  std::vector<std::pair<std::string, std::string>> alarms() const;
};

/// Throws DataError where there is no state, or no record of a run; ConfigError for a site that it does not know.
Coverage coverage_of(const CoverageOptions& options);

/// By site and month; cells are safe in spreadsheets.
std::string coverage_csv(const Coverage& coverage);
std::string coverage_json(const Coverage& coverage);

/// Days since each pixel was last seen clear, UInt16 COG, nodata never_seen.
void write_sight(const std::string& path, const SiteCoverage& site);

}  // namespace pitwatch
