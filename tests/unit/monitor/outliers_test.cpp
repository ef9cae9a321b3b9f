// Series of one index, in which nothing but what came before tells cloud from ground.

#include "pipeline/monitor/outliers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace pitwatch {
namespace {

constexpr float noise = 0.03F;
const FeatureVector index_noise{noise};

FeatureVector ndvi(float value) { return {value}; }

/// Outliers of -0.1, one in five observations.
Outliers clouds() { return outliers_of(std::vector<FeatureVector>(40, ndvi(-0.1F)), 200, index_noise); }

/// Observations of ground of 0.7, the newest first.
std::vector<OutlyingResidual> observed(const std::vector<float>& values, const Outliers& outliers) {
  std::vector<OutlyingResidual> result;
  for (const float value : values) {
    result.push_back(
        {{(value - 0.7F) / noise}, log_outlier_density(outliers, ndvi(value), index_noise, std::log(noise))});
  }
  return result;
}

OutlierShift shift_of(const std::vector<float>& values, const Outliers& outliers) {
  constexpr float lasting_error = 0.1F;
  return shift_among_outliers(observed(values, outliers), outliers, 1, lasting_error, MonitorOptions{});
}

TEST(Outliers, ShareMeanAndSpreadAreThoseOfTheHistory) {
  const std::vector<FeatureVector> values{ndvi(0.0F), ndvi(0.2F)};
  const Outliers outliers = outliers_of(values, 20, index_noise);
  EXPECT_NEAR(outliers.share, 3.0 / 40, 1e-6);  // one of twenty more, before anything was seen
  EXPECT_NEAR(outliers.mean[0], 0.1, 1e-6);
  EXPECT_NEAR(outliers.spread[0], std::sqrt(0.1 * 0.1 + 0.03 * 0.03), 1e-6);
  EXPECT_NEAR(outliers.alike, 0.5, 1e-6);
  EXPECT_EQ(outliers.spread[1], 0);  // not monitored
}

TEST(Outliers, AHistoryWithoutAnySaysOfNoValueThatItIsOne) {
  const Outliers outliers = outliers_of({}, 80, index_noise);
  EXPECT_NEAR(outliers.share, 0.01, 1e-6);
  const auto density = [&](float value) { return log_outlier_density(outliers, ndvi(value), index_noise, 0); };
  EXPECT_EQ(density(-0.1F), density(0.5F));
}

TEST(Outliers, WhatTheHistoryHadIsLikelierToComeAgain) {
  const Outliers outliers = clouds();
  const auto density = [&](float value) { return log_outlier_density(outliers, ndvi(value), index_noise, 0); };
  EXPECT_GT(density(-0.1F), density(0.0F));
  EXPECT_GT(density(0.0F), density(0.3F));
  EXPECT_NEAR(density(0.3F), density(0.5F), 1e-3);  // anything may come once
}

TEST(Outliers, TwoThatAgreeAreAShiftThoughOneWasNot) {
  EXPECT_LT(shift_of({0.4F}, clouds()).log_factor, 10);
  const OutlierShift two = shift_of({0.41F, 0.39F}, clouds());
  EXPECT_GT(two.log_factor, 10);
  EXPECT_NEAR(two.shift[0], -10, 0.5);
}

TEST(Outliers, TwoThatDisagreeAreNone) {
  EXPECT_LT(shift_of({0.1F, 0.45F}, clouds()).log_factor, shift_of({0.1F, 0.11F}, clouds()).log_factor - 3);
}

TEST(Outliers, CloudThatCameOftenIsNoShiftButForOneThatDoesNotGo) {
  EXPECT_LT(shift_of({-0.1F, -0.1F}, clouds()).log_factor, 0);
  const float four = shift_of(std::vector<float>(4, -0.1F), clouds()).log_factor;
  const float six = shift_of(std::vector<float>(6, -0.1F), clouds()).log_factor;
  EXPECT_GT(six, four + 2);  // one in five each
}

TEST(Outliers, CloudAmongThemHidesNoShift) {
  const float with_cloud = shift_of({0.4F, -0.1F, 0.4F}, clouds()).log_factor;
  EXPECT_NEAR(with_cloud, shift_of({0.4F, 0.4F}, clouds()).log_factor, 1.0);
}

TEST(Outliers, GroundAsEverIsNoShift) { EXPECT_LT(shift_of({0.71F, 0.69F, 0.7F}, clouds()).log_factor, 0); }

TEST(Outliers, WhateverIsOneTheFactorIsNoLargerThanTheLengthsOfResidualsAllow) {
  constexpr float lasting_error = 0.1F;
  const MonitorOptions options;
  std::minstd_rand dice(7);
  const auto chance = [&] { return static_cast<float>(dice() % 1001) / 1000; };
  int spared = 0;
  for (int i = 0; i < 500; ++i) {
    const float spread = 0.4F * chance() * chance();
    std::vector<float> values(1 + i % 6);
    for (float& value : values) value = chance() < 0.2F ? -0.1F : 0.7F + spread * (chance() - 0.7F);
    const Outliers outliers = i % 2 == 0 ? clouds() : outliers_of({}, 80, index_noise);
    const std::vector<OutlyingResidual> recent = observed(values, outliers);
    const float most = most_shift_among_outliers(recent, 1, lasting_error, options);
    if (most >= 0) continue;
    ++spared;
    EXPECT_LT(shift_among_outliers(recent, outliers, 1, lasting_error, options).log_factor, 0.7F) << i;
  }
  EXPECT_GT(spared, 100);
  EXPECT_GT(most_shift_among_outliers(observed({0.5F, 0.7F}, clouds()), 1, lasting_error, options), 5);
  EXPECT_LT(most_shift_among_outliers(observed({0.71F, 0.69F, 0.7F}, clouds()), 1, lasting_error, options), 0);
  // Six that are a little lower may be a shift, though none of them is by itself.
  EXPECT_LT(most_shift_among_outliers(observed({0.65F}, clouds()), 1, lasting_error, options), 0);
  EXPECT_GT(most_shift_among_outliers(observed(std::vector<float>(6, 0.65F), clouds()), 1, lasting_error, options), 0);
  // One that is far, the others being outliers, is one, too.
  EXPECT_GT(
      most_shift_among_outliers(observed({0.58F, 0.7F, 0.7F, 0.7F, 0.7F, 0.7F}, clouds()), 1, lasting_error, options),
      5);
  // A lasting error explains it.
  EXPECT_LT(most_shift_among_outliers(observed(std::vector<float>(6, 0.65F), clouds()), 1, 5, options), 0);
}

TEST(Outliers, TheModelsLastingErrorExplainsAsMuchAsItIs) {
  const std::vector<float> values(6, 0.64F);  // two sigma
  const Outliers outliers = clouds();
  const auto factor = [&](float error) {
    return shift_among_outliers(observed(values, outliers), outliers, 1, error, MonitorOptions{}).log_factor;
  };
  EXPECT_GT(factor(0.1F), factor(1.0F) + 2);
}

}  // namespace
}  // namespace pitwatch
