#include "pipeline/accuracy/bootstrap.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace pitwatch {
namespace {

TEST(Bootstrap, TheGeneratorIsSplitMix64) {
  // The first numbers of the reference code (prng.di.unimi.it/splitmix64.c) for the seed 1234567.
  SplitMix64 random(1234567);
  EXPECT_EQ(random(), 6457827717110365317U);
  EXPECT_EQ(random(), 3203168211198807973U);
  EXPECT_EQ(random(), 9817491932198370423U);
}

TEST(Bootstrap, QuantilesLieBetweenOrderStatistics) {
  const std::vector<double> values{1, 2, 4, 8};
  EXPECT_EQ(quantile(values, 0), 1);
  EXPECT_EQ(quantile(values, 0.5), 3);      // place 1.5
  EXPECT_EQ(quantile(values, 0.25), 1.75);  // place 0.75
  EXPECT_EQ(quantile(values, 1), 8);
  EXPECT_EQ(quantile(std::vector<double>{5}, 0.975), 5);
}

Statistics mean_of(const std::vector<double>& values) {
  return [values](std::span<const std::size_t> sample) -> std::vector<double> {
    double sum = 0;
    for (const std::size_t unit : sample) sum += values[unit];
    return {sum / static_cast<double>(sample.size())};
  };
}

TEST(Bootstrap, TwoUnitsHaveThreeMeans) {
  // Of values 0 and 1, a draw's mean is 0, 1/2 or 1 with probabilities 1/4, 1/2, 1/4: the interval is all of it.
  const auto intervals = bootstrap_intervals(2, mean_of({0, 1}), {2000, 1});
  ASSERT_TRUE(intervals.at(0));
  EXPECT_EQ(intervals[0]->low, 0);
  EXPECT_EQ(intervals[0]->high, 1);
}

TEST(Bootstrap, TheIntervalOfAMeanIsThatOfTheory) {
  // 200 values 0 and 200 values 1: standard error sqrt(0.25 / 400) = 0.025, interval 0.5 -+ 0.049.
  std::vector<double> values(400);
  for (std::size_t i = 0; i < 200; ++i) values[i] = 1;
  const auto intervals = bootstrap_intervals(400, mean_of(values), {4000, 3});
  EXPECT_NEAR(intervals[0]->low, 0.451, 0.006);
  EXPECT_NEAR(intervals[0]->high, 0.549, 0.006);
}

TEST(Bootstrap, SameSeedSameInterval) {
  const std::vector<double> values{3, 1, 4, 1, 5, 9, 2, 6};
  const auto once = bootstrap_intervals(8, mean_of(values), {500, 7});
  const auto again = bootstrap_intervals(8, mean_of(values), {500, 7});
  const auto other = bootstrap_intervals(8, mean_of(values), {500, 8});
  EXPECT_EQ(once[0]->low, again[0]->low);
  EXPECT_EQ(once[0]->high, again[0]->high);
  EXPECT_NE(once[0]->low, other[0]->low);
}

TEST(Bootstrap, WhatIsNotDefinedHasNoInterval) {
  const Statistics nothing = [](std::span<const std::size_t>) -> std::vector<double> {
    return {std::numeric_limits<double>::quiet_NaN(), 1};
  };
  const auto intervals = bootstrap_intervals(5, nothing, {});
  EXPECT_FALSE(intervals[0]);
  EXPECT_TRUE(intervals[1]);
  EXPECT_FALSE(bootstrap_intervals(1, mean_of({1}), {})[0]);
  EXPECT_FALSE(bootstrap_intervals(0, nothing, {})[1]);
}

TEST(Bootstrap, WilsonsInterval) {
  // 8 of 10, z^2 = 3.8415: middle (0.8 + 0.19207) / 1.38415 = 0.71674; reach 1.95996 / 1.38415 *
  // sqrt(0.016 + 0.0096036) = 0.22657.
  const auto interval = wilson_interval(8, 10);
  ASSERT_TRUE(interval);
  EXPECT_NEAR(interval->low, 0.49017, 2e-5);
  EXPECT_NEAR(interval->high, 0.94331, 2e-5);
  // None of n: up to z^2 / (n + z^2).
  EXPECT_EQ(wilson_interval(0, 10)->low, 0);
  EXPECT_NEAR(wilson_interval(0, 10)->high, 3.84146 / 13.84146, 1e-5);
  EXPECT_FALSE(wilson_interval(0, 0));
}

}  // namespace
}  // namespace pitwatch
