#include "pipeline/monitor/regional_anomaly.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace pitwatch {
namespace {

/// All of one kind, with a say, without residuals; a deviation of 0.02 in all features.
ObservationResiduals observation_of(int width, int height) {
  ObservationResiduals observation;
  observation.width = width;
  observation.height = height;
  const auto pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  FeatureVector deviation;
  deviation.fill(0.02F);
  observation.residual.resize(pixels);
  observation.deviation.resize(pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    observation.residual.set(i, {});
    observation.deviation.set(i, deviation);
  }
  observation.kind.assign(pixels, 0);
  observation.tells.assign(pixels, 1);
  return observation;
}

/// All features of a pixel.
void fill(ObservationResiduals& observation, std::size_t pixel, float residual) {
  FeatureVector residuals;
  residuals.fill(residual);
  observation.residual.set(pixel, residuals);
}

/// Close to normal, with a standard deviation of 1.
float normal(std::mt19937& engine) {
  float sum = 0;
  for (int i = 0; i < 12; ++i) sum += static_cast<float>(engine()) / 4294967296.0F - 0.5F;
  return sum;
}

/// The shared residual of one feature at a pixel, straight from its definition.
float shared_at(const ObservationResiduals& observation, const MonitorOptions& options, int x, int y, std::uint8_t kind,
                std::size_t f) {
  struct Told {
    int x, y;
    float residual, deviation;
  };
  std::vector<Told> told;
  std::vector<float> residuals;
  for (int v = 0; v < observation.height; ++v) {
    for (int u = 0; u < observation.width; ++u) {
      const auto i = static_cast<std::size_t>(v * observation.width + u);
      if (observation.kind[i] != kind || observation.tells[i] == 0) continue;
      told.push_back({u, v, observation.residual[i][f], observation.deviation[i][f]});
      residuals.push_back(observation.residual[i][f]);
    }
  }
  std::sort(residuals.begin(), residuals.end());
  const float median = residuals[residuals.size() / 2];
  const int cell = RegionalAnomaly::cell_pixels;
  const int radius = static_cast<int>(options.surroundings_m / options.pixel_size_m / cell - 1) / 2;
  double site = 0;
  double around = 0;
  int near = 0;
  for (const Told& one : told) {
    const float reach = options.surroundings_clip_sigma * one.deviation;
    const auto clipped = static_cast<double>(std::clamp(one.residual - median, -reach, reach));
    site += clipped;
    if (std::abs(one.x / cell - x / cell) > radius || std::abs(one.y / cell - y / cell) > radius) continue;
    around += clipped;
    ++near;
  }
  const auto all = static_cast<double>(told.size());
  const auto prior = static_cast<double>(options.surroundings_prior_pixels);
  const double mean = (around + prior * site / all) / (near + prior);
  return static_cast<float>(all / (all + prior) * (static_cast<double>(median) + mean));
}

TEST(RegionalAnomaly, IsTheClippedMeanOfItsKindAroundHeldToThatOfTheSite) {
  ObservationResiduals observation = observation_of(43, 38);
  std::mt19937 engine(5);
  for (std::size_t i = 0; i < observation.kind.size(); ++i) {
    observation.kind[i] = engine() % 10 == 0 ? no_kind : static_cast<std::uint8_t>(engine() % 3 * 5);
    observation.tells[i] = engine() % 8 == 0 ? 0 : 1;
    const float outlier = engine() % 20 == 0 ? 50.0F : 1.0F;
    const auto drift = static_cast<float>(i % 43) / 43;  // across the site
    for (std::size_t f = 0; f < feature_count; ++f)
      observation.residual.at(i, f) = 0.05F * drift + 0.02F * outlier * normal(engine);
  }
  MonitorOptions options;
  options.surroundings_m = 200;  // five cells
  options.surroundings_prior_pixels = 20;
  RegionalAnomaly anomaly;
  anomaly.estimate(observation, options);
  for (int y = 0; y < observation.height; ++y) {
    for (int x = 0; x < observation.width; ++x) {
      for (const std::uint8_t kind : {std::uint8_t{0}, std::uint8_t{5}, std::uint8_t{10}}) {
        // Sums are in steps of 1 / 16384.
        ASSERT_NEAR(anomaly.at(x, y, kind)[2], shared_at(observation, options, x, y, kind, 2), 1e-4F) << x << " " << y;
      }
    }
  }
}

TEST(RegionalAnomaly, SameBytesHoweverRowsAreCut) {
  ObservationResiduals observation = observation_of(30, 41);
  std::mt19937 engine(6);
  for (std::size_t i = 0; i < observation.kind.size(); ++i) fill(observation, i, 0.1F * normal(engine));
  RegionalAnomaly whole;
  whole.estimate(observation, {});
  RegionalAnomaly cut;
  cut.estimate(observation, {}, [](int rows, const std::function<void(int, int)>& piece) {
    for (int y = rows - 1; y >= 0; --y) piece(y, y + 1);
  });
  for (int y = 0; y < observation.height; ++y) {
    for (int x = 0; x < observation.width; ++x) ASSERT_EQ(whole.at(x, y, 0), cut.at(x, y, 0)) << x << " " << y;
  }
  EXPECT_EQ(whole.scatter(0), cut.scatter(0));
}

TEST(RegionalAnomaly, WhatFewPixelsOfAKindDoIsTheirs) {
  ObservationResiduals observation = observation_of(40, 40);
  for (std::size_t i = 0; i < 20; ++i) {
    observation.kind[i] = 1;
    fill(observation, i, 0.1F);
  }
  MonitorOptions options;  // the site's mean counts like 60 pixels
  RegionalAnomaly anomaly;
  anomaly.estimate(observation, options);
  EXPECT_NEAR(anomaly.at(0, 0, 1)[0], 0.1F * 20 / (20 + 60), 1e-3F);
  EXPECT_EQ(anomaly.at(0, 0, 2), FeatureVector{});  // nor what none does
}

TEST(RegionalAnomaly, PitsAndWhatIsNotToTellMakeNoWeather) {
  ObservationResiduals observation = observation_of(40, 40);
  for (std::size_t i = 0; i < observation.kind.size(); ++i) {
    if (i % 5 == 0) fill(observation, i, 3);  // clipped at 2.5 deviations
  }
  RegionalAnomaly anomaly;
  anomaly.estimate(observation, {});
  EXPECT_LT(anomaly.at(20, 20, 0)[0], 0.02F);
  for (std::size_t i = 0; i < observation.kind.size(); i += 5) observation.tells[i] = 0;
  anomaly.estimate(observation, {});
  EXPECT_EQ(anomaly.at(20, 20, 0)[0], 0);
}

TEST(RegionalAnomaly, ScatterIsByHowMuchAKindScattersMoreThanExpectedAndNeverLess) {
  ObservationResiduals observation = observation_of(60, 60);
  std::mt19937 engine(7);
  for (std::size_t i = 0; i < observation.kind.size(); ++i) {
    observation.kind[i] = static_cast<std::uint8_t>(i % 2);
    const float sigma = i % 2 == 0 ? 0.06F : 0.005F;  // expected: 0.02
    for (std::size_t f = 0; f < feature_count; ++f) observation.residual.at(i, f) = 0.1F + sigma * normal(engine);
  }
  RegionalAnomaly anomaly;
  anomaly.estimate(observation, {});
  for (std::size_t f = 0; f < feature_count; ++f) {
    EXPECT_NEAR(anomaly.scatter(0)[f], 3, 0.3);
    EXPECT_EQ(anomaly.scatter(1)[f], 1);
  }
}

TEST(RegionalAnomaly, NothingIsSharedWithoutSurroundings) {
  ObservationResiduals observation = observation_of(20, 20);
  for (std::size_t i = 0; i < observation.kind.size(); ++i) fill(observation, i, 0.1F);
  RegionalAnomaly anomaly;
  anomaly.estimate(observation, {});
  ASSERT_GT(anomaly.at(5, 5, 0)[0], 0.05F);
  MonitorOptions options;
  options.surroundings_m = 0;
  anomaly.estimate(observation, options);
  EXPECT_EQ(anomaly.at(5, 5, 0), FeatureVector{});
  EXPECT_EQ(anomaly.scatter(0)[0], 1);
}

}  // namespace
}  // namespace pitwatch
