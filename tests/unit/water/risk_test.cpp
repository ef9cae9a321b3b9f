#include "pipeline/water/risk.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pitwatch {
namespace {

TEST(SurfaceRisk, CannotBeToldWhereDrawsLeaveItOpen) {
  SurfaceRiskParts parts;
  EXPECT_EQ(surface_risk(parts).level, RiskLevel::cannot_tell);  // no waters
  parts.share = 0.5;
  EXPECT_EQ(surface_risk(parts).level, RiskLevel::cannot_tell);
  parts.share = 0.2;
  EXPECT_EQ(surface_risk(parts).level, RiskLevel::low);
  parts.lost_share = 0.1;
  EXPECT_EQ(surface_risk(parts).level, RiskLevel::cannot_tell);
  parts.share = 0.79;
  EXPECT_EQ(surface_risk(parts).level, RiskLevel::cannot_tell);
  parts.share = 0.8;  // all that is not known is the worst: 6 points
  EXPECT_EQ(surface_risk(parts).level, RiskLevel::high);
}

TEST(SurfaceRisk, AddsUpItsPoints) {
  EXPECT_EQ(surface_risk({1, 0, 3000, 30, 0.01, 0.5}).level, RiskLevel::low);
  const Risk medium = surface_risk({1, 0, 2000, 20, 0.02, 0.5});
  EXPECT_EQ(medium.figures.at("points"), 3);
  EXPECT_EQ(medium.level, RiskLevel::medium);
  const Risk high = surface_risk({1, 0, 500, 5, 0.01, 1});
  EXPECT_EQ(high.figures.at("points"), 5);
  EXPECT_EQ(high.level, RiskLevel::high);
}

TEST(SurfaceRisk, NeverFallsWithAWorsePart) {
  const std::vector<double> lengths{5000, 2000, 1000, 500, 10};
  const std::vector<double> heights{50, 20, 10, 5, 0};
  const std::vector<double> slopes{0, 0.02, 0.05, 0.1, 0.5};
  const std::vector<double> areas{0, 1, 3, 5, 50};
  const auto level = [&](std::size_t l, std::size_t h, std::size_t s, std::size_t a) {
    return surface_risk({1, 0, lengths[l], heights[h], slopes[s], areas[a]}).level;
  };
  for (std::size_t l = 0; l < 5; ++l) {
    for (std::size_t h = 0; h < 5; ++h) {
      for (std::size_t s = 0; s < 5; ++s) {
        for (std::size_t a = 0; a < 5; ++a) {
          const RiskLevel here = level(l, h, s, a);
          if (l < 4) {
            EXPECT_LE(here, level(l + 1, h, s, a));
          }
          if (h < 4) {
            EXPECT_LE(here, level(l, h + 1, s, a));
          }
          if (s < 4) {
            EXPECT_LE(here, level(l, h, s + 1, a));
          }
          if (a < 4) {
            EXPECT_LE(here, level(l, h, s, a + 1));
          }
        }
      }
    }
  }
}

GroundwaterFacts worst() {
  return {1, 400, RockKind::karst_limestone, SoilKind::gravel, RockKind::karst_limestone, 200};
}

TEST(GroundRisk, IsThePublishedIndex) {
  // Setting 7D6 of a published map of an Ohio county, but for its depth: 15 to 30 feet, 4 to 7 inches, sand and gravel,
  // silt loam, up to 2 %, 300 to 700 gallons.
  const GroundwaterFacts given{6, 150, RockKind::sand_and_gravel, SoilKind::silty_loam, RockKind::sandstone, 20};
  const Risk risk = ground_risk(given, 0.01, std::nullopt);
  EXPECT_EQ(risk.figures.at("weight_given"), 23);
  const double sum = 5 * 7 + 4 * 6 + 3 * 8 + 2 * 4 + 10 + 5 * 6 + 3 * 4;
  EXPECT_NEAR(risk.figures.at("index"), (sum / 23 - 1) / 9, 1e-12);
  EXPECT_EQ(risk.level, RiskLevel::medium);
  // Recharge is rated 9 at most.
  EXPECT_NEAR(ground_risk(worst(), 0, std::nullopt).figures.at("index"), (226.0 / 23 - 1) / 9, 1e-12);
  const GroundwaterFacts best{100, 10, RockKind::shale, SoilKind::clay, RockKind::confining_layer, 1};
  EXPECT_NEAR(ground_risk(best, 0.5, std::nullopt).figures.at("index"), 3.0 / 23 / 9, 1e-12);
}

TEST(GroundRisk, CannotBeToldFromTooLittle) {
  EXPECT_EQ(ground_risk({}, std::nullopt, std::nullopt).level, RiskLevel::cannot_tell);
  GroundwaterFacts given;
  given.depth_m = 1;
  given.recharge_mm = 400;
  EXPECT_EQ(ground_risk(given, 0, 100).level, RiskLevel::cannot_tell);  // 10 of 23
  given.soil = SoilKind::sand;
  EXPECT_EQ(ground_risk(given, std::nullopt, std::nullopt).level, RiskLevel::high);
  GroundwaterFacts without_depth = worst();
  without_depth.depth_m.reset();
  EXPECT_EQ(ground_risk(without_depth, 0, std::nullopt).level, RiskLevel::cannot_tell);
}

TEST(GroundRisk, IsRaisedByAWellNearby) {
  const GroundwaterFacts given{20, 80, std::nullopt, SoilKind::loam, std::nullopt, std::nullopt};
  EXPECT_EQ(ground_risk(given, std::nullopt, std::nullopt).level, RiskLevel::low);
  EXPECT_EQ(ground_risk(given, std::nullopt, 501).level, RiskLevel::low);
  EXPECT_EQ(ground_risk(given, std::nullopt, 500).level, RiskLevel::medium);
}

TEST(GroundRisk, NeverFallsWithLessDepthOrMoreRecharge) {
  double last = 2;
  for (double depth = 0; depth < 60; depth += 0.5) {
    GroundwaterFacts given{depth, 100, std::nullopt, SoilKind::loam, std::nullopt, std::nullopt};
    const double index = ground_risk(given, 0.01, std::nullopt).figures.at("index");
    EXPECT_LE(index, last);
    last = index;
  }
  last = 0;
  for (double recharge = 0; recharge < 400; recharge += 5) {
    GroundwaterFacts given{10, recharge, std::nullopt, SoilKind::loam, std::nullopt, std::nullopt};
    const double index = ground_risk(given, 0.01, std::nullopt).figures.at("index");
    EXPECT_GE(index, last);
    last = index;
  }
}

}  // namespace
}  // namespace pitwatch
