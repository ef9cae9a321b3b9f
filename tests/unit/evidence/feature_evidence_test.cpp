// Features that are asked for: levels and noise on made ground, and what they add to the evidence.

#include "pipeline/evidence/feature_evidence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "pipeline/evidence/feature_survey.hpp"
#include "pipeline/evidence/survey.hpp"
#include "pipeline/evidence/tile_evidence.hpp"
#include "tests/unit/evidence/test_support.hpp"

namespace pitwatch {
namespace {

using test::add_noise;
using test::fill_ground;
using test::SyntheticPair;
using test::Texture;

constexpr int size_px = 256;
constexpr Window all{0, 0, size_px, size_px};
constexpr std::uint8_t half_code = 125;

struct FeatureEvidenceTest : testing::Test {
  FeatureEvidenceTest() : pair(size_px, size_px), score(size_px, size_px) {
    const Texture texture(7);
    for (const Date date : both_dates) {
      fill_ground(pair, date, texture);
      pair.add(date, Band::B03, size_px, size_px, {0, 1});
      pair.fill(date, Band::B03, [](double, double) { return 0.13; });
    }
  }

  void ask(const std::vector<std::string>& texts) { options.features = ExtraFeatures(texts); }

  void noise(std::initializer_list<Band> bands, double sigma) {
    for (const Date date : both_dates) {
      for (const Band band : bands) add_noise(pair, date, band, sigma, random);
    }
  }

  /// Multiplies a band of a date in a window of the grid.
  void scale(Date date, Band band, const Window& window, double by) {
    const BandPlace& place = pair.geometry.at(date, band);
    for (int y = 0; y < place.height; ++y) {
      for (int x = 0; x < place.width; ++x) {
        const double grid_x = (x - place.x.offset) / place.x.scale;
        const double grid_y = (y - place.y.offset) / place.y.scale;
        if (grid_x < window.x || grid_x >= window.right() || grid_y < window.y || grid_y >= window.bottom()) continue;
        std::uint16_t& dn = pair.dn(date, band, x, y);
        dn = static_cast<std::uint16_t>(std::lround(dn * by));
      }
    }
  }

  void survey() {
    const SampleWindow sample{all, &pair};
    model = survey_pair({&sample, 1}, pair.geometry, options);
  }

  void compute() {
    MaskCounts counts{};
    TileEvidence().compute(pair, pair.geometry, options, model, all, score.view(), counts);
  }

  std::uint8_t highest(const Window& window) const {
    std::uint8_t result = 0;
    for (int y = window.y; y < window.bottom(); ++y) {
      for (int x = window.x; x < window.right(); ++x) result = std::max(result, score.at(x, y));
    }
    return result;
  }
  std::uint8_t lowest(const Window& window) const {
    std::uint8_t result = 255;
    for (int y = window.y; y < window.bottom(); ++y) {
      for (int x = window.x; x < window.right(); ++x) result = std::min(result, score.at(x, y));
    }
    return result;
  }

  std::mt19937 random{8};
  SyntheticPair pair;
  EvidenceOptions options;
  PairModel model;
  Plane<std::uint8_t> score;
};

using FeatureSurvey = FeatureEvidenceTest;

TEST_F(FeatureSurvey, FindsTheNoiseOfTheBands) {
  for (const double sigma : {0.002, 0.005}) {
    noise({Band::B04, Band::B08}, std::sqrt(sigma * sigma - (sigma > 0.002 ? 0.002 * 0.002 : 0.0)));
    ask({"ndvi8=(B08-B04)/(B08+B04)", "ratio=B04/B08", "level=100*B08"});
    survey();
    ASSERT_EQ(model.features.size(), 3U);
    for (const FeatureModel& feature : model.features) {
      EXPECT_NEAR(feature.band_error, sigma, 0.05 * sigma);
      EXPECT_TRUE(feature.judges());
      EXPECT_GT(feature.pixels, 60000U);
    }
    EXPECT_TRUE(doubts_of_features(model, options.features).empty());
  }
}

// An index is as noisy as its bands are dark: one error of the bands explains both halves of the scene.
TEST_F(FeatureSurvey, OneErrorOfTheBandsExplainsBrightAndDarkGround) {
  for (const Date date : both_dates) {
    for (const Band band : {Band::B04, Band::B08}) scale(date, band, {0, 0, size_px / 2, size_px}, 0.25);
  }
  noise({Band::B04, Band::B08}, 0.004);
  ask({"ndvi8=(B08-B04)/(B08+B04)"});
  survey();
  EXPECT_NEAR(model.features[0].band_error, 0.004, 0.05 * 0.004);
  compute();
  EXPECT_LT(highest(all), half_code / 2);
}

TEST_F(FeatureSurvey, FindsLevelsOfUnchangedGround) {
  const Texture texture(9);
  pair.fill(Date::before, Band::B03, [&](double x, double y) { return 0.20 + 0.040 * texture(y, x); });
  pair.fill(Date::after, Band::B03, [&](double x, double y) { return 0.30 + 0.020 * texture(y, x); });
  noise({Band::B03}, 0.001);
  ask({"green=B03"});
  survey();
  const FeatureModel& green = model.features[0];
  const float scale = options.features[0].scale;
  EXPECT_NEAR(green.gain.gain, 2.0, 0.05);
  EXPECT_NEAR(green.gain.gain * 0.30 + green.gain.offset / scale, 0.20, 2e-3);
  // Errors of both dates: e^2 + (2 e)^2, of an error of 1 in green.
  EXPECT_NEAR(green.band_error, 0.001, 5e-5);
  for (std::size_t ground = 0; ground < kernels::ground_count; ++ground) {
    EXPECT_NEAR(green.typical[ground], 0, 1e-3);
    EXPECT_LT(green.lowest[ground], green.typical[ground]);
    EXPECT_GT(green.highest[ground], green.typical[ground]);
  }
}

TEST_F(FeatureSurvey, KindsOfGroundHaveTheirOwnLevelsAndDifferencesAreClippedByTheirNoise) {
  const auto is_green = [](double x) { return x < size_px / 3.0; };
  for (const Date date : both_dates) {
    pair.fill(date, Band::B08, [&](double x, double) { return is_green(x) ? 0.8 : 0.17; });  // NDVI 0.6, below 0.15
  }
  pair.fill(Date::after, Band::B03, [&](double x, double) { return is_green(x) ? 0.14 : 0.13; });
  noise({Band::B03}, 0.004);
  ask({"green=B03"});
  survey();
  const FeatureModel& green = model.features[0];
  const float scale = options.features[0].scale;
  EXPECT_NEAR((green.typical[3] - green.typical[0]) / scale, 0.01 * green.gain.gain, 1e-3);
  const float variance = scale * scale * (1 + green.gain.gain * green.gain.gain);
  for (const std::size_t kind : {0, 3}) {
    const float reach = 3 * 0.004F * std::sqrt(variance);
    EXPECT_NEAR(green.highest[kind] - green.typical[kind], reach, 0.1F * reach);
    EXPECT_NEAR(green.typical[kind] - green.lowest[kind], reach, 0.1F * reach);
  }
  EXPECT_NEAR(green.least_variance, 0.01F * variance, 1e-4F * variance);
}

TEST_F(FeatureSurvey, WhatTheSurroundingsDoIsNoNoise) {
  pair.fill(Date::after, Band::B03, [](double x, double) { return 0.13 + 0.04 * x / size_px; });
  noise({Band::B03}, 0.004);
  ask({"green=B03"});
  survey();
  EXPECT_NEAR(model.features[0].band_error, 0.004, 0.1 * 0.004);
}

TEST_F(FeatureSurvey, AFeatureWithoutValuesIsNamedAndJudgesNothing) {
  noise({Band::B02, Band::B04}, 0.003);
  survey();
  compute();
  std::vector<std::uint8_t> without(score.row(0), score.row(0) + score.stride() * size_px);
  const PairModel plain = model;
  for (int y = 0; y < size_px; ++y) {
    for (int x = 0; x < size_px; ++x) pair.dn(Date::after, Band::B03, x, y) = 0;
  }
  ask({"green=B03"});
  survey();
  ASSERT_EQ(model.features.size(), 1U);
  EXPECT_FALSE(model.features[0].judges());
  const std::vector<std::string> doubts = doubts_of_features(model, options.features);
  ASSERT_EQ(doubts.size(), 1U);
  EXPECT_NE(doubts[0].find("--feature green"), std::string::npos);
  EXPECT_EQ(model.median_evidence, plain.median_evidence);
  compute();
  for (int y = 0; y < size_px; ++y) {
    for (int x = 0; x < size_px; ++x) {
      ASSERT_EQ(score.at(x, y), without[static_cast<std::size_t>(y * score.stride() + x)]) << x << " " << y;
    }
  }
}

TEST_F(FeatureSurvey, NoisierGroundThanThereIsOtherwiseIsDoubted) {
  noise({Band::B03}, 0.05);
  ask({"green=B03"});
  survey();
  const std::vector<std::string> doubts = doubts_of_features(model, options.features);
  ASSERT_EQ(doubts.size(), 1U);
  EXPECT_NE(doubts[0].find("errors of 0.050 in each band"), std::string::npos) << doubts[0];
}

TEST_F(FeatureSurvey, WhereNothingIsBelievedUnchangedTheErrorIsThatOfRed) {
  const Texture other(11);
  pair.fill(Date::after, Band::B02, [&](double x, double y) { return 0.40 + 0.1 * other(x, y); });
  pair.fill(Date::after, Band::B04, [&](double x, double y) { return 0.45 + 0.1 * other(y, x); });
  scale(Date::after, Band::B03, all, 1.5);
  ask({"green=B03"});
  survey();
  ASSERT_EQ(model.basis.own_weight, 0);
  const FeatureModel& green = model.features[0];
  EXPECT_TRUE(green.judges());
  EXPECT_NEAR(green.band_error, 0.026 / std::sqrt(2.0), 2e-4);  // 0.01 + 0.1 * 0.16, of two dates
  EXPECT_EQ(green.gain.gain, 1.0F);
  EXPECT_EQ(green.gain.offset, 0.0F);
  EXPECT_EQ(green.typical[0], 0.0F);
}

// Half of the ground lies where the formula is flat: its error there is none, but no less than a tenth is believed.
TEST_F(FeatureSurvey, WhereAFormulaIsFlatTheNoiseOfTheSceneIsBelieved) {
  noise({Band::B02, Band::B03, Band::B04}, 0.004);
  for (const char* flat : {"flat=max(B03,0.13)", "flatter=max(B03,0.136)"}) {
    ask({flat});
    survey();
    EXPECT_TRUE(model.features[0].judges());
    compute();
    EXPECT_LT(highest(all), half_code / 2) << flat;
  }
  ask({"flattest=max(B03,0.2)"});
  survey();
  EXPECT_FALSE(model.features[0].judges());
}

using FeatureSurroundingsTest = FeatureEvidenceTest;

TEST_F(FeatureSurroundingsTest, GroundOfAKindIsAveragedAndWhatHasNoValueLeftOut) {
  for (const Date date : both_dates) {
    pair.fill(date, Band::B04, [](double, double) { return 0.09; });
    pair.fill(date, Band::B08, [](double x, double) { return x >= 128 ? 0.36 : 0.11; });  // NDVI 0.6, 0.1
  }
  pair.fill(Date::before, Band::B03, [](double, double) { return 0.10; });
  pair.fill(Date::after, Band::B03, [](double x, double) { return x >= 128 ? 0.12 : 0.10; });
  for (int y = 0; y < size_px; ++y) {
    for (int x = 128; x < size_px; x += 2) pair.dn(Date::after, Band::B03, x, y) = 0;
  }
  for (const char* text : {"green=B03", "large=4000*B03"}) {
    ask({text});
    const float scale = options.features[0].scale * (text[0] == 'l' ? 4000.0F : 1.0F);
    FeatureModel of;
    of.typical = {0, 0.5F * scale, 0, 0};
    of.lowest.fill(-0.05F * scale);
    of.highest.fill(0.05F * scale);
    FeatureSurroundings surroundings;
    surroundings.measure(pair, pair.geometry, options, {&of, 1}, {0, 0, 16, 16});
    std::array<std::vector<float>, kernels::ground_count> centres;
    surroundings.row(0, 128, centres);
    const auto mean = [&](std::size_t ground, std::size_t x) { return centres[ground][x] / scale; };
    EXPECT_NEAR(mean(3, 12), 0.02 * 800 / 805, 1e-5);  // half of 1600 pixels; the prior of 20, 5 of the sampled ones
    EXPECT_NEAR(mean(3, 8), 0.02 * 480 / 485, 1e-5);   // three of the five columns of cells
    EXPECT_NEAR(mean(0, 4), 0, 1e-6);
    EXPECT_NEAR(mean(1, 4), 0.5, 1e-6) << "a kind that is not there: the scene's value";
    of.highest.fill(0.01F * scale);
    surroundings.measure(pair, pair.geometry, options, {&of, 1}, {0, 0, 16, 16});
    surroundings.row(0, 128, centres);
    EXPECT_NEAR(mean(3, 12), 0.01 * 800 / 805, 1e-5) << "clipped";
    of.gain = {1.0F, -0.02F * scale};
    of.highest.fill(0.05F * scale);
    surroundings.measure(pair, pair.geometry, options, {&of, 1}, {0, 0, 16, 16});
    surroundings.row(0, 128, centres);
    EXPECT_NEAR(mean(3, 12), 0, 1e-5) << "after the gain";
  }
}

TEST_F(FeatureSurroundingsTest, LargeDifferencesFitIntoTheSums) {
  pair.fill(Date::before, Band::B03, [](double, double) { return 0.1; });
  pair.fill(Date::after, Band::B03, [](double, double y) { return y < 128 ? 2.0 : 0.1; });
  ask({"green=B03"});
  FeatureModel of;
  of.lowest.fill(-8);
  of.highest.fill(8);
  FeatureSurroundings surroundings;
  surroundings.measure(pair, pair.geometry, options, {&of, 1}, {0, 0, 16, 16});
  std::array<std::vector<float>, kernels::ground_count> centres;
  const auto mean = [&](int y) {
    surroundings.row(0, y, centres);
    float most = 0;
    for (const auto& of_ground : centres) most = std::max(most, of_ground[8]);
    return most / options.features[0].scale;
  };
  EXPECT_NEAR(mean(40), 1.9, 0.05);  // the prior pulls a little
  EXPECT_NEAR(mean(220), 0, 1e-4);
  // Cells have their centres at 120 and 136: rows lie between them.
  EXPECT_NEAR(mean(127) + mean(128), 2 * (mean(119) + mean(136)) / 2, 0.02);
  EXPECT_GT(mean(127), mean(128));
}

// A parabola, whose squared gradient is known everywhere, and so is its mean by the binomial (of variance 1).
TEST_F(FeatureEvidenceTest, EvidenceIsWhatTheFormulaSays) {
  constexpr double curvature = 1e-4;
  constexpr double change = 0.02;
  ask({"green=B03"});
  options.cap = 1e6F;
  FeatureModel of;
  of.band_error = 0.001F;
  of.least_variance = 1e-6F;  // bounds of 0: nothing counts in the surroundings
  model.features = {of};
  kernels::EvidenceParameters parameters;
  parameters.edge_weight = 0.18F;
  parameters.cap = options.cap;
  parameters.water_swir = options.water_swir;
  parameters.land_swir = options.land_swir;
  const Window area{8, 8, 48, 40};
  Plane<std::uint8_t> mask(area.width, area.height);
  Plane<float> evidence(area.width, area.height);
  for (const bool down : {true, false}) {
    const auto parabola = [&](double x, double y) { return 0.1 + curvature * (down ? y * y : x * x); };
    pair.fill(Date::before, Band::B03, parabola);
    pair.fill(Date::after, Band::B03, [&](double x, double y) { return parabola(x, y) + change; });
    for (int y = 0; y < area.height; ++y) {
      std::fill_n(mask.row(y), area.width, std::uint8_t{0});
      std::fill_n(evidence.row(y), area.width, 0.0F);
    }
    mask.at(5, 6) = 1;
    FeatureEvidence().raise(pair, pair.geometry, options, model, parameters, area, {0, 0, 4, 4}, mask.view(),
                            evidence.view());
    for (int y = 0; y < area.height; ++y) {
      for (int x = 0; x < area.width; ++x) {
        const double at = down ? area.y + y : area.x + x;
        const double gradient = 4 * curvature * curvature * (at * at + 1);
        const double variance = 0.001 * 0.001 * 2 + 0.18 * gradient;
        const double expected = x == 5 && y == 6 ? 0 : 3 * change * change / variance;
        ASSERT_NEAR(evidence.at(x, y), expected, 2e-3 * expected) << x << " " << y;
      }
    }
  }
}

TEST_F(FeatureEvidenceTest, ASquareThatChangesInTheFeatureAloneScoresHigh) {
  noise({Band::B02, Band::B04, Band::B08, Band::B11}, 0.003);
  const Window square{112, 96, 24, 24};
  scale(Date::after, Band::B11, square, 1.4);
  survey();
  compute();
  EXPECT_LT(highest(all), half_code / 2);
  ask({"dust=B11/B08"});
  survey();
  compute();
  EXPECT_GT(lowest(square.grown(-2)), half_code);
  EXPECT_LT(highest({0, 0, size_px, 64}), half_code / 2);
  EXPECT_LT(highest({0, 160, size_px, 96}), half_code / 2);
  double sum = 0;
  double sum_x = 0;
  double sum_y = 0;
  for (int y = 64; y < 160; ++y) {
    for (int x = 80; x < 168; ++x) {
      sum += score.at(x, y);
      sum_x += score.at(x, y) * (x + 0.5);
      sum_y += score.at(x, y) * (y + 0.5);
    }
  }
  EXPECT_NEAR(sum_x / sum, square.x + 12, 0.7);
  EXPECT_NEAR(sum_y / sum, square.y + 12, 0.7);
}

TEST_F(FeatureEvidenceTest, ChangesOfWaterCountLess) {
  noise({Band::B02, Band::B03, Band::B04}, 0.003);
  const Window square{112, 96, 24, 24};
  scale(Date::after, Band::B03, square, 1.4);
  ask({"green=B03"});
  survey();
  compute();
  EXPECT_GT(lowest(square.grown(-2)), half_code);
  for (const Date date : both_dates) pair.fill(date, Band::B11, [](double, double) { return 0.02; });
  survey();
  compute();
  EXPECT_LT(highest(all), half_code);
}

TEST_F(FeatureEvidenceTest, AChangeOfTheWholeSceneOrOfAKindOfGroundIsNone) {
  for (const Date date : both_dates) scale(date, Band::B08, {0, 0, 128, size_px}, 2.0);  // denser plants
  noise({Band::B02, Band::B04, Band::B08, Band::B11}, 0.003);
  scale(Date::after, Band::B11, all, 1.3);
  scale(Date::after, Band::B11, {0, 0, 128, size_px}, 1.2);
  ask({"dust=B11/B08"});
  survey();
  compute();
  EXPECT_LT(highest({0, 0, 112, size_px}), half_code / 2);
  EXPECT_LT(highest({144, 0, 112, size_px}), half_code / 2);
}

TEST_F(FeatureEvidenceTest, EdgesAreForgiven) {
  // 0.4 pixels between the dates, along edges of 0.13 to 0.4 in green.
  const auto stripes = [](double x) { return 0.265 + 0.135 * std::tanh(2 * std::sin(x * 0.3)); };
  pair.fill(Date::before, Band::B03, [&](double x, double) { return stripes(x); });
  pair.fill(Date::after, Band::B03, [&](double x, double) { return stripes(x + 0.4); });
  noise({Band::B02, Band::B03, Band::B04}, 0.003);
  ask({"green=B03"});
  survey();
  model.features[0].band_error = 0.003F;  // as if edges were rare
  compute();
  EXPECT_LT(highest(all), half_code / 2);
  options.misregistration_px = 0;
  compute();
  EXPECT_GT(highest(all), half_code);
}

TEST_F(FeatureEvidenceTest, WhereABandOfTheFeatureIsMissingTheOthersJudge) {
  noise({Band::B02, Band::B04}, 0.003);
  ask({"green=B03"});
  survey();
  for (const Window hole : {Window{20, 20, 30, 30}, {100, 100, 30, 30}}) {
    for (int y = hole.y; y < hole.bottom(); ++y) {
      for (int x = hole.x; x < hole.right(); ++x) {
        pair.dn(hole.x == 20 ? Date::before : Date::after, Band::B03, x, y) = hole.x == 20 ? 0 : 65535;
      }
    }
  }
  const Window square{105, 105, 20, 20};
  scale(Date::after, Band::B04, square, 1.6);
  compute();
  EXPECT_GT(lowest(square.grown(-2)), half_code);
  EXPECT_NE(highest(all), 255) << "a hole in a band of a feature is judged by the other channels";
  EXPECT_LT(highest({0, 0, 80, 80}), half_code / 2);
}

TEST_F(FeatureEvidenceTest, ScratchGrowsWithFeaturesAndTheirBands) {
  const std::vector<std::string> one{"green=B03"};
  const std::vector<std::string> two{"green=B03", "dust=B11/B08"};
  const std::int64_t none = TileEvidence::scratch_bytes(512, 512);
  EXPECT_GT(TileEvidence::scratch_bytes(512, 512, ExtraFeatures(one)), none);
  EXPECT_GT(TileEvidence::scratch_bytes(512, 512, ExtraFeatures(two)),
            TileEvidence::scratch_bytes(512, 512, ExtraFeatures(one)));
  EXPECT_LT(TileEvidence::scratch_bytes(512, 512, ExtraFeatures(two)), 2 * none);
}

}  // namespace
}  // namespace pitwatch
