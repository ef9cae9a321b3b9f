#include "pipeline/normalise/invariant.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace pitwatch {
namespace {

/// Two bands of textured ground in two acquisitions, with noise of 0.002 in each: acquisition * gain + offset is the
/// reference. Of the acquisition, `changed` of the pixels became brighter by 0.1 in red alone.
struct Acquisitions {
  std::vector<float> reference[2], acquisition[2];

  Acquisitions(std::size_t n, double changed, float gain, float offset) {
    std::mt19937 random(17);
    std::normal_distribution<float> ground(0, 1);
    for (std::size_t i = 0; i < n; ++i) {
      const float texture = ground(random);
      for (int b = 0; b < 2; ++b) {
        const float value = 0.15F + 0.03F * texture + 0.01F * ground(random);
        reference[b].push_back(value + 0.002F * ground(random));
        acquisition[b].push_back((value - offset) / gain + 0.002F * ground(random));
      }
      if (static_cast<double>(i) < changed * static_cast<double>(n)) acquisition[1].back() += 0.1F;
    }
  }
  std::vector<BandPair> bands() const { return {{reference[0], acquisition[0]}, {reference[1], acquisition[1]}}; }
};

TEST(FitInvariant, FindsGainAndOffsetOfAcquisitionsWithoutChange) {
  const Acquisitions acquisitions(4000, 0, 1.25F, -0.02F);
  const auto fit = fit_invariant(acquisitions.bands());
  ASSERT_TRUE(fit);
  for (const LinearGain& gain : fit->gains) {
    EXPECT_NEAR(gain.gain, 1.25F, 0.01F);
    EXPECT_NEAR(gain.offset, -0.02F, 0.002F);
  }
  EXPECT_GT(fit->invariant, 3700U);
}

TEST(FitInvariant, BearsChangeInAThirdOfThePixels) {
  for (const double changed : {0.05, 0.15, 0.33}) {
    const Acquisitions acquisitions(4000, changed, 0.9F, 0.01F);
    const auto fit = fit_invariant(acquisitions.bands());
    ASSERT_TRUE(fit);
    for (const LinearGain& gain : fit->gains) {
      EXPECT_NEAR(gain.gain, 0.9F, 0.01F) << changed;
      EXPECT_NEAR(gain.offset, 0.01F, 0.002F) << changed;
    }
    EXPECT_NEAR(static_cast<double>(fit->invariant), 0.97 * (1 - changed) * 4000, 120) << changed;
  }
  // The quantiles alone do not.
  const Acquisitions acquisitions(4000, 0.15, 0.9F, 0.01F);
  EXPECT_GT(std::abs(relative_gain(acquisitions.reference[1], acquisitions.acquisition[1]).gain - 0.9F), 0.1F);
}

TEST(FitInvariant, PassesOverPixelsThatAreNotThere) {
  Acquisitions acquisitions(2000, 0, 1.1F, 0);
  const auto whole = fit_invariant(acquisitions.bands());
  acquisitions.acquisition[0][7] = acquisitions.reference[1][8] = std::numeric_limits<float>::quiet_NaN();
  const auto fit = fit_invariant(acquisitions.bands());
  ASSERT_TRUE(whole && fit);
  EXPECT_NEAR(fit->gains[0].gain, whole->gains[0].gain, 1e-3F);
  EXPECT_LE(fit->invariant, 1998U);
}

TEST(FitInvariant, IsNothingForAHandfulOfPixels) {
  const Acquisitions acquisitions(min_invariant_pixels - 1, 0, 1, 0);
  EXPECT_FALSE(fit_invariant(acquisitions.bands()));
}

TEST(FitInvariant, GivesABandWithoutContrastItsOffsetOnly) {
  const std::vector<float> reference(100, 0.2F), acquisition(100, 0.15F);
  const auto fit = fit_invariant(std::vector<BandPair>{{reference, acquisition}});
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->gains[0].gain, 1.0F);
  EXPECT_NEAR(fit->gains[0].offset, 0.05F, 1e-6F);
}

}  // namespace
}  // namespace pitwatch
