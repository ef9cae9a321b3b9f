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
