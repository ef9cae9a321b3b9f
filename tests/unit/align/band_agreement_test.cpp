#include "pipeline/align/band_agreement.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace pitwatch
