#include "pipeline/align/band_agreement.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace pitwatch {
namespace {

TEST(BandAgreement, ABandLiesElsewhereWhereItFitsBetterByFarThanHere) {
  BandAgreement agreement{.here = 0.1, .elsewhere = 0.5, .x_px = 20, .y_px = 0, .noise = 0.05};
  EXPECT_TRUE(is_elsewhere(agreement));
  agreement.here = 0.4;
  EXPECT_FALSE(is_elsewhere(agreement));
}

TEST(BandAgreement, WhatFitsNowhereIsNotElsewhere) {
  // As of bands with noise: little in common, least where it should be.
  EXPECT_FALSE(is_elsewhere({.here = 0.03, .elsewhere = 0.05, .x_px = 14, .y_px = 16, .noise = 0.008}));
  EXPECT_FALSE(is_elsewhere({.here = 0.11, .elsewhere = 0.18, .x_px = 10, .y_px = 0, .noise = 0.027}));
  EXPECT_FALSE(is_elsewhere({.here = 0.1, .elsewhere = 0.5, .x_px = 20, .y_px = 0, .noise = 0.1}));
}

/// Fields of random brightness, seen from a point.
Plane<float> fields(int side, int from_x, int from_y, float gain) {
  std::mt19937 generator(4);
  Plane<float> all(400, 400);
  for (int y = 0; y < 400; ++y) {
    for (int x = 0; x < 400; ++x) all.at(x, y) = static_cast<float>(generator() % 1000) * 1e-5F;
  }
  for (int field = 0; field < 900; ++field) {
    const int left = static_cast<int>(generator() % 380);
    const int top = static_cast<int>(generator() % 380);
    const float brightness = static_cast<float>(generator() % 1000) * 3e-4F;
    for (int y = top; y < top + 12; ++y) {
      for (int x = left; x < left + 17; ++x) all.at(x, y) += brightness;
    }
  }
  Plane<float> seen(side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) seen.at(x, y) = gain * all.at(from_x + x, from_y + y);
  }
  return seen;
}

TEST(BandAgreement, ABandThatIsMovedIsFoundWhereItLies) {
  for (const int side : {97, 130, 300}) {
    Plane<std::uint8_t> invalid(side, side);
    for (int y = 0; y < side; ++y) std::fill_n(invalid.row(y), side, std::uint8_t{0});
    invalid.at(side / 2, side / 2) = 1;
    const BandEdges red(fields(side, 50, 40, 1).view(), invalid.view());
    const BandAgreement same = band_agreement(red, BandEdges(fields(side, 50, 40, 0.5F).view(), invalid.view()));
    EXPECT_GT(same.here, 0.8) << side;
    EXPECT_FALSE(is_elsewhere(same)) << side;
    const BandAgreement moved = band_agreement(red, BandEdges(fields(side, 30, 52, 0.5F).view(), invalid.view()));
    EXPECT_TRUE(is_elsewhere(moved)) << side;
    EXPECT_EQ(moved.x_px, 20) << side;
    EXPECT_EQ(moved.y_px, -12) << side;
  }
}

TEST(BandAgreement, OfLittleThatIsKnownNothingIsSaid) {
  constexpr int side = 120;
  Plane<std::uint8_t> invalid(side, side);
  for (int y = 0; y < side; ++y) std::fill_n(invalid.row(y), side, static_cast<std::uint8_t>(y < 70 ? 1 : 0));
  const BandEdges half_seen(fields(side, 50, 40, 1).view(), invalid.view());
  EXPECT_EQ(band_agreement(half_seen, half_seen).here, 0);
  for (int y = 0; y < side; ++y) std::fill_n(invalid.row(y), side, std::uint8_t{0});
  Plane<float> holes = fields(side, 50, 40, 1);
  for (int y = 0; y < 70; ++y) std::fill_n(holes.row(y), side, std::numeric_limits<float>::quiet_NaN());
  const BandEdges with_holes(holes.view(), invalid.view());
  EXPECT_EQ(band_agreement(with_holes, with_holes).here, 0);
  const BandEdges small(fields(90, 50, 40, 1).view(), invalid.view());
  EXPECT_EQ(band_agreement(small, small).here, 0);
}

}  // namespace
}  // namespace pitwatch
