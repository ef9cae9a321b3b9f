#include <gtest/gtest.h>

#include <numeric>

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
constexpr std::uint8_t not_judged = 255;

struct TileEvidenceTest : testing::Test {
  TileEvidenceTest() : pair(size_px, size_px), score(size_px, size_px) {
    const Texture texture(7);
    for (const Date date : both_dates) fill_ground(pair, date, texture);
  }

  void add_noise_everywhere() {
    std::mt19937 random(8);
    for (const Date date : both_dates) {
      for (const Band band : {Band::B02, Band::B04}) add_noise(pair, date, band, 0.003, random);
    }
  }

  /// Adds to a band of AFTER in a window of the grid.
  void change(Band band, const Window& window, double by) {
    const BandPlace& place = pair.geometry.at(Date::after, band);
    for (int y = 0; y < place.height; ++y) {
      for (int x = 0; x < place.width; ++x) {
        const double grid_x = (x - place.x.offset) / place.x.scale;
        const double grid_y = (y - place.y.offset) / place.y.scale;
        if (grid_x < window.x || grid_x >= window.right() || grid_y < window.y || grid_y >= window.bottom()) continue;
        std::uint16_t& dn = pair.dn(Date::after, band, x, y);
        dn = static_cast<std::uint16_t>(dn + std::lround(by * 10000));
      }
    }
  }

  void drop(Band band) {
    for (const Date date : both_dates) pair.geometry.find(date, band).reset();
  }

  void survey() {
    const SampleWindow sample{all, &pair};
    model = survey_pair({&sample, 1}, pair.geometry, options);
  }

  void compute() {
    counts = {};
    TileEvidence().compute(pair, pair.geometry, options, model, all, score.view(), counts);
  }

  std::uint8_t highest(const Window& window) {
    std::uint8_t result = 0;
    for (int y = window.y; y < window.bottom(); ++y) {
      for (int x = window.x; x < window.right(); ++x) result = std::max(result, score.at(x, y));
    }
    return result;
  }
  std::uint8_t lowest(const Window& window) {
    std::uint8_t result = 255;
    for (int y = window.y; y < window.bottom(); ++y) {
      for (int x = window.x; x < window.right(); ++x) result = std::min(result, score.at(x, y));
    }
    return result;
  }

  SyntheticPair pair;
  EvidenceOptions options;
  PairModel model;
  Plane<std::uint8_t> score;
  MaskCounts counts{};
};

TEST_F(TileEvidenceTest, IdenticalDatesScoreNothing) {
  survey();
  compute();
  EXPECT_EQ(highest(all), 0);
  EXPECT_EQ(counts[mask_clear], size_px * size_px);
}

TEST_F(TileEvidenceTest, NoiseScoresLittle) {
  add_noise_everywhere();
  survey();
  compute();
  EXPECT_LT(highest(all), half_code / 2);
}

// Bared ground of 24 x 24 px: brighter, and more so in red.
TEST_F(TileEvidenceTest, OutlinesLeaveTheRimOfSmoothingOut) {
  add_noise_everywhere();
  const Window square{112, 96, 24, 24};
  change(Band::B02, square, 0.06);
  change(Band::B04, square, 0.16);
  survey();
  Plane<std::uint8_t> outlined(size_px, size_px);
  TileEvidence evidence;
  evidence.compute(pair, pair.geometry, options, model, all, score.view(), counts);
  constexpr std::uint8_t low = 60;
  evidence.delineate(options, all, low, outlined.view());
  int raw = 0;
  int kept = 0;
  for (int y = 0; y < size_px; ++y) {
    for (int x = 0; x < size_px; ++x) {
      raw += score.at(x, y) >= low ? 1 : 0;
      kept += outlined.at(x, y) >= low ? 1 : 0;
      if (outlined.at(x, y) != 0) {
        EXPECT_EQ(outlined.at(x, y), score.at(x, y));
      }
    }
  }
  EXPECT_GT(raw, 30 * 30);
  EXPECT_LE(kept, 28 * 28);
  EXPECT_GE(kept, 22 * 22);
}

TEST_F(TileEvidenceTest, AChangedSquareScoresHighAndItsSurroundingsDoNot) {
  add_noise_everywhere();
  const Window square{112, 96, 24, 24};
  change(Band::B02, square, 0.03);
  change(Band::B04, square, 0.08);
  survey();
  compute();
  EXPECT_GT(lowest(square.grown(-2)), half_code);
  for (int y = 0; y < size_px; ++y) {
    for (int x = 0; x < size_px; ++x) {
      const Window near = square.grown(24);
      if (x >= near.x && x < near.right() && y >= near.y && y < near.bottom()) continue;
      EXPECT_LT(score.at(x, y), half_code / 2) << x << " " << y;
    }
  }
}

TEST_F(TileEvidenceTest, AChangeOfTheWholeSceneIsNone) {
  add_noise_everywhere();
  change(Band::B02, all, 0.02);
  change(Band::B04, all, 0.04);
  survey();
  compute();
  EXPECT_LT(highest(all), half_code / 2);
}

TEST_F(TileEvidenceTest, ChangesOfWaterCountLess) {
  add_noise_everywhere();
  for (const Date date : both_dates) pair.fill(date, Band::B11, [](double, double) { return 0.02; });
  const Window square{112, 96, 24, 24};
  change(Band::B04, square, 0.08);
  survey();
  compute();
  EXPECT_LT(highest(all), half_code);
}

TEST_F(TileEvidenceTest, CloudIsMasked) {
  add_noise_everywhere();
  const Window cloud{96, 96, 64, 64};
  for (const Band band : {Band::B02, Band::B04, Band::B08, Band::B11}) change(band, cloud, 0.25);
  survey();
  compute();
  EXPECT_EQ(lowest(cloud), not_judged);
  EXPECT_LT(highest({0, 0, 256, 32}), half_code);
  EXPECT_GE(counts[mask_cloud], cloud.width * cloud.height);
}

// Red and near infrared alone.
TEST_F(TileEvidenceTest, WithoutBlueAndShortWaveInfraredAChangedSquareScoresHigh) {
  add_noise_everywhere();
  const Window square{112, 96, 24, 24};
  change(Band::B04, square, 0.08);
  drop(Band::B02);
  drop(Band::B11);
  survey();
  EXPECT_EQ(model.gains[kernels::band_is_blue].gain, model.gains[kernels::band_is_red].gain);
  EXPECT_EQ(model.noise[kernels::channel_blue], model.noise[kernels::channel_red]);
  compute();
  EXPECT_GT(lowest(square.grown(-2)), half_code);
  EXPECT_LT(highest({0, 0, size_px, 64}), half_code / 2);
  EXPECT_LT(highest({0, 160, size_px, 96}), half_code / 2);
}

TEST_F(TileEvidenceTest, WithoutShortWaveInfraredNearInfraredTellsWater) {
  add_noise_everywhere();
  drop(Band::B11);
  const Window square{112, 96, 24, 24};
  change(Band::B04, square, 0.08);
  survey();
  compute();
  EXPECT_GT(highest(all), half_code);
  for (const Date date : both_dates) pair.fill(date, Band::B08, [](double, double) { return 0.02; });
  survey();
  compute();
  EXPECT_LT(highest(all), half_code);
}

TEST_F(TileEvidenceTest, WhatIsBrightIsCloudOnlyWhereBlueAndShortWaveInfraredSayItIsWhite) {
  add_noise_everywhere();
  const Window field{96, 96, 64, 64};
  for (const Band band : {Band::B02, Band::B04, Band::B08, Band::B11}) change(band, field, 0.25);
  const PairGeometry whole = pair.geometry;
  for (const Band band : {Band::B02, Band::B11}) {
    pair.geometry = whole;
    drop(band);
    survey();
    compute();
    EXPECT_EQ(counts[mask_clear], size_px * size_px) << name(band);
    EXPECT_GT(highest(field), half_code) << name(band);
  }
}

TEST_F(TileEvidenceTest, PixelsWithoutMeasurementAreNotJudged) {
  survey();
  pair.dn(Date::before, Band::B02, 10, 20) = 0;
  pair.dn(Date::before, Band::B08, 11, 20) = 0;
  pair.dn(Date::after, Band::B04, 12, 20) = 0;
  pair.dn(Date::before, Band::B04, 13, 20) = 65535;
  pair.dn(Date::after, Band::B11, 20, 20) = 0;  // at 20 m: pixels 40 and 41 of rows 40 and 41
  compute();
  for (int x = 10; x < 14; ++x) EXPECT_EQ(score.at(x, 20), not_judged) << x;
  for (const int x : {9, 14}) EXPECT_NE(score.at(x, 20), not_judged) << x;
  for (const int y : {40, 41}) {
    for (const int x : {40, 41}) EXPECT_EQ(score.at(x, y), not_judged);
    for (const int x : {39, 42}) EXPECT_NE(score.at(x, y), not_judged);
  }
  EXPECT_EQ(counts[mask_nodata], 7);
  EXPECT_EQ(counts[mask_saturated], 1);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}), size_px * size_px);
}

TEST_F(TileEvidenceTest, WhatLiesOutsideOfADateIsNotJudged) {
  survey();
  // AFTER begins 20 px further right and ends 10 px higher.
  for (auto& place : pair.geometry.places[static_cast<std::size_t>(Date::after)]) {
    if (!place) continue;
    place->x.offset -= 20 * place->x.scale;
    place->y.offset += 10 * place->y.scale;
  }
  compute();
  EXPECT_EQ(lowest({0, 0, 20, size_px}), not_judged);
  EXPECT_EQ(lowest({0, size_px - 10, size_px, 10}), not_judged);
  EXPECT_NE(score.at(20, 0), not_judged);
  EXPECT_NE(score.at(size_px - 1, size_px - 11), not_judged);
}

struct SceneClass {
  int scl;
  MaskBits reason;
};

TEST_F(TileEvidenceTest, SceneClassificationMasksWithItsReason) {
  constexpr SceneClass classes[] = {{0, mask_nodata}, {1, mask_saturated}, {2, mask_clear},   {3, mask_cloud_shadow},
                                    {4, mask_clear},  {5, mask_clear},     {6, mask_clear},   {7, mask_clear},
                                    {8, mask_cloud},  {9, mask_cloud},     {10, mask_cirrus}, {11, mask_snow}};
  survey();
  for (const Date date : both_dates) {
    const auto other = date == Date::before ? Date::after : Date::before;
    pair.geometry.find(other, Band::SCL).reset();
    pair.add(date, Band::SCL, size_px / 2, size_px / 2, {-0.25, 0.5});
    for (int y = 0; y < size_px / 2; ++y) {
      for (int x = 0; x < size_px / 2; ++x) {
        pair.dn(date, Band::SCL, x, y) = static_cast<std::uint16_t>(y < 12 ? classes[y].scl : 4);
      }
    }
    compute();
    MaskCounts expected{};
    expected[mask_clear] = size_px * (size_px - 24);
    for (const SceneClass& c : classes) expected[c.reason] += 2 * size_px;
    EXPECT_EQ(counts, expected);
    for (int k = 0; k < 12; ++k) {
      EXPECT_EQ(score.at(100, 2 * k) == not_judged, classes[k].reason != mask_clear) << classes[k].scl;
    }
  }
  // Reasons of both dates come together.
  pair.add(Date::before, Band::SCL, size_px / 2, size_px / 2, {-0.25, 0.5});
  for (int y = 0; y < size_px / 2; ++y) {
    for (int x = 0; x < size_px / 2; ++x) pair.dn(Date::before, Band::SCL, x, y) = 11;
  }
  compute();
  EXPECT_EQ(counts[mask_snow | mask_cirrus], 2 * size_px);
}

TEST_F(TileEvidenceTest, ScratchIsWhatPlanningAssumes) {
  // Not exact: the order of magnitude, and monotone.
  EXPECT_GT(TileEvidence::scratch_bytes(512, 512), 512 * 512 * 5);
  EXPECT_LT(TileEvidence::scratch_bytes(512, 512), 512 * 512 * 20);
  EXPECT_LT(TileEvidence::scratch_bytes(256, 512), TileEvidence::scratch_bytes(512, 512));
}

}  // namespace
}  // namespace pitwatch
