#include "pipeline/coverage/feed.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace pitwatch {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using Day = std::chrono::sys_days;

constexpr int cycle_days = 10;
constexpr std::size_t least_sightings = 3;
constexpr std::chrono::minutes same_pass{30};  // of the same track, beside whole cycles
constexpr days delivery{2};                    // by then an acquisition has arrived, or it is missed

Day day_of(Instant instant) { return std::chrono::floor<days>(instant); }

int days_between(Instant from, Instant to) { return static_cast<int>(std::chrono::round<days>(to - from).count()); }

// ---- tracks ----

/// Acquisitions without a number of the orbit are of one track where they are whole cycles apart.
std::string name_by_time(const FeedAcquisition& acquisition, std::vector<FeedAcquisition>& firsts) {
  const auto is_same = [&](const FeedAcquisition& first) {
    const milliseconds cycle = days(cycle_days);
    const milliseconds apart = (acquisition.acquired - first.acquired) % cycle;
    return first.platform == acquisition.platform && (apart < same_pass || cycle - apart < same_pass);
  };
  auto found = std::find_if(firsts.begin(), firsts.end(), is_same);
  if (found == firsts.end()) found = firsts.insert(firsts.end(), acquisition);
  return "first seen " + format_day(found->acquired);
}

/// The days that most sightings are apart, the fewest of equals; 0 where less than half of them are.
int usual_interval(const std::vector<Instant>& sightings) {
  if (sightings.size() < least_sightings) return 0;
  std::map<int, std::size_t> counts;
  for (std::size_t i = 1; i < sightings.size(); ++i) ++counts[days_between(sightings[i - 1], sightings[i])];
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return 2 * most->second >= sightings.size() - 1 ? most->first : 0;
}

void find_missed(FeedTrack& track, Instant until) {
  track.interval_days = usual_interval(track.received);
  if (track.interval_days < 1) {
    track.interval_days = 0;
    return;
  }
  const days interval(track.interval_days);
  for (std::size_t i = 0; i < track.received.size(); ++i) {
    const bool is_last = i + 1 == track.received.size();
    // One that is half an interval before the next sighting, or nearer, is that sighting.
    const Instant end = is_last ? until - delivery : track.received[i + 1] - milliseconds(interval) / 2;
    for (Instant next = track.received[i] + interval; next < end; next += interval) track.missed.push_back(next);
  }
}

std::vector<FeedTrack> tracks_of(const std::vector<FeedAcquisition>& acquisitions, Instant until) {
  struct ByNumber {
    bool operator()(const std::string& a, const std::string& b) const {
      return a.size() != b.size() ? a.size() < b.size() : a < b;
    }
  };
  std::map<std::string, std::map<std::string, FeedTrack, ByNumber>> by_name;
  std::vector<FeedAcquisition> firsts;
  for (const FeedAcquisition& one : acquisitions) {
    const std::string orbit = one.orbit.empty() ? name_by_time(one, firsts) : one.orbit;
    FeedTrack& track = by_name[one.platform][orbit];
    if (track.received.empty()) track = {one.platform, orbit, 0, one.acquired, one.acquired, {}, {}};
    track.last = one.acquired;
    track.received.push_back(one.acquired);
  }
  std::vector<FeedTrack> tracks;
  for (auto& [platform, orbits] : by_name) {
    for (auto& [orbit, track] : orbits) {
      find_missed(track, until);
      tracks.push_back(std::move(track));
    }
  }
  return tracks;
}

// ---- outages ----

struct Overpass {
  Instant when{};
  std::size_t track = 0;
  bool is_received = false;
  friend auto operator<=>(const Overpass&, const Overpass&) = default;
};

/// Finds runs of missed overpasses of wider and wider detail; what a wider one explains is not said again.
class OutageFinder {
 public:
  OutageFinder(const std::vector<FeedTrack>& tracks, const FeedOptions& options) : tracks_(tracks), options_(options) {
    for (std::size_t t = 0; t < tracks.size(); ++t) {
      for (const Instant when : tracks[t].received) overpasses_.push_back({when, t, true});
      for (const Instant when : tracks[t].missed) overpasses_.push_back({when, t, false});
    }
    std::sort(overpasses_.begin(), overpasses_.end());
  }

  std::vector<FeedOutage> find() {
    const auto label = [](const std::string& platform) { return platform.empty() ? "unknown satellite" : platform; };
    add({}, {}, [](const FeedTrack&) { return true; });
    explain();
    std::set<std::string> platforms;
    std::set<std::string> orbits;
    for (const FeedTrack& track : tracks_) {
      platforms.insert(track.platform);
      orbits.insert(track.orbit);
    }
    for (const std::string& platform : platforms) {
      add(label(platform), {}, [&](const FeedTrack& track) { return track.platform == platform; });
    }
    explain();
    for (const std::string& orbit : orbits) {
      add({}, orbit, [&](const FeedTrack& track) { return track.orbit == orbit; });
    }
    explain();
    for (const FeedTrack& one : tracks_) {
      add(label(one.platform), one.orbit, [&](const FeedTrack& track) { return &track == &one; });
    }
    std::stable_sort(outages_.begin(), outages_.end(),
                     [](const FeedOutage& a, const FeedOutage& b) { return a.since < b.since; });
    return std::move(outages_);
  }

 private:
  /// Those of tracks that belong to an outage of that platform and orbit; empty: of all.
  template <typename Belongs>
  void add(const std::string& platform, const std::string& orbit, const Belongs& belongs) {
    FeedOutage outage;
    outage.platform = platform;
    outage.orbit = orbit;
    const std::string of_orbit = orbit.empty() ? "" : "orbit " + orbit;
    outage.what = platform.empty() ? of_orbit : platform + (orbit.empty() ? "" : " on " + of_orbit);
    if (outage.what.empty()) outage.what = "nothing";
    std::vector<Overpass> run;
    std::optional<Instant> since;
    for (const Overpass& overpass : overpasses_) {
      if (!belongs(tracks_[overpass.track])) continue;
      if (overpass.is_received) {
        end(outage, since, overpass.when, run);
        since = overpass.when;
        run.clear();
      } else {
        run.push_back(overpass);
      }
    }
    end(outage, since, {}, run);
  }

  void end(FeedOutage outage, const std::optional<Instant>& since, const std::optional<Instant>& until,
           const std::vector<Overpass>& run) {
    const auto news =
        std::count_if(run.begin(), run.end(), [&](const Overpass& missed) { return explained_.count(missed) == 0; });
    if (!since || news < options_.missed_overpasses) return;
    outage.since = *since;
    outage.until = until;
    outage.missed = static_cast<int>(run.size());
    outage.days = days_between(*since, until.value_or(options_.until));
    outages_.push_back(std::move(outage));
    named_.insert(run.begin(), run.end());
  }

  void explain() { explained_.insert(named_.begin(), named_.end()); }

  const std::vector<FeedTrack>& tracks_;
  const FeedOptions& options_;
  std::vector<Overpass> overpasses_;
  std::vector<FeedOutage> outages_;
  std::set<Overpass> named_;
  std::set<Overpass> explained_;  // by outages of less detail
};

// ---- days ----

enum class Became { usable, masked, skipped, unknown, missed };

Became became(const FeedAcquisition& acquisition, const FeedOptions& options) {
  if (!acquisition.skipped.empty()) return Became::skipped;
  if (!acquisition.clear_share) return Became::unknown;
  return *acquisition.clear_share >= options.least_clear_share ? Became::usable : Became::masked;
}

void count(Became what, FeedCounts& counts) {
  ++counts.expected;
  if (what != Became::missed) ++counts.received;
  if (what == Became::usable) ++counts.usable;
  if (what == Became::masked) ++counts.masked;
  if (what == Became::skipped) ++counts.skipped;
  if (what == Became::unknown) ++counts.unknown;
}

using DatedOverpasses = std::vector<std::pair<Day, Became>>;  // in order

void add_gap(Day first, Day last, const DatedOverpasses& overpasses, const FeedOptions& options, Feed& feed) {
  const int length = static_cast<int>((last - first).count()) + 1;
  if (length < options.gap_days) return;
  FeedGap gap{first, last, length, {}};
  for (const auto& [day, what] : overpasses) {
    if (day >= first && day <= last) count(what, gap.counts);
  }
  feed.blind_days += length;
  feed.gaps.push_back(gap);
}

void add_gaps(Day begin, Day end, const DatedOverpasses& overpasses, const FeedOptions& options, Feed& feed) {
  Day free_from = begin;
  for (const auto& [day, what] : overpasses) {
    if (what != Became::usable) continue;
    add_gap(free_from, day - days(1), overpasses, options, feed);
    free_from = day + days(1);
  }
  add_gap(free_from, end, overpasses, options, feed);
}

std::chrono::year_month month_of(Day day) {
  const std::chrono::year_month_day date(day);
  return date.year() / date.month();
}

void add_months(Day begin, Day end, const DatedOverpasses& overpasses, Feed& feed) {
  std::map<std::chrono::year_month, FeedMonth> months;
  for (Day day = begin; day <= end; day += days(1)) months[month_of(day)];
  for (const auto& [day, what] : overpasses) count(what, months[month_of(day)].counts);
  for (const FeedGap& gap : feed.gaps) {
    for (Day day = day_of(gap.first_day); day <= day_of(gap.last_day); day += days(1)) {
      ++months[month_of(day)].blind_days;
    }
  }
  for (auto& [month, of_month] : months) {
    of_month.month = format_day(Day(month / 1)).substr(0, std::string_view("2022-03").size());
    feed.months.push_back(std::move(of_month));
  }
}

std::string days_text(int count) { return std::to_string(count) + (count == 1 ? " day" : " days"); }

/// Whether the feed has stopped, by all acquisitions until then.
std::string alarm_of(const std::vector<FeedAcquisition>& acquisitions, const FeedOptions& options) {
  if (acquisitions.empty()) return "nothing was ever received";
  const Instant last = acquisitions.back().acquired;
  const int age = static_cast<int>(std::chrono::floor<days>(options.until - last).count());
  int missed = 0;
  bool any_regular = false;
  for (const FeedTrack& track : tracks_of(acquisitions, options.until)) {
    any_regular = any_regular || track.interval_days > 0;
    missed += static_cast<int>(
        std::count_if(track.missed.begin(), track.missed.end(), [&](Instant when) { return when > last; }));
  }
  const bool has_stopped = any_regular ? missed > options.missed_overpasses : age > options.most_days;
  if (!has_stopped) return {};
  return "nothing received since " + format_day(last) + ", " + days_text(age) +
         (any_regular ? ", " + std::to_string(missed) + " expected overpasses" : "");
}

}  // namespace

const FeedGap* longest_gap(const Feed& feed) {
  const auto found = std::max_element(feed.gaps.begin(), feed.gaps.end(),
                                      [](const FeedGap& a, const FeedGap& b) { return a.days < b.days; });
  return found == feed.gaps.end() ? nullptr : &*found;
}

Feed feed_of(std::span<const FeedAcquisition> acquisitions, const FeedOptions& options) {
  std::vector<FeedAcquisition> sorted;
  for (const FeedAcquisition& one : acquisitions) {
    if (one.acquired <= options.until) sorted.push_back(one);
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const FeedAcquisition& a, const FeedAcquisition& b) { return a.acquired < b.acquired; });
  Feed feed;
  feed.alarm = alarm_of(sorted, options);
  std::erase_if(sorted, [&](const FeedAcquisition& one) { return options.from && one.acquired < *options.from; });
  if (sorted.empty()) return feed;
  feed.begin = options.from.value_or(sorted.front().acquired);
  feed.last_received = sorted.back().acquired;
  feed.tracks = tracks_of(sorted, options.until);
  feed.outages = OutageFinder(feed.tracks, options).find();

  DatedOverpasses overpasses;
  for (const FeedAcquisition& one : sorted) {
    const Became what = became(one, options);
    overpasses.emplace_back(day_of(one.acquired), what);
    if (what == Became::usable) feed.last_usable = one.acquired;
  }
  for (const FeedTrack& track : feed.tracks) {
    for (const Instant when : track.missed) overpasses.emplace_back(day_of(when), Became::missed);
  }
  std::stable_sort(overpasses.begin(), overpasses.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& overpass : overpasses) count(overpass.second, feed.counts);
  const Day begin = day_of(*feed.begin);
  const Day end = day_of(options.until);
  add_gaps(begin, end, overpasses, options, feed);
  add_months(begin, end, overpasses, feed);
  return feed;
}

std::optional<int> relative_orbit_of(const std::string& platform, int absolute_orbit) {
  constexpr int orbits = 143;
  const bool is_a = platform == "sentinel-2a";
  if ((!is_a && platform != "sentinel-2b") || absolute_orbit < 1) return {};
  const int orbit = ((absolute_orbit - (is_a ? 140 : 26)) % orbits + orbits) % orbits;
  return orbit == 0 ? orbits : orbit;
}

}  // namespace pitwatch
