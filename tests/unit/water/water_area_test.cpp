#include "pipeline/water/water_area.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace pitwatch {
namespace {

Instant day(int number) { return parse_instant("2022-01-01") + std::chrono::hours(24 * number); }

/// One acquisition a day: pixels clear, and wet of them.
std::vector<WaterSight> sights(const std::vector<std::pair<int, int>>& seen) {
  std::vector<WaterSight> all;
  for (const auto& [clear, wet] : seen) all.push_back({day(static_cast<int>(all.size())), clear, wet});
  return all;
}

TEST(WaterSince, IsTheFirstOfTwoInARow) {
  const WaterSince since = water_since(sights({{100, 0}, {100, 9}, {100, 10}, {100, 40}}), 100);
  EXPECT_EQ(since.first_seen, day(2));
  EXPECT_EQ(since.dry_before, day(1));
}

TEST(WaterSince, OneShadowIsNoWater) {
  const WaterSince since = water_since(sights({{100, 0}, {100, 50}, {100, 0}, {100, 60}, {100, 60}}), 100);
  EXPECT_EQ(since.first_seen, day(3));
  EXPECT_EQ(since.dry_before, day(2));
  EXPECT_FALSE(water_since(sights({{100, 0}, {100, 50}}), 100).first_seen) << "nothing confirms it yet";
}

TEST(WaterSince, WhatHidesHalfOfItSaysNothing) {
  const WaterSince since = water_since(sights({{100, 0}, {49, 0}, {50, 50}, {49, 0}, {49, 49}, {50, 30}}), 100);
  EXPECT_EQ(since.first_seen, day(2));
  EXPECT_EQ(since.dry_before, day(0));
  EXPECT_FALSE(water_since(sights({{49, 49}, {49, 49}, {49, 49}}), 100).first_seen);
}

TEST(WaterSince, WaterThatWasThereHasNoDryDay) {
  const WaterSince since = water_since(sights({{100, 90}, {100, 90}}), 100);
  EXPECT_EQ(since.first_seen, day(0));
  EXPECT_FALSE(since.dry_before);
}

TEST(WaterSince, OfASmallPondItIsHalfOfIt) {
  EXPECT_TRUE(water_since(sights({{5, 3}, {5, 3}}), 5).first_seen);
  EXPECT_FALSE(water_since(sights({{5, 2}, {5, 2}}), 5).first_seen);
  EXPECT_TRUE(water_since(sights({{1, 1}, {1, 1}}), 1).first_seen);
  EXPECT_FALSE(water_since(sights({{1, 0}, {1, 0}}), 1).first_seen);
  EXPECT_FALSE(water_since({}, 0).first_seen);
}

}  // namespace
}  // namespace pitwatch
