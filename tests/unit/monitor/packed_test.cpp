// What rounding to the integers of the state loses.

#include "pipeline/monitor/packed.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>
#include <vector>

#include "kernels/shift.hpp"
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

const SeasonDate april = season_date(parse_instant("2022-04-01"));

/// Takes an observation of April into the models of pixels, the first wave alone.
void adapt_row(ModelPlanes& models, const FeatureVector& shown, const kernels::Adaptation& observation) {
  const ModelSteps steps(typical);
  const std::size_t n = models.size();
  const std::vector<std::uint8_t> wanted(n, 1);
  std::array<std::vector<float>, feature_count> values;
  std::array<std::vector<float>, term_count> directions;
  std::array<const float*, feature_count> value_rows{};
  std::array<const float*, term_count> direction_rows{};
  for (std::size_t f = 0; f < feature_count; ++f) {
    values[f].assign(n, shown[f]);
    value_rows[f] = values[f].data();
  }
  for (std::size_t i = 0; i < term_count; ++i) {
    directions[i].assign(n, i == 1 ? 0.02F : 0.0F);
    direction_rows[i] = directions[i].data();
  }
  kernels::adapt_row(rows_from(models, 0).kept(), steps.units(), observation,
                     {value_rows.data(), direction_rows.data(), wanted.data()}, n);
}

FeatureVector expected_of(const PackedModel& model) { return expect(unpack(model, typical), april, {}).value; }

TEST(PackedModel, ChangesFarBelowAStepComeInOnTheMean) {
  constexpr std::size_t pixels = 200;
  constexpr std::uint32_t observations = 100;
  const PackedModel before = pack(some_model(), typical);
  ModelPlanes models;
  models.assign(pixels, before);
  FeatureVector shown = expected_of(before);
  shown[0] += 0.01F;
  for (std::uint32_t observation = 0; observation < observations; ++observation) {
    ModelPlanes once;  // each time from the beginning, so that all changes are the same
    once.assign(pixels, before);
    adapt_row(once, shown, {.terms = april.terms, .weight = 1, .part = 0, .first = 0, .chance = observation});
    for (std::size_t i = 0; i < pixels; ++i) {
      PackedModel sum = models[i];
      sum.coefficients[0][1] =
          static_cast<std::int16_t>(sum.coefficients[0][1] + once[i].coefficients[0][1] - before.coefficients[0][1]);
      models.set(i, sum);
    }
  }
  double mean = 0;
  for (std::size_t i = 0; i < pixels; ++i)
    mean += (models[i].coefficients[0][1] - before.coefficients[0][1]) / double{pixels};
  const double change = 0.02 / (1 + 0.02 * static_cast<double>(april.terms[1])) * 0.01;
  const double steps = change * static_cast<double>(ModelSteps(typical).per_unit[1]);
  EXPECT_LT(steps, 0.1) << "it is far below a step";
  EXPECT_NEAR(mean / observations / steps, 1, 0.15);
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

TEST(PackedModel, AdaptsTowardsAnObservationInProportionToItsWeight) {
  const PackedModel before = pack(some_model(), typical);
  FeatureVector higher = expected_of(before);
  higher[0] += 100;
  const auto first_wave = [&](float weight) {
    ModelPlanes models;
    models.assign(1, before);
    adapt_row(models, higher, {.terms = april.terms, .weight = weight, .part = 0, .first = 0, .chance = 1});
    return static_cast<float>(models[0].coefficients[0][1] - before.coefficients[0][1]);
  };
  EXPECT_GT(first_wave(0.1F), 0);
  EXPECT_NEAR(first_wave(1) / first_wave(0.1F), 10, 1);
}

TEST(PackedModel, AnObservationChangesTheWeightOfItsPartOfTheYearAlone) {
  const PackedModel before = pack(some_model(), typical);
  ModelPlanes models;
  models.assign(1, before);
  adapt_row(models, expected_of(before), {.terms = april.terms, .weight = 1, .part = 3, .first = 7, .chance = 5});
  const PackedModel after = models[0];
  for (std::size_t part = 0; part < year_parts; ++part) {
    if (part == 3) {
      EXPECT_NEAR(unpack(after, typical).observations[part], unpack(before, typical).observations[part] + 1, 1);
      EXPECT_GT(after.observations[part], before.observations[part]);
    } else {
      EXPECT_EQ(after.observations[part], before.observations[part]) << part;
    }
  }
  EXPECT_EQ(after.noise, before.noise);
}

TEST(Thresholds, AreSpreadEvenlyAndOfPixelAndObservation) {
  std::set<float> different;
  double mean = 0;
  constexpr std::uint32_t pixels = 500;
  constexpr std::uint32_t block = 31;
  for (std::uint32_t pixel = 0; pixel < pixels; ++pixel) {
    for (std::uint32_t k = 0; k < block; ++k) {
      const float threshold = kernels::threshold_of(pixel, 3, k);
      ASSERT_GE(threshold, 0);
      ASSERT_LT(threshold, 1);
      different.insert(threshold);
      mean += static_cast<double>(threshold) / (pixels * block);
    }
  }
  EXPECT_NEAR(mean, 0.5, 0.01);
  EXPECT_GT(different.size(), pixels * block * 8 / 10);  // of 65 536 steps
  const auto all_of = [](std::uint32_t pixel, std::uint32_t observation) {
    std::array<float, block> thresholds{};
    for (std::uint32_t k = 0; k < block; ++k) thresholds[k] = kernels::threshold_of(pixel, observation, k);
    return thresholds;
  };
  EXPECT_EQ(all_of(7, 3), all_of(7, 3));
  EXPECT_NE(all_of(7, 3), all_of(8, 3));
  EXPECT_NE(all_of(7, 3), all_of(7, 4));
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
  ResidualPlanes residuals;
  ObservationNumberPlanes numbers;
  residuals.assign(1, {});
  numbers.assign(1, no_recent_observations);
  const auto put = [&](float whitened, ObservationNumber number) {
    std::array<const float*, feature_count> row{};
    row.fill(&whitened);
    std::array<std::int8_t*, window_observations * feature_count> residual_rows{};
    std::array<std::int16_t*, window_observations> number_rows{};
    for (std::size_t k = 0; k < residual_rows.size(); ++k)
      residual_rows[k] = reinterpret_cast<std::int8_t*>(residuals.byte_row(k, 0));
    for (std::size_t k = 0; k < number_rows.size(); ++k) number_rows[k] = numbers.short_row(k, 0);
    const std::uint8_t nothing = 0;
    const std::uint8_t wanted = 1;
    std::uint8_t clean = 0;
    kernels::remember_row({row, &nothing, &wanted, number}, 1e9F, 1e9F, 1, 1, {residual_rows, number_rows}, &clean);
  };
  EXPECT_EQ(unpack(residuals[0], numbers[0]).count, 0);
  for (int observation = 0; observation < 8; ++observation) {
    put(static_cast<float>(observation) - 3.2F, static_cast<ObservationNumber>(observation));
    EXPECT_EQ(unpack(residuals[0], numbers[0]).count, std::min(observation + 1, 6));
  }
  const RecentObservations recent = unpack(residuals[0], numbers[0]);
  for (std::size_t k = 0; k < window_observations; ++k) {
    EXPECT_EQ(recent.observation[k], 7 - static_cast<int>(k));
    EXPECT_NEAR(recent.whitened[k][5], 3.8F - static_cast<float>(k), 0.251);
  }
  put(-1e5F, 8);
  EXPECT_EQ(unpack(residuals[0], numbers[0]).whitened[0][0], -63.5F);
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
