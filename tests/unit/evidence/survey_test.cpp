#include "pipeline/evidence/survey.hpp"

#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"
#include "tests/unit/evidence/test_support.hpp"

namespace pitwatch {
namespace {

using test::add_noise;
using test::fill_ground;
using test::SyntheticPair;
using test::Texture;

constexpr int size_px = 256;
constexpr Window all{0, 0, size_px, size_px};

PairModel survey(const SyntheticPair& pair) {
  const SampleWindow sample{all, &pair};
  return survey_pair({&sample, 1}, pair.geometry, {});
}

TEST(Survey, RecoversGainOffsetAndNoise) {
  SyntheticPair pair(size_px, size_px);
  const Texture texture(3);
  for (const Date date : both_dates) fill_ground(pair, date, texture);
  // AFTER has twice the contrast in blue and half of it in red.
  pair.fill(Date::after, Band::B02, [&](double x, double y) { return 0.13 + 0.020 * texture(x, y); });
  pair.fill(Date::after, Band::B04, [&](double x, double y) { return 0.17 + 0.010 * texture(x, y); });
  std::mt19937 random(4);
  add_noise(pair, Date::after, Band::B02, 0.002, random);
  add_noise(pair, Date::after, Band::B04, 0.002, random);
  const PairModel model = survey(pair);
  EXPECT_NEAR(model.gains[kernels::band_is_blue].gain, 0.5, 0.015);
  EXPECT_NEAR(model.gains[kernels::band_is_red].gain, 2.0, 0.06);
  // The medians become equal: 0.10 = gain * 0.13 + offset.
  EXPECT_NEAR(model.gains[kernels::band_is_blue].gain * 0.13 + model.gains[kernels::band_is_blue].offset, 0.10, 5e-4);
  EXPECT_NEAR(model.gains[kernels::band_is_red].gain * 0.17 + model.gains[kernels::band_is_red].offset, 0.16, 1e-3);
  // What is left of the differences is the noise times the gain.
  EXPECT_NEAR(model.noise[kernels::channel_blue], 0.001, 1.5e-4);
  EXPECT_NEAR(model.noise[kernels::channel_red], 0.004, 4e-4);
  EXPECT_NEAR(model.noise[kernels::channel_contrast], std::hypot(0.001, 0.004), 5e-4);
  EXPECT_NEAR(model.typical_rise[kernels::cloud_blue], 0.03, 2e-3);
  EXPECT_NEAR(model.typical_rise[kernels::cloud_red], 0.01, 2e-3);
  EXPECT_NEAR(model.typical_rise[kernels::cloud_swir], 0.0, 1e-4);
}

TEST(Survey, KindsOfGroundHaveTheirOwnLevels) {
  SyntheticPair pair(size_px, size_px);
  const Texture texture(5);
  for (const Date date : both_dates) fill_ground(pair, date, texture);
  // A third of the scene has NDVI 0.6 before, and turns less red by 0.01.
  const auto is_green = [](double x, double) { return x < size_px / 3.0; };
  pair.fill(Date::before, Band::B08, [&](double x, double y) { return is_green(x, y) ? 0.8 : 0.17; });
  pair.fill(Date::before, Band::B04, [&](double x, double y) { return 0.16 + 0.020 * texture(x, y); });
  pair.fill(Date::after, Band::B04,
            [&](double x, double y) { return 0.16 + 0.020 * texture(x, y) - (is_green(x, y) ? 0.01 : 0.0); });
  const PairModel model = survey(pair);
  const float bare = model.grounds[0].typical[kernels::band_is_red];
  const float dense = model.grounds[3].typical[kernels::band_is_red];
  EXPECT_NEAR(bare - dense, 0.01, 1.5e-3);
  for (const GroundModel& ground : model.grounds) {
    for (std::size_t b = 0; b < kernels::evidence_band_count; ++b) {
      EXPECT_LT(ground.lowest[b], ground.typical[b]);
      EXPECT_GT(ground.highest[b], ground.typical[b]);
    }
  }
}

TEST(Survey, ChangeInTwoPercentOfTheSceneHardlyMovesTheModel) {
  SyntheticPair pair(size_px, size_px);
  const Texture texture(6);
  std::mt19937 random(6);
  for (const Date date : both_dates) {
    fill_ground(pair, date, texture);
    for (const Band band : {Band::B02, Band::B04}) add_noise(pair, date, band, 0.002, random);
  }
  const PairModel unchanged = survey(pair);
  pair.fill(Date::after, Band::B04, [&](double x, double y) {
    const bool changed = std::fmod(x, 80) < 12 && std::fmod(y, 80) < 12;  // 2 %
    return 0.16 + 0.020 * texture(x, y) + (changed ? 0.1 : 0.0);
  });
  add_noise(pair, Date::after, Band::B04, 0.002, random);
  const PairModel changed = survey(pair);
  EXPECT_NEAR(changed.gains[kernels::band_is_red].gain, unchanged.gains[kernels::band_is_red].gain, 0.1);
  EXPECT_LT(changed.noise[kernels::channel_red], 2 * unchanged.noise[kernels::channel_red]);
}

TEST(Survey, TwoWindowsOfOneSceneGiveWhatOneGives) {
  SyntheticPair pair(size_px, size_px);
  const Texture texture(9);
  std::mt19937 random(9);
  for (const Date date : both_dates) {
    fill_ground(pair, date, texture);
    for (const Band band : {Band::B02, Band::B04}) add_noise(pair, date, band, 0.002, random);
  }
  const SampleWindow halves[] = {{{0, 0, 128, size_px}, &pair}, {{128, 0, 128, size_px}, &pair}};
  const PairModel whole = survey(pair);
  const PairModel both = survey_pair(halves, pair.geometry, {});
  for (std::size_t b = 0; b < kernels::evidence_band_count; ++b) {
    EXPECT_EQ(both.gains[b].gain, whole.gains[b].gain);
    EXPECT_EQ(both.gains[b].offset, whole.gains[b].offset);
  }
  EXPECT_EQ(both.noise, whole.noise);
  EXPECT_EQ(both.median_evidence, whole.median_evidence);
}

TEST(Survey, NothingClearIsAnError) {
  SyntheticPair pair(size_px, size_px);  // all nodata
  EXPECT_THROW(survey(pair), DataError);
  const Texture texture(10);
  for (const Date date : both_dates) fill_ground(pair, date, texture);
  EXPECT_NO_THROW(survey(pair));
  for (int y = 0; y < size_px; ++y) {
    for (int x = 0; x < size_px; ++x) pair.dn(Date::before, Band::B02, x, y) = 0;
  }
  EXPECT_THROW(survey(pair), DataError);
  EXPECT_THROW(survey_pair({}, pair.geometry, {}), DataError);
}

TEST(Survey, MeasuresAndRemovesAShift) {
  SyntheticPair pair(size_px, size_px);
  const Texture texture(11);
  fill_ground(pair, Date::before, texture);
  const double dx = 1.4;
  const double dy = -2.2;
  pair.fill(Date::after, Band::B04, [&](double x, double y) { return 0.16 + 0.020 * texture(x - dx, y - dy); });
  const SampleWindow sample{all, &pair};
  const Alignment alignment = fit_alignment(measure_shifts(sample, pair.geometry, 40));
  EXPECT_NEAR(alignment.x.offset, dx, 0.1);
  EXPECT_NEAR(alignment.y.offset, dy, 0.1);
  const PairGeometry moved = aligned(pair.geometry, alignment);
  EXPECT_NEAR(moved.at(Date::after, Band::B04).x(100), 100 + dx, 0.1);
  EXPECT_NEAR(moved.at(Date::after, Band::B11).y(100), 0.5 * (100 + dy) - 0.25, 0.05);
  EXPECT_EQ(moved.at(Date::before, Band::B04).x(100), 100);
}

TEST(Aligned, ComposesWithTheBandsOwnMap) {
  SyntheticPair pair(64, 64);
  const Alignment alignment{{0.5, 0.01}, {-1.0, -0.02}, 1, 1, 0};
  const PairGeometry moved = aligned(pair.geometry, alignment);
  for (const Band band : {Band::B04, Band::B11}) {
    const BandPlace& original = pair.geometry.at(Date::after, band);
    const BandPlace& place = moved.at(Date::after, band);
    for (const double p : {0.0, 10.0, 63.0}) {
      EXPECT_NEAR(place.x(p), original.x(alignment.x(p)), 1e-9);
      EXPECT_NEAR(place.y(p), original.y(alignment.y(p)), 1e-9);
    }
  }
}

TEST(HalfEvidence, FollowsTheSceneMedian) {
  EvidenceOptions options;
  PairModel model;
  model.median_evidence = options.quiet_evidence;
  EXPECT_FLOAT_EQ(half_evidence(options, model), options.half_score);
  model.median_evidence = 0;
  EXPECT_FLOAT_EQ(half_evidence(options, model), options.half_score / 2);
  model.median_evidence = 3 * options.quiet_evidence;
  EXPECT_FLOAT_EQ(half_evidence(options, model), 2 * options.half_score);
}

}  // namespace
}  // namespace pitwatch
