#include "pipeline/coverage/feed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace pitwatch {
namespace {

using std::chrono::days;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Instant first_of_a = parse_instant("2022-01-01T07:46:11Z");

/// What arrives at a place that S2A passes on orbits 92 and 135 and S2B, five days later, too: each every 10 days.
std::vector<FeedAcquisition> whole_feed(int cycles) {
  std::vector<FeedAcquisition> feed;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    const Instant begin = first_of_a + days(10 * cycle);
    feed.push_back({begin, "sentinel-2a", "92", 0.9, ""});
    feed.push_back({begin + days(3), "sentinel-2a", "135", 0.9, ""});
    feed.push_back({begin + days(5), "sentinel-2b", "92", 0.9, ""});
    feed.push_back({begin + days(8), "sentinel-2b", "135", 0.9, ""});
  }
  return feed;
}

FeedOptions until(const std::string& day) {
  FeedOptions options;
  options.until = parse_instant(day);
  return options;
}

template <typename Leave>
Feed feed_without(int cycles, const std::string& end, const Leave& leave) {
  std::vector<FeedAcquisition> feed = whole_feed(cycles);
  std::erase_if(feed, leave);
  return feed_of(feed, until(end));
}

bool is_between(const FeedAcquisition& one, const char* from, const char* to) {
  return one.acquired >= parse_instant(from) && one.acquired < parse_instant(to);
}

// 20 cycles end on 19 July 2022; the last acquisition is on the 18th.

TEST(Feed, WholeOneHasNothingToSay) {
  const Feed feed = feed_of(whole_feed(20), until("2022-07-19"));
  EXPECT_EQ(feed.counts, (FeedCounts{80, 80, 80, 0, 0, 0}));
  EXPECT_THAT(feed.tracks, SizeIs(4));
  for (const FeedTrack& track : feed.tracks) {
    EXPECT_EQ(track.interval_days, 10);
    EXPECT_THAT(track.received, SizeIs(20));
    EXPECT_THAT(track.missed, IsEmpty());
  }
  EXPECT_THAT(feed.outages, IsEmpty());
  EXPECT_THAT(feed.gaps, IsEmpty());
  EXPECT_EQ(longest_gap(feed), nullptr);
  EXPECT_EQ(feed.blind_days, 0);
  EXPECT_EQ(feed.alarm, "");
  EXPECT_THAT(feed.months, SizeIs(7));
}

TEST(Feed, ThreeWeeksOfNothingAreOneOutageAndOneGap) {
  const Feed feed = feed_without(20, "2022-07-19", [](const FeedAcquisition& one) {
    return is_between(one, "2022-03-02", "2022-03-23");  // the pass of 2 March is the first that is missed
  });
  // 2, 5, 7, 10, 12, 15, 17, 20 and 22 March.
  EXPECT_EQ(feed.counts, (FeedCounts{80, 71, 71, 0, 0, 0}));
  ASSERT_THAT(feed.outages, SizeIs(1));
  EXPECT_EQ(feed.outages[0].what, "nothing");
  EXPECT_EQ(format_day(feed.outages[0].since), "2022-02-28");
  EXPECT_EQ(format_day(feed.outages[0].until.value()), "2022-03-25");
  EXPECT_EQ(feed.outages[0].missed, 9);
  EXPECT_EQ(feed.outages[0].days, 25);
  ASSERT_THAT(feed.gaps, SizeIs(1));
  EXPECT_EQ(format_day(feed.gaps[0].first_day), "2022-03-01");
  EXPECT_EQ(format_day(feed.gaps[0].last_day), "2022-03-24");
  EXPECT_EQ(feed.gaps[0].days, 24);
  EXPECT_EQ(feed.gaps[0].counts, (FeedCounts{9, 0, 0, 0, 0, 0}));
  EXPECT_EQ(feed.blind_days, 24);
  EXPECT_EQ(longest_gap(feed), &feed.gaps[0]);
  // It is over: no alarm.
  EXPECT_EQ(feed.alarm, "");
  EXPECT_EQ(feed.months[2].month, "2022-03");
  EXPECT_EQ(feed.months[2].blind_days, 24);
  EXPECT_EQ(feed.months[2].counts.missed(), 9);
}

TEST(Feed, LostSatelliteIsNamedOnceAndIsNoAlarm) {
  const Feed feed = feed_without(20, "2022-07-19", [](const FeedAcquisition& one) {
    return one.platform == "sentinel-2b" && one.acquired >= parse_instant("2022-05-01");
  });
  ASSERT_THAT(feed.outages, SizeIs(1));
  EXPECT_EQ(feed.outages[0].what, "sentinel-2b");
  EXPECT_EQ(format_day(feed.outages[0].since), "2022-04-29");
  EXPECT_FALSE(feed.outages[0].until);
  EXPECT_EQ(feed.outages[0].days, 81);
  // 6 May to 15 July and 9 May to 8 July; that of 18 July may still arrive.
  EXPECT_EQ(feed.outages[0].missed, 15);
  EXPECT_THAT(feed.gaps, IsEmpty());
  EXPECT_EQ(feed.alarm, "");
}

TEST(Feed, LostOrbitIsNamedOnceForBothSatellites) {
  const Feed feed = feed_without(20, "2022-07-19", [](const FeedAcquisition& one) {
    return one.orbit == "135" && one.acquired >= parse_instant("2022-05-01");
  });
  ASSERT_THAT(feed.outages, SizeIs(1));
  EXPECT_EQ(feed.outages[0].what, "orbit 135");
  EXPECT_EQ(format_day(feed.outages[0].since), "2022-04-29");
}

TEST(Feed, LostOrbitOfOneSatelliteIsNamedAsThat) {
  const Feed feed = feed_without(20, "2022-07-19", [](const FeedAcquisition& one) {
    return one.orbit == "135" && one.platform == "sentinel-2a" && one.acquired >= parse_instant("2022-05-01");
  });
  ASSERT_THAT(feed.outages, SizeIs(1));
  EXPECT_EQ(feed.outages[0].what, "sentinel-2a on orbit 135");
  EXPECT_EQ(format_day(feed.outages[0].since), "2022-04-24");
}

TEST(Feed, TwoOutagesAreNamedApart) {
  const Feed feed = feed_without(20, "2022-07-19", [](const FeedAcquisition& one) {
    return is_between(one, "2022-02-01", "2022-02-22") ||
           (one.orbit == "92" && one.acquired >= parse_instant("2022-05-01"));
  });
  EXPECT_THAT(feed.outages, ElementsAre(Field(&FeedOutage::what, "nothing"), Field(&FeedOutage::what, "orbit 92")));
}

TEST(Feed, PermanentCloudIsAGapInWhichAllWasReceived) {
  std::vector<FeedAcquisition> acquisitions = whole_feed(20);
  for (FeedAcquisition& one : acquisitions) {
    if (is_between(one, "2022-04-01", "2022-05-01")) one.clear_share = 0.05;
  }
  FeedOptions options = until("2022-07-19");
  const Feed feed = feed_of(acquisitions, options);
  EXPECT_THAT(feed.outages, IsEmpty());
  EXPECT_EQ(feed.alarm, "");
  ASSERT_THAT(feed.gaps, SizeIs(1));
  EXPECT_EQ(format_day(feed.gaps[0].first_day), "2022-03-31");
  EXPECT_EQ(format_day(feed.gaps[0].last_day), "2022-04-30");
  EXPECT_EQ(feed.gaps[0].days, 31);
  EXPECT_EQ(feed.gaps[0].counts, (FeedCounts{12, 12, 0, 12, 0, 0}));
  // A share that is just enough is usable.
  options.least_clear_share = 0.05;
  EXPECT_THAT(feed_of(acquisitions, options).gaps, IsEmpty());
}

TEST(Feed, SkippedAndUnknownAreNoSight) {
  std::vector<FeedAcquisition> acquisitions = whole_feed(20);
  for (FeedAcquisition& one : acquisitions) {
    if (is_between(one, "2022-04-01", "2022-04-14")) one.skipped = "stripes";
    if (is_between(one, "2022-04-14", "2022-05-01")) one.clear_share.reset();
  }
  const Feed feed = feed_of(acquisitions, until("2022-07-19"));
  ASSERT_THAT(feed.gaps, SizeIs(1));
  EXPECT_EQ(feed.gaps[0].counts, (FeedCounts{12, 12, 0, 0, 5, 7}));
}

TEST(Feed, GapIsOneFromItsLeastDaysOn) {
  const auto leave = [](const FeedAcquisition& one) { return is_between(one, "2022-03-02", "2022-03-23"); };
  std::vector<FeedAcquisition> acquisitions = whole_feed(20);
  std::erase_if(acquisitions, leave);
  FeedOptions options = until("2022-07-19");
  options.gap_days = 24;
  EXPECT_THAT(feed_of(acquisitions, options).gaps, SizeIs(1));
  options.gap_days = 25;
  EXPECT_THAT(feed_of(acquisitions, options).gaps, IsEmpty());
}

TEST(Feed, StoppedOneIsAnAlarmAfterMoreThanThreeOverpasses) {
  // The last is on 18 July; 20, 23, 25 and 28 July are expected, each missed once two days have gone by.
  const auto at = [](const std::string& day) { return feed_of(whole_feed(20), until(day)); };
  EXPECT_EQ(at("2022-07-28").alarm, "");
  EXPECT_EQ(at("2022-07-30").alarm, "");
  const Feed stopped = at("2022-07-31");
  EXPECT_EQ(stopped.alarm, "nothing received since 2022-07-18, 12 days, 4 expected overpasses");
  ASSERT_THAT(stopped.outages, SizeIs(1));
  EXPECT_EQ(stopped.outages[0].what, "nothing");
  EXPECT_FALSE(stopped.outages[0].until);
}

TEST(Feed, WithoutRegularOrbitsDaysDecide) {
  const std::vector<FeedAcquisition> acquisitions{{first_of_a, "sentinel-2a", "92", 0.9, ""},
                                                  {first_of_a + days(10), "sentinel-2a", "92", 0.9, ""}};
  EXPECT_EQ(feed_of(acquisitions, until("2022-01-26")).alarm, "");
  EXPECT_EQ(feed_of(acquisitions, until("2022-01-28")).alarm, "nothing received since 2022-01-11, 16 days");
}

TEST(Feed, OrbitWithoutHabitIsNotExpected) {
  std::vector<FeedAcquisition> acquisitions = whole_feed(20);
  for (const int day : {1, 32, 51, 112, 139}) {
    acquisitions.push_back({first_of_a + days(day), "sentinel-2a", "121", 0.9, ""});
  }
  const Feed feed = feed_of(acquisitions, until("2022-07-19"));
  EXPECT_EQ(feed.counts.missed(), 0);
  ASSERT_THAT(feed.tracks, SizeIs(5));
  EXPECT_EQ(feed.tracks[1].orbit, "121");  // by number, not by letters
  EXPECT_EQ(feed.tracks[1].interval_days, 0);
}

TEST(Feed, ArchiveThatHasEverySecondPassIsExpectedToGoOnLikeThat) {
  std::vector<FeedAcquisition> acquisitions;
  for (int i = 0; i < 8; ++i) acquisitions.push_back({first_of_a + days(20 * i), "sentinel-2a", "92", 0.9, ""});
  const Feed feed = feed_of(acquisitions, until("2022-05-25"));
  EXPECT_EQ(feed.tracks.at(0).interval_days, 20);
  EXPECT_EQ(feed.counts.missed(), 0);
}

TEST(Feed, OrbitsWithoutNumbersAreKnownByTheirTimes) {
  std::vector<FeedAcquisition> acquisitions = whole_feed(20);
  for (FeedAcquisition& one : acquisitions) one.orbit.clear();
  const Feed feed = feed_of(acquisitions, until("2022-07-19"));
  ASSERT_THAT(feed.tracks, SizeIs(4));
  EXPECT_EQ(feed.tracks[0].orbit, "first seen 2022-01-01");
  EXPECT_EQ(feed.tracks[3].orbit, "first seen 2022-01-09");
  EXPECT_THAT(feed.tracks[3].received, SizeIs(20));
}

TEST(Feed, OrderOfAcquisitionsDoesNotMatter) {
  std::vector<FeedAcquisition> acquisitions = whole_feed(20);
  std::erase_if(acquisitions, [](const FeedAcquisition& one) { return is_between(one, "2022-02-01", "2022-02-22"); });
  const Feed feed = feed_of(acquisitions, until("2022-07-19"));
  std::reverse(acquisitions.begin(), acquisitions.end());
  const Feed again = feed_of(acquisitions, until("2022-07-19"));
  EXPECT_EQ(again.counts, feed.counts);
  ASSERT_THAT(again.outages, SizeIs(feed.outages.size()));
  EXPECT_EQ(again.outages[0].since, feed.outages[0].since);
}

TEST(Feed, PeriodLimitsWhatCounts) {
  FeedOptions options = until("2022-05-20");
  options.from = parse_instant("2022-03-10");
  const Feed feed = feed_of(whole_feed(20), options);
  EXPECT_EQ(format_day(feed.begin.value()), "2022-03-10");
  EXPECT_EQ(format_day(feed.last_received.value()), "2022-05-19");
  EXPECT_EQ(feed.months.front().month, "2022-03");
  EXPECT_EQ(feed.months.back().month, "2022-05");
  options.from = parse_instant("2023-01-01");
  options.until = parse_instant("2023-02-01");
  const Feed none = feed_of(whole_feed(20), options);
  EXPECT_FALSE(none.begin);
  EXPECT_THAT(none.months, IsEmpty());
  EXPECT_THAT(none.alarm, HasSubstr("nothing received since 2022-07-18"));
  EXPECT_EQ(feed_of({}, options).alarm, "nothing was ever received");
}

TEST(Feed, RelativeOrbitsOfProductsThatNameBoth) {
  EXPECT_EQ(relative_orbit_of("sentinel-2a", 34723), 120);
  EXPECT_EQ(relative_orbit_of("sentinel-2a", 162), 22);
  EXPECT_EQ(relative_orbit_of("sentinel-2a", 38885), 135);
  EXPECT_EQ(relative_orbit_of("sentinel-2b", 26649), 25);
  EXPECT_EQ(relative_orbit_of("sentinel-2b", 15891), 135);
  EXPECT_EQ(relative_orbit_of("sentinel-2a", 140 + 143), 143);
  EXPECT_FALSE(relative_orbit_of("sentinel-2c", 1000));
  EXPECT_FALSE(relative_orbit_of("sentinel-2a", 0));
}

}  // namespace
}  // namespace pitwatch
