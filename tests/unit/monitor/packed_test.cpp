// What rounding to the integers of the state loses.

#include "pipeline/monitor/packed.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/unit/monitor/test_support.hpp"

namespace pitwatch {
namespace {

constexpr FeatureVector typical{.02F, .015F, .016F, .04F, .025F, .03F};

SeasonModel some_model() {
  SeasonModel model;
  for (std::size_t f = 0; f < feature_count; ++f) {
    model.coefficients[f] = {f < 3 ? 0.43F : -2.31F, 0.21F, -0.137F, 0.052F, -0.0181F};
    model.noise[f] = 1.37F * typical[f];
  }
  model.observations = {12.4F, 3.1F, 0.7F, 25, 0, 8.8F};
  model.harmonics = 2;
  return model;
}

TEST(PackedModel, IsWithinHalfAStep) {
  const SeasonModel model = some_model();
  const SeasonModel back = unpack(pack(model, typical), typical);
  for (std::size_t f = 0; f < feature_count; ++f) {
    for (std::size_t i = 0; i < term_count; ++i) {
      const float step = typical[f] / (i == 0 ? 16 : 8);
      EXPECT_NEAR(back.coefficients[f][i], model.coefficients[f][i], 0.501F * step);
    }
    EXPECT_NEAR(back.noise[f] / model.noise[f], 1, 0.046);
  }
  for (std::size_t part = 0; part < year_parts; ++part) {
    EXPECT_NEAR(std::sqrt(back.observations[part]), std::sqrt(model.observations[part]), 0.084);
  }
  EXPECT_EQ(back.harmonics, 2);
}

TEST(PackedModel, ComesBackUnchangedWhereNothingChanged) {
  const PackedModel packed = pack(some_model(), typical);
  EXPECT_EQ(pack(unpack(packed, typical), typical), packed);
}

TEST(PackedModel, IsHeldAtTheEndOfItsRange) {
  SeasonModel model = some_model();
  model.coefficients[0] = {1e6F, -1e6F, 1e6F, 0, 0};
  model.observations.fill(1e6F);
  model.noise.fill(1e9F);
  const SeasonModel back = unpack(pack(model, typical), typical);
  EXPECT_NEAR(back.coefficients[0][0], 2048 * typical[0], 0.01);
  EXPECT_NEAR(back.coefficients[0][1], -4096 * typical[0], 0.01);
  EXPECT_NEAR(back.observations[3], 1806, 1);
  EXPECT_GT(back.noise[0], 1e3F);
}

TEST(PackedModel, AFeatureThatIsNotMonitoredStaysSo) {
  SeasonModel model = some_model();
  model.noise[2] = 0;
  FeatureVector none = typical;
  none[4] = 0;
  const SeasonModel back = unpack(pack(model, none), none);
  EXPECT_EQ(back.noise[2], 0);
  EXPECT_EQ(back.noise[4], 0);
  EXPECT_GT(back.noise[3], 0);
}

TEST(PackedModel, ChangesFarBelowAStepComeInOnTheMean) {
  // A fiftieth of a step each time.
  const float change = typical[0] / 8 / 50;
  constexpr int pixels = 200;
  constexpr int observations = 100;
  double mean = 0;
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    PackedModel packed = pack(some_model(), typical);
    const float before = unpack(packed, typical).coefficients[0][1];
    for (std::size_t observation = 0; observation < observations; ++observation) {
      SeasonModel model = unpack(packed, typical);
      model.coefficients[0][1] += change;
      pack_adapted(model, typical, 0, Dither(pixel, observation), packed);
    }
    mean += static_cast<double>(unpack(packed, typical).coefficients[0][1] - before) / pixels;
  }
  EXPECT_NEAR(mean / static_cast<double>(observations * change), 1, 0.15);
}

TEST(PackedModel, KeepsTheLastingErrorToAThirtySecond) {
  for (float error = 0; error < 7.9F; error += 0.013F) {
    SeasonModel model = some_model();
    model.lasting_error = error;
    EXPECT_NEAR(unpack(pack(model, typical), typical).lasting_error, error, 0.501 / 32);
  }
  SeasonModel model = some_model();
  model.lasting_error = 1e5F;
  EXPECT_NEAR(unpack(pack(model, typical), typical).lasting_error, 7.97, 0.01);
}

TEST(PackedModel, AnObservationChangesTheWeightOfItsPartOfTheYearAlone) {
  const PackedModel before = pack(some_model(), typical);
  SeasonModel model = unpack(before, typical);
  model.observations.fill(100);
  PackedModel after = before;
  pack_adapted(model, typical, 3, Dither(1, 2), after);
  for (std::size_t part = 0; part < year_parts; ++part) {
    if (part == 3) {
      EXPECT_NEAR(unpack(after, typical).observations[part], 100, 4);
    } else {
      EXPECT_EQ(after.observations[part], before.observations[part]) << part;
    }
  }
  EXPECT_EQ(after.noise, before.noise);
}

TEST(Dither, ThresholdsAreSpreadEvenlyAndOfPixelAndObservation) {
  std::set<float> different;
  double mean = 0;
  constexpr std::size_t pixels = 500;
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    for (const float threshold : Dither(pixel, 3).next_block()) {
      ASSERT_GE(threshold, 0);
      ASSERT_LT(threshold, 1);
      different.insert(threshold);
      mean += static_cast<double>(threshold) / static_cast<double>(pixels * Dither::block);
    }
  }
  EXPECT_NEAR(mean, 0.5, 0.01);
  EXPECT_GT(different.size(), pixels * Dither::block * 8 / 10);  // of 65 536 steps
  EXPECT_EQ(Dither(7, 3).next_block(), Dither(7, 3).next_block());
  EXPECT_NE(Dither(7, 3).next_block(), Dither(8, 3).next_block());
  EXPECT_NE(Dither(7, 3).next_block(), Dither(7, 4).next_block());
}

TEST(PackedReflectance, IsTheNearestPlace) {
  for (float reflectance = 0.0051F; reflectance < 2.6F; reflectance *= 1.0003F) {
    const PackedReflectance packed = pack_reflectance(reflectance);
    EXPECT_NEAR(unpack_reflectance(packed) / reflectance, 1, 0.0125) << reflectance;
    EXPECT_EQ(pack_reflectance(unpack_reflectance(packed)), packed) << reflectance;
  }
  EXPECT_EQ(pack_reflectance(-1), 1);
  EXPECT_EQ(pack_reflectance(0.004F), 1);
  EXPECT_EQ(pack_reflectance(1e30F), 255);
}

TEST(AgedObservations, FadeOnTheMeanHoweverFewTheyAre) {
  for (const std::uint8_t packed : {std::uint8_t{1}, std::uint8_t{3}, std::uint8_t{40}, std::uint8_t{255}}) {
    double mean = 0;
    constexpr std::size_t pixels = 2000;
    for (std::size_t pixel = 0; pixel < pixels; ++pixel)
      mean += aged_observations(packed, 0.64F, Dither(pixel, 7)) / 2000.0;
    EXPECT_NEAR(mean, 0.8 * packed, 0.05) << int{packed};
  }
}

TEST(RecentObservations, TheNewestComeFirstAndTheOldestGo) {
  PackedResiduals residuals{};
  RecentNumbers observations = no_recent_observations;
  EXPECT_EQ(unpack(residuals, observations).count, 0);
  for (int observation = 0; observation < 8; ++observation) {
    FeatureVector whitened;
    whitened.fill(static_cast<float>(observation) - 3.2F);
    push_front(residuals, observations, whitened, static_cast<ObservationNumber>(observation));
    EXPECT_EQ(unpack(residuals, observations).count, std::min(observation + 1, 6));
  }
  const RecentObservations recent = unpack(residuals, observations);
  for (std::size_t k = 0; k < window_observations; ++k) {
    EXPECT_EQ(recent.observation[k], 7 - static_cast<int>(k));
    EXPECT_NEAR(recent.whitened[k][5], 3.8F - static_cast<float>(k), 0.251);
  }
  FeatureVector far;
  far.fill(-1e5F);
  push_front(residuals, observations, far, 8);
  EXPECT_EQ(unpack(residuals, observations).whitened[0][0], -63.5F);
}

TEST(PackedNumbers, AreAsExactAsStated) {
  for (float odds = -15; odds <= 60; odds += 0.07F) EXPECT_NEAR(unpack(pack_log_odds(odds)), odds, 0.151);
  EXPECT_FLOAT_EQ(unpack(pack_log_odds(-100)), -15);
  EXPECT_EQ(unpack(pack_log_odds(0)), 0);
  EXPECT_NEAR(unpack(pack_log_odds(100)), 60, 1e-4);
  for (float reflectance = 0.01F; reflectance < 1.5F; reflectance *= 1.003F) {
    EXPECT_NEAR(unpack_reflectance(pack_reflectance(reflectance)) / reflectance, 1, 0.0126);
  }
  EXPECT_EQ(pack_reflectance(-0.02F), 1);
  EXPECT_EQ(unpack_reflectance(0), 0);
}

}  // namespace
}  // namespace pitwatch
