#include "pipeline/monitor/season_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <random>
#include <span>
#include <vector>

#include "kernels/elementary.hpp"
#include "kernels/history.hpp"
#include "pipeline/monitor/history.hpp"
#include "tests/unit/monitor/test_support.hpp"

namespace pitwatch {
namespace {

constexpr double per_day = 2 * 3.14159265358979 / 365.25;

/// 0.5 + 0.2 cos(w t) in all features, with a little alternating noise.
float curve(const SeasonDate& date) {
  return 0.5F + 0.2F * static_cast<float>(std::cos(per_day * static_cast<double>(date.day)));
}

struct PixelObservation {
  SeasonDate date;
  FeatureVector values;
};

struct History {
  std::vector<SeasonDate> dates;
  std::vector<PixelObservation> observations;
};

/// The model of a pixel with that history; false where it is not fitted.
bool fit_season(const std::vector<PixelObservation>& observations, const FeatureVector& typical_noise,
                const MonitorOptions& options, SeasonModel& model) {
  std::vector<kernels::SeasonDay> days;
  std::vector<std::uint8_t> parts;
  std::vector<std::array<std::int16_t, feature_count>> packed(observations.size());
  std::vector<const std::int16_t*> values;
  for (std::size_t l = 0; l < observations.size(); ++l) {
    days.push_back(season_day(observations[l].date));
    parts.push_back(static_cast<std::uint8_t>(observations[l].date.year_part()));
    kernels::pack_history(observations[l].values.data(), feature_count, history_steps, packed[l].data());
    values.push_back(packed[l].data());
  }
  const std::vector<std::uint8_t> counts(observations.size(), 1);
  SeasonModels models(1);
  PixelVector<std::byte> workspace(kernels::season_fit_workspace(observations.size(), feature_count));
  kernels::season_fit({days, parts.data(), feature_count, values.data(), 1, counts.data(), 1, history_step},
                      season_fit_options(options, typical_noise), 1, workspace.data(), models.from(0).fitted());
  model = models.at(0);
  return models.is_fitted(0);
}

History history(int count, int every_days) {
  History result;
  for (int i = 0; i < count; ++i) result.dates.push_back(season_date(test::day_of(i * every_days)));
  for (int i = 0; i < count; ++i) {
    const SeasonDate& date = result.dates[static_cast<std::size_t>(i)];
    FeatureVector values;
    values.fill(curve(date) + (i % 2 == 0 ? 0.01F : -0.01F));
    result.observations.push_back({date, values});
  }
  return result;
}

TEST(SeasonModel, FollowsAKnownCurve) {
  History past = history(40, 9);
  SeasonModel model;
  ASSERT_TRUE(fit_season(past.observations, {}, {}, model));
  for (int day = 370; day < 730; day += 30) {
    const SeasonDate date = season_date(test::day_of(day));
    const Expectation expected = expect(model, date, {});
    for (std::size_t f = 0; f < feature_count; ++f)
      EXPECT_NEAR(expected.value[f], curve(date), 0.012) << "day " << day;
  }
}

TEST(SeasonModel, ShortHistoryGivesAConstantAndFewObservationsNone) {
  History past = history(6, 9);
  SeasonModel model;
  ASSERT_TRUE(fit_season(past.observations, {}, {}, model));
  const float early = expect(model, past.dates[0], {}).value[0];
  const float half_a_year_later = expect(model, season_date(test::day_of(182)), {}).value[0];
  EXPECT_NEAR(early, half_a_year_later, 1e-3);

  History less = history(3, 9);
  EXPECT_FALSE(fit_season(less.observations, {}, {}, model));
}

TEST(SeasonModel, MissedCloudHasNoSay) {
  History past = history(40, 9);
  for (std::size_t i = 3; i < past.observations.size(); i += 6) {
    for (float& value : past.observations[i].values) value += 0.8F;
  }
  SeasonModel model;
  ASSERT_TRUE(fit_season(past.observations, {}, {}, model));
  EXPECT_LT(model.noise[0], 0.03F);
  for (int day = 0; day < 360; day += 30) {
    const SeasonDate date = season_date(test::day_of(day));
    EXPECT_NEAR(expect(model, date, {}).value[0], curve(date), 0.03) << "day " << day;
  }
}

TEST(SeasonModel, DisturbanceLateInTheHistoryHasNoSay) {
  // Two years: within one, a last season that is different cannot be told from a disturbance.
  History past = history(80, 9);
  for (std::size_t i = 72; i < past.observations.size(); ++i) past.observations[i].values.fill(-0.6F);
  SeasonModel model;
  ASSERT_TRUE(fit_season(past.observations, {}, {}, model));
  float weights = 0;
  for (const float weight : model.observations) weights += weight;
  EXPECT_GT(weights, 50);
  EXPECT_LE(weights, 72);
  for (const PixelObservation& observation : past.observations) {
    const FeatureVector values = expect(model, observation.date, {}).value;
    for (std::size_t f = 0; f < feature_count; ++f) EXPECT_NEAR(values[f], curve(observation.date), 0.02);
  }
}

TEST(SeasonModel, FeatureThatIsMostlyMissingIsLeftOut) {
  History past = history(20, 9);
  for (PixelObservation& observation : past.observations) observation.values[1] = NAN;
  past.observations[4].values[0] = NAN;
  SeasonModel model;
  ASSERT_TRUE(fit_season(past.observations, {}, {}, model));
  EXPECT_EQ(model.noise[1], 0);
  EXPECT_GT(model.noise[0], 0);
  EXPECT_FALSE(std::isnan(model.coefficients[0][0]));
}

TEST(SeasonModel, UncertainWhereItHasNotLooked) {
  History summer = history(20, 9);  // half a year
  SeasonModel model;
  ASSERT_TRUE(fit_season(summer.observations, {}, {}, model));
  MonitorOptions options;
  options.season_shift_days = 0;
  const float seen = expect(model, summer.dates[10], options).deviation[0];
  const float unseen = expect(model, season_date(test::day_of(270)), options).deviation[0];
  EXPECT_GT(unseen, 2 * seen);
}

TEST(SeasonModel, CountsTheObservationsOfASeason) {
  SeasonModel model;
  model.observations = {6, 2, 0, 0, 0, 4};
  const auto looks_at = [&model](int part, float elapsed) {
    SeasonDate date;
    date.part = part;
    date.part_elapsed = elapsed;
    return observations_of_season(model.observations, date);
  };
  EXPECT_FLOAT_EQ(looks_at(6, 0.5F), 6);   // the middle of a part is all of it
  EXPECT_FLOAT_EQ(looks_at(6, 0), 5);      // its beginning half of it, and half of the part before
  EXPECT_FLOAT_EQ(looks_at(6, 0.75F), 5);  // a quarter of the part after
  EXPECT_FLOAT_EQ(looks_at(9, 0.5F), 0);
  EXPECT_NEAR(looks_at(11, 0.999F), 5, 0.01);
}

TEST(SeasonModel, HighestOfTheYearIsOfTheSeasonsThatItKnows) {
  History past = history(40, 9);
  SeasonModel model;
  ASSERT_TRUE(fit_season(past.observations, {}, {}, model));
  const SeasonYear year = season_year(test::day_of(100));
  float highest = 0;
  for (const SeasonDate& date : year) highest = std::max(highest, curve(date));
  EXPECT_NEAR(highest_of_year(model, Feature::ndvi, year, {}).value(), highest, 0.012);
  // The curve is highest at the turn of the year: without observations from there spring is the next best.
  for (const std::size_t part : {0U, 1U, 4U, 5U}) model.observations[part] = 0;
  EXPECT_LT(highest_of_year(model, Feature::ndvi, year, {}).value(), 0.52F);
  model.observations.fill(0);
  EXPECT_FALSE(highest_of_year(model, Feature::ndvi, year, {}));
}

TEST(SeasonDate, SlopesAreTheDerivativesOfTheTerms) {
  for (const int day : {0, 100, 200, 300}) {
    const SeasonDate date = season_date(test::day_of(day));
    const SeasonDate before = season_date(test::day_of(day) - std::chrono::hours(12));
    const SeasonDate after = season_date(test::day_of(day) + std::chrono::hours(12));
    for (std::size_t i = 0; i < term_count; ++i) {
      EXPECT_NEAR(date.slopes[i], after.terms[i] - before.terms[i], 1e-5) << day << " " << i;
    }
  }
}

TEST(SeasonModel, AnEarlyOrLateSeasonIsExpectedWhereTheYearTurnsFast) {
  History past = history(40, 9);  // highest at the turn of the year
  SeasonModel model;
  ASSERT_TRUE(fit_season(past.observations, {}, {}, model));
  const auto deviation = [&](int day, float shift_days) {
    MonitorOptions options;
    options.season_shift_days = shift_days;
    return expect(model, season_date(test::day_of(day)), options).deviation[0];
  };
  const float steepest = 0.2F * static_cast<float>(per_day);  // a day
  EXPECT_NEAR(deviation(91, 7), std::hypot(deviation(91, 0), 7 * steepest), 0.002);
  EXPECT_NEAR(deviation(182, 7), deviation(182, 0), 0.002);
}

TEST(SeasonModel, WhatItDoesNotKnowCountsAsOftenAsAskedFor) {
  History past = history(20, 9);
  SeasonModel model;
  ASSERT_TRUE(fit_season(past.observations, {}, {}, model));
  const auto variance = [&](float weight) {
    MonitorOptions options;
    options.season_shift_days = 0;
    options.leverage_weight = weight;
    const float deviation = expect(model, season_date(test::day_of(270)), options).deviation[0];
    return deviation * deviation;
  };
  const float noise = model.noise[0] * model.noise[0];
  EXPECT_NEAR(variance(0), noise, 1e-6);
  EXPECT_NEAR((variance(3) - noise) / (variance(1) - noise), 3, 0.01);
}

TEST(SeasonModel, EachWaveNeedsItsObservations) {
  const auto harmonics_of = [](int count) {
    History past = history(count, 9);
    SeasonModel model;
    EXPECT_TRUE(fit_season(past.observations, {}, {}, model));
    return model.harmonics;
  };
  const MonitorOptions options;
  EXPECT_EQ(harmonics_of(options.observations_for_first_harmonic - 1), 0);
  EXPECT_EQ(harmonics_of(options.observations_for_first_harmonic), 1);
  EXPECT_EQ(harmonics_of(options.observations_for_second_harmonic - 1), 1);
  EXPECT_EQ(harmonics_of(options.observations_for_second_harmonic), 2);
}

TEST(SeasonModel, TypicalNoiseCountsTheLessTheMoreObservationsThereAre) {
  FeatureVector typical;
  typical.fill(0.3F);
  const auto noise = [&](int count, const FeatureVector& of_site) {
    History past = history(count, 9);
    SeasonModel model;
    EXPECT_TRUE(fit_season(past.observations, of_site, {}, model));
    return model.noise[0];
  };
  EXPECT_LT(noise(8, {}), 0.1F);
  EXPECT_GT(noise(8, typical), 0.15F);
  EXPECT_LT(noise(8, typical), 0.3F);
  EXPECT_LT(noise(160, typical), noise(40, typical));
  EXPECT_LT(noise(40, typical), noise(8, typical));
}

TEST(SeasonModel, NoiseAllowsForWhatTheFitTookFromIt) {
  // Five coefficients of sixteen observations: their residuals are less than the noise.
  std::mt19937 engine(3);
  constexpr int series = 400;
  double variance = 0;
  for (int n = 0; n < series; ++n) {
    History past = history(16, 22);
    for (PixelObservation& observation : past.observations) {
      for (float& value : observation.values) {
        float chance = 0;
        for (int i = 0; i < 12; ++i) chance += static_cast<float>(engine()) / 4294967296.0F - 0.5F;
        value = curve(observation.date) + 0.1F * chance;
      }
    }
    SeasonModel model;
    ASSERT_TRUE(fit_season(past.observations, {}, {}, model));
    for (const float noise : model.noise) variance += static_cast<double>(noise * noise) / (series * feature_count);
  }
  EXPECT_NEAR(std::sqrt(variance), 0.1, 0.008);
}

TEST(PortableFunctions, AreAsExactAsStated) {
  for (double x = 1e-6; x < 1e6; x *= 1.01) {
    EXPECT_NEAR(kernels::portable_log(static_cast<float>(x)), std::log(static_cast<double>(static_cast<float>(x))),
                2e-6);
  }
  for (float x = -80; x <= 80; x += 0.37F) {
    EXPECT_NEAR(kernels::portable_exp(x) / std::exp(static_cast<double>(x)), 1, 1e-5) << x;
  }
  EXPECT_EQ(kernels::portable_logistic(0), 0.5F);
  EXPECT_GT(kernels::portable_logistic(1e9F), 0.999F);
}

}  // namespace
}  // namespace pitwatch
