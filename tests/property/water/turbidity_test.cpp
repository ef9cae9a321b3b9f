// Turbidity: laws of the curve, and of what is judged by it.

#include "pipeline/water/turbidity.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <span>
#include <vector>

#include "tests/property/polygons/random.hpp"

namespace pitwatch {
namespace {

class TurbidityLaws : public testing::Test {
 protected:
  std::mt19937 random_{test_seed()};
  double between(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }
};

TEST_F(TurbidityLaws, MoreReflectanceIsNoLessTurbid) {
  for (int i = 0; i < 2000; ++i) {
    const double near_infrared = between(-0.02, 0.3);
    const double red = between(-0.02, 0.3);
    const double fnu = turbidity_fnu(red, near_infrared);
    EXPECT_GE(fnu, 0);
    EXPECT_LE(fnu, most_turbidity_fnu);
    EXPECT_LE(fnu, turbidity_fnu(red, near_infrared + between(0, 0.05)));
    if (red < 0.05) {
      EXPECT_EQ(fnu, turbidity_fnu(red, between(-0.02, 0.3)));
      EXPECT_LE(fnu, turbidity_fnu(std::max(red, std::min(0.0499, red + between(0, 0.02))), near_infrared));
    }
    if (red > 0.07) {
      EXPECT_EQ(fnu, turbidity_fnu(between(0.0701, 0.3), near_infrared));
    }
  }
  // Without steps where it switches.
  for (const double red : {0.05, 0.07}) {
    EXPECT_NEAR(turbidity_fnu(red - 1e-9, 0.04), turbidity_fnu(red + 1e-9, 0.04), 1e-4);
  }
}

TEST_F(TurbidityLaws, WhatIsJudgedDoesNotKnowTheFuture) {
  for (int round = 0; round < 30; ++round) {
    std::vector<TurbidityObservation> series;
    const int count = random_int(random_, 0, 120);
    for (int i = 0; i < count; ++i) {
      TurbidityObservation one{parse_instant("2019-01-01") + std::chrono::hours(24 * 6 * i), between(1, 12), {}};
      if (random_int(random_, 0, 2) != 0) one.upstream_fnu = between(1, 12);
      if (random_int(random_, 0, 15) == 0) one.fnu *= 30;
      if (random_int(random_, 0, 15) == 0) one.fnu = std::nan("");
      series.push_back(one);
    }
    const TurbidityCourse all = judge_turbidity(series);
    ASSERT_EQ(all.judgements.size(), series.size());
    const auto part = static_cast<std::size_t>(random_int(random_, 0, count));
    const TurbidityCourse first = judge_turbidity(std::span(series).first(part));
    for (std::size_t i = 0; i < part; ++i) {
      EXPECT_EQ(first.judgements[i].anomaly_sigma(), all.judgements[i].anomaly_sigma());
      EXPECT_EQ(first.judgements[i].in_event, all.judgements[i].in_event);
    }
    for (std::size_t i = 0; i < all.events.size(); ++i) {
      const TurbidityEvent& event = all.events[i];
      EXPECT_LE(event.appeared, event.last_seen);
      if (event.clear_before) {
        EXPECT_LT(*event.clear_before, event.appeared);
      }
      if (event.faded) {
        EXPECT_GT(*event.faded, event.last_seen);
      }
      if (i + 1 < all.events.size()) {
        ASSERT_TRUE(event.faded);
        EXPECT_LT(*event.faded, all.events[i + 1].appeared);
      }
      EXPECT_GT(event.peak_sigma, TurbidityOptions{}.appears_sigma);
    }
  }
}

}  // namespace
}  // namespace pitwatch
