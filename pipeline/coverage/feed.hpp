#pragma once
// Which overpasses a site could have had, which of them arrived, and which of those showed it. Pure: acquisitions and
// dates in, figures out.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"

namespace pitwatch {

/// An acquisition of a site that arrived.
struct FeedAcquisition {
  Instant acquired{};
  std::string platform;               // "sentinel-2a"; empty: not known
  std::string orbit;                  // relative orbit, "92"; empty: not known
  std::optional<double> clear_share;  // of the site's pixels, 0..1; nothing where it is not on record
  std::string skipped;                // why it was left out; empty where it was used
};

struct FeedOptions {
  std::optional<Instant> from;     // acquisitions before it do not count; nothing: from the first one on
  Instant until{};                 // nor do those after it; up to which overpasses are expected
  double least_clear_share = 0.1;  // of the site, for an acquisition to be usable
  int gap_days = 14;               // so many days in a row without a usable acquisition, or more, are a gap
  int missed_overpasses = 3;       // so many in a row, or more, are an outage; the feed has stopped where they are more
  int most_days = 15;              // and where no orbit is regular, after more days than this
};

struct FeedCounts {
  int expected = 0;  // received, and missed
  int received = 0;  // usable, masked, skipped and unknown
  int usable = 0;
  int masked = 0;   // used, and less than the least clear share of the site was clear
  int skipped = 0;  // left out, with a reason
  int unknown = 0;  // used, and its clear share is not on record: counts as usable nowhere
  int missed() const { return expected - received; }
  friend bool operator==(const FeedCounts&, const FeedCounts&) = default;
};

/// One satellite on one relative orbit.
struct FeedTrack {
  std::string platform;
  std::string orbit;      // "92", or "first seen 2021-07-06" where its number is not known
  int interval_days = 0;  // at which it returns; 0: it is not regular, and nothing is expected of it
  Instant first{};
  Instant last{};
  std::vector<Instant> received;
  std::vector<Instant> missed;  // about when, in order
};

/// Overpasses that were missed in a row.
struct FeedOutage {
  std::string platform;          // of which; empty: of all
  std::string orbit;             // likewise
  std::string what;              // "nothing", "sentinel-2b", "orbit 92", "sentinel-2b on orbit 92"
  Instant since{};               // last received before
  std::optional<Instant> until;  // first received after; nothing: it goes on
  int missed = 0;                // overpasses
  int days = 0;                  // from the one to the other, or to the end of the period
};

/// Whole days in a row, UTC, without a usable acquisition.
struct FeedGap {
  Instant first_day{};
  Instant last_day{};
  int days = 0;
  FeedCounts counts;  // of overpasses on these days
};

struct FeedMonth {
  std::string month;  // "2022-03"
  FeedCounts counts;
  int blind_days = 0;  // days of gaps
};

struct Feed {
  std::vector<FeedTrack> tracks;    // by platform, then by orbit
  std::vector<FeedOutage> outages;  // by since, the wider ones first
  std::vector<FeedGap> gaps;        // in order of time
  std::vector<FeedMonth> months;    // of the period, in order
  FeedCounts counts;
  int blind_days = 0;
  std::optional<Instant> begin;  // of the period; nothing where no acquisition is in it
  std::optional<Instant> last_received;
  std::optional<Instant> last_usable;
  std::string alarm;  // why the feed has stopped, `from` aside; empty: it has not
};

/// The gap with the most days, the first of equals; null where there is none.
const FeedGap* longest_gap(const Feed& feed);

/// Overpasses are expected of tracks that were seen three times or more, and whose times apart, in whole days, are
/// mostly the same: Sentinel-2 repeats its ground track every 10 days; an archive may have fewer. One is expected at
/// each such interval after the first sighting until `until`. Acquisitions in any order. Deterministic.
Feed feed_of(std::span<const FeedAcquisition> acquisitions, const FeedOptions& options);

/// The relative orbit of a Sentinel-2 datatake, 1..143, from the absolute one: (orbit - 140) mod 143 for S2A,
/// (orbit - 26) mod 143 for S2B, 0 being 143; both hold for the 23 products of the reference data that name both.
/// Nothing for others.
std::optional<int> relative_orbit_of(const std::string& platform, int absolute_orbit);

}  // namespace pitwatch
