#include "pipeline/evidence/surroundings.hpp"

#include <gtest/gtest.h>

#include "tests/unit/evidence/test_support.hpp"

namespace pitwatch {
namespace {

using kernels::band_is_blue;
using kernels::band_is_red;
using test::SyntheticPair;

constexpr int size_px = 320;  // 20 x 20 cells
constexpr Window all_cells{0, 0, 20, 20};

/// Ground of NDVI 0.1 in the left half and of 0.6 in the right one, the same on both dates; differences are clipped
/// at 0.05.
struct SurroundingsTest : testing::Test {
  SurroundingsTest() : pair(size_px, size_px) {
    for (const Date date : both_dates) {
      pair.fill(date, Band::B02, [](double, double) { return 0.05; });
      pair.fill(date, Band::B04, [](double, double) { return 0.09; });
      pair.fill(date, Band::B08, [](double x, double) { return is_green(x) ? 0.36 : 0.11; });
      pair.fill(date, Band::B11, [](double, double) { return 0.2; });
    }
    for (GroundModel& ground : model.grounds) {
      ground.lowest = {-0.05F, -0.05F};
      ground.highest = {0.05F, 0.05F};
    }
  }
  static bool is_green(double x) { return x >= size_px / 2; }

  /// Adds to a band of the AFTER date where the predicate holds.
  template <class Where>
  void change(Band band, double by, Where where) {
    const double level = band == Band::B02 ? 0.05 : band == Band::B04 ? 0.09 : 0.2;
    pair.fill(Date::after, band, [&](double x, double y) { return level + (where(x, y) ? by : 0.0); });
  }
  void measure() { surroundings.measure(pair, pair.geometry, options, model, all_cells); }
  float mean(std::size_t ground, std::size_t band, int cell_x, int y) {
    surroundings.row(y, centres);
    return centres[ground][band][static_cast<std::size_t>(cell_x)];
  }

  SyntheticPair pair;
  EvidenceOptions options;
  PairModel model;
  Surroundings surroundings;
  std::array<kernels::PerBand<std::vector<float>>, kernels::ground_count> centres;
};

TEST_F(SurroundingsTest, NothingChangedIsNoDifference) {
  measure();
  for (std::size_t ground = 0; ground < kernels::ground_count; ++ground) {
    EXPECT_EQ(mean(ground, band_is_blue, 10, 160), 0.0F);
    EXPECT_EQ(mean(ground, band_is_red, 10, 160), 0.0F);
  }
  EXPECT_FALSE(surroundings.cloudy(10, 10));
}

TEST_F(SurroundingsTest, TheShiftOfAKindOfGroundIsReturnedForThatKind) {
  change(Band::B04, 0.02, [](double x, double) { return is_green(x); });
  change(Band::B02, -0.01, [](double x, double) { return !is_green(x); });
  measure();
  // Both kinds meet at cell 10. The prior of 20 pixels, 5 of the sampled ones, pulls a little: 25 cells hold 1600.
  EXPECT_NEAR(mean(3, band_is_red, 15, 160), 0.02 * 1600 / 1605, 1e-6);
  EXPECT_NEAR(mean(0, band_is_blue, 5, 160), -0.01 * 1600 / 1605, 1e-6);
  EXPECT_NEAR(mean(3, band_is_red, 10, 160), 0.02 * 960 / 965, 1e-6);  // three of the five columns of cells
  EXPECT_NEAR(mean(0, band_is_red, 10, 160), 0, 1e-6);
  EXPECT_NEAR(mean(3, band_is_blue, 10, 160), 0, 1e-6);
  EXPECT_EQ(mean(1, band_is_red, 10, 160), 0.0F);  // a kind that is not there: the scene's value
}

TEST_F(SurroundingsTest, WhereAKindIsRareTheScenesValueCounts) {
  model.grounds[1].typical = {0.25F, -0.125F};
  measure();
  EXPECT_EQ(mean(1, band_is_blue, 3, 100), 0.25F);
  EXPECT_EQ(mean(1, band_is_red, 3, 100), -0.125F);
}

TEST_F(SurroundingsTest, TheGainIsApplied) {
  model.gains[band_is_red] = {2.0F, -0.08F};  // 0.09 -> 0.10
  measure();
  EXPECT_NEAR(mean(0, band_is_red, 5, 160), 0.01 * 1600 / 1605, 1e-6);
}

TEST_F(SurroundingsTest, AnIsolatedChangeHardlyMovesThem) {
  change(Band::B04, 0.3, [](double x, double y) { return x >= 64 && x < 80 && y >= 64 && y < 80; });
  measure();
  EXPECT_NEAR(mean(0, band_is_red, 4, 72), 0.05 / 25, 1e-4);  // clipped
  EXPECT_EQ(mean(0, band_is_red, 7, 72), 0.0F);               // beyond two cells: not at all
}

TEST_F(SurroundingsTest, RowsAreInterpolatedBetweenCentresOfCells) {
  change(Band::B04, 0.02, [](double, double y) { return y >= 160; });
  measure();
  const float below = mean(0, band_is_red, 5, 200);  // three and a half cells into the change
  EXPECT_NEAR(below, 0.02, 2e-4);
  EXPECT_EQ(mean(0, band_is_red, 5, 100), 0.0F);
  for (int y = 100; y < 200; ++y) EXPECT_LE(mean(0, band_is_red, 5, y), mean(0, band_is_red, 5, y + 1)) << y;
  EXPECT_NEAR((mean(0, band_is_red, 5, 159) + mean(0, band_is_red, 5, 160)) / 2, below / 2, 1e-6);
}

TEST_F(SurroundingsTest, MaskedPixelsDoNotCount) {
  change(Band::B04, 0.02, [](double, double) { return true; });
  for (int y = 0; y < size_px; ++y) {
    for (int x = 0; x < size_px; x += 2) pair.dn(Date::after, Band::B02, x, y) = 0;
  }
  measure();
  EXPECT_NEAR(mean(0, band_is_red, 5, 160), 0.02 * 800 / 805, 1e-6);
  EXPECT_NEAR(mean(0, band_is_blue, 5, 160), 0, 1e-6);
}

TEST_F(SurroundingsTest, DoNotDependOnTheWindow) {
  change(Band::B04, 0.02, [](double x, double y) { return std::fmod(x * 7 + y * 13, 29) < 9; });
  measure();
  Surroundings part;
  part.measure(pair, pair.geometry, options, model, {6, 8, 4, 3});
  auto of_part = centres;
  for (int y = 8 * 16 + 8; y < 10 * 16 + 8; ++y) {
    surroundings.row(y, centres);
    part.row(y, of_part);
    for (std::size_t x = 0; x < 4; ++x) {
      EXPECT_EQ(of_part[0][band_is_red][x], centres[0][band_is_red][x + 6]);
      EXPECT_EQ(of_part[3][band_is_red][x], centres[3][band_is_red][x + 6]);
    }
  }
}

struct CloudTest : SurroundingsTest {
  void brighten(double blue, double red, double swir) {
    const auto where = [](double x, double y) { return x >= 96 && x < 160 && y >= 96 && y < 160; };  // 4 x 4 cells
    change(Band::B02, blue, where);
    change(Band::B04, red, where);
    change(Band::B11, swir, where);
  }
};

TEST_F(CloudTest, WhiteBrighteningIsCloud) {
  brighten(0.2, 0.2, 0.2);
  measure();
  EXPECT_TRUE(surroundings.cloudy(7, 7));
  EXPECT_TRUE(surroundings.cloudy(4, 7));   // two cells around belong to it
  EXPECT_FALSE(surroundings.cloudy(2, 7));  // smoothing may add one more, and then it ends
  EXPECT_FALSE(surroundings.cloudy(13, 7));
  EXPECT_FALSE(surroundings.cloudy(7, 13));
}

TEST_F(CloudTest, SoilHazeOverWaterAndFaintBrighteningAreNot) {
  brighten(0.06, 0.12, 0.12);  // soil: redder
  measure();
  EXPECT_FALSE(surroundings.cloudy(7, 7));
  brighten(0.2, 0.2, 0.05);  // no short-wave infrared
  measure();
  EXPECT_FALSE(surroundings.cloudy(7, 7));
  brighten(0.04, 0.04, 0.04);  // faint
  measure();
  EXPECT_FALSE(surroundings.cloudy(7, 7));
}

TEST_F(CloudTest, CloudOnTheFirstDateCountsAsWell) {
  for (const Band band : {Band::B02, Band::B04, Band::B11}) {
    pair.fill(Date::before, band, [](double x, double y) { return x >= 96 && x < 160 && y < 64 ? 0.4 : 0.1; });
    pair.fill(Date::after, band, [](double, double) { return 0.1; });
  }
  measure();
  EXPECT_TRUE(surroundings.cloudy(7, 1));
  EXPECT_FALSE(surroundings.cloudy(7, 15));
}

TEST_F(CloudTest, TheScenesOwnBrighteningIsNot) {
  for (const Band band : {Band::B02, Band::B04, Band::B11}) change(band, 0.1, [](double, double) { return true; });
  measure();
  EXPECT_TRUE(surroundings.cloudy(7, 7));
  model.typical_rise = {0.1F, 0.1F, 0.1F};
  measure();
  EXPECT_FALSE(surroundings.cloudy(7, 7));
}

}  // namespace
}  // namespace pitwatch
