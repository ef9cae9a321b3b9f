#include "pipeline/simulate/acquisitions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace pitwatch {
namespace {

ScheduleOptions ten_years() {
  ScheduleOptions options;
  options.seed = 7;
  options.from = parse_instant("2018-01-01");
  options.until = parse_instant("2027-12-31");
  options.longitude = 46.6;
  return options;
}

TEST(Acquisitions, BaselineFollowsTheCalendar) {
  EXPECT_EQ(baseline_on(parse_instant("2021-06-29")), "03.00");
  EXPECT_EQ(baseline_on(parse_instant("2022-01-24T23:59:59Z")), "03.01");
  EXPECT_EQ(baseline_on(parse_instant("2022-01-25")), "04.00");
  EXPECT_EQ(boa_add_offset_of("03.01"), 0);
  EXPECT_EQ(boa_add_offset_of("04.00"), -1000);
  EXPECT_EQ(boa_add_offset_of("05.09"), -1000);
}

TEST(Acquisitions, EveryFiveDaysByTurns) {
  std::map<Instant, char> by_date;
  for (const Acquisition& acquisition : schedule(ten_years())) by_date[acquisition.sensed] = acquisition.spacecraft;
  EXPECT_EQ(by_date.size(), 731U);  // 3652 days / 5, both ends
  char last = 0;
  for (const auto& [sensed, spacecraft] : by_date) {
    EXPECT_NE(spacecraft, last);
    last = spacecraft;
  }
}

TEST(Acquisitions, OrbitsAreThoseOfTheSatellites) {
  for (const Acquisition& acquisition : schedule(ten_years())) {
    ASSERT_GE(acquisition.relative_orbit, 1);
    ASSERT_LE(acquisition.relative_orbit, 143);
    EXPECT_EQ(
        (acquisition.absolute_orbit - (acquisition.spacecraft == 'A' ? 140 : 26) - acquisition.relative_orbit) % 143,
        0);
  }
}

TEST(Acquisitions, ReprocessedProductsCarryTheOffsetWhateverTheirDate) {
  int reprocessed = 0;
  const std::vector<Acquisition> acquisitions = schedule(ten_years());
  for (std::size_t i = 1; i < acquisitions.size(); ++i) {
    if (acquisitions[i].sensed != acquisitions[i - 1].sensed || !acquisitions[i].edges.empty()) continue;
    ++reprocessed;
    EXPECT_EQ(acquisitions[i].seed, acquisitions[i - 1].seed);
    EXPECT_GT(acquisitions[i].processed, acquisitions[i - 1].processed);
    EXPECT_EQ(acquisitions[i].boa_add_offset, -1000);
    EXPECT_GE(acquisitions[i].baseline, "05.00");
    EXPECT_NE(acquisitions[i].sequence, acquisitions[i - 1].sequence);
  }
  EXPECT_GT(reprocessed, 10);
  EXPECT_LT(reprocessed, 60);
}

TEST(Acquisitions, SplitDatatakesCoverTheGridTogether) {
  const ScheduleOptions options = ten_years();
  const std::vector<Acquisition> acquisitions = schedule(options);
  int splits = 0;
  for (std::size_t i = 1; i < acquisitions.size(); ++i) {
    if (acquisitions[i].sensed != acquisitions[i - 1].sensed || acquisitions[i].edges.empty()) continue;
    if (acquisitions[i].edges.front().dx != -acquisitions[i - 1].edges.front().dx)
      continue;  // a second edition of a partial swath
    ++splits;
    const DataEdge& a = acquisitions[i - 1].edges.front();
    const DataEdge& b = acquisitions[i].edges.front();
    for (float y = 0; y < 300; y += 10) {
      for (float x = 0; x < 300; x += 10) {
        EXPECT_TRUE(x * a.dx + y * a.dy <= a.limit || x * b.dx + y * b.dy <= b.limit) << x << " " << y;
      }
    }
  }
  EXPECT_GT(splits, 5);
}

TEST(Acquisitions, ADateDoesNotDependOnThePeriod) {
  ScheduleOptions shorter = ten_years();
  shorter.from = parse_instant("2018-01-01") + std::chrono::days(500);
  const std::vector<Acquisition> all = schedule(ten_years());
  const std::vector<Acquisition> some = schedule(shorter);
  ASSERT_FALSE(some.empty());
  const auto same = std::find_if(all.begin(), all.end(),
                                 [&](const Acquisition& acquisition) { return acquisition.seed == some[0].seed; });
  ASSERT_NE(same, all.end());
  EXPECT_EQ(same->sensed, some[0].sensed);
  EXPECT_EQ(same->shift_x_px, some[0].shift_x_px);
  EXPECT_EQ(same->weather.cover, some[0].weather.cover);
}

}  // namespace
}  // namespace pitwatch
