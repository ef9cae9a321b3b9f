#include "pipeline/simulate/scene.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace pitwatch {
namespace {

constexpr int side = 120;

class Scene : public testing::Test {
 protected:
  Scene() : site_("test", 5, {"EPSG:32638", {637200, 4446000}, 10, side, side}, 46.6, 40.15, {side / 2.0, side / 2.0}) {
    site_.ground.window(site_.grid.extent().grown(render_halo_px), ground_);
    acquisition_.seed = 77;
    acquisition_.sensed = parse_instant("2022-07-10T07:44:00Z");
    acquisition_.baseline = "04.00";
    acquisition_.boa_add_offset = -1000;
    acquisition_.gain.fill(1);
  }

  GranulePixels render(const Acquisition& acquisition) {
    GranulePixels pixels(site_.grid, surface_bands);
    SceneRenderer(site_, acquisition).render(ground_, site_.grid.extent(), pixels);
    return pixels;
  }

  template <typename T>
  static void expect_same(const Plane<T>& a, const Plane<T>& b) {
    ASSERT_EQ(a.width(), b.width());
    for (int y = 0; y < a.height(); ++y) ASSERT_TRUE(std::equal(a.row(y), a.row(y) + a.width(), b.row(y))) << y;
  }

  static double mean(const Plane<std::uint16_t>& plane) {
    double sum = 0;
    for (int y = 0; y < plane.height(); ++y) {
      for (int x = 0; x < plane.width(); ++x) sum += plane.at(x, y);
    }
    return sum / plane.width() / plane.height();
  }

  SimulatedSite site_;
  GroundPixels ground_;
  Acquisition acquisition_;
};

TEST_F(Scene, TilesFitTogether) {
  acquisition_.weather = {CloudKind::cumulus, 0.3F, 0.2F};
  acquisition_.shift_x_px = 0.37F;
  acquisition_.shift_y_px = -0.21F;
  acquisition_.haze = 0.02F;
  acquisition_.edges.push_back({0.97F, 0.24F, 100});
  const GranulePixels whole = render(acquisition_);
  GranulePixels tiled(site_.grid, surface_bands);
  const SceneRenderer renderer(site_, acquisition_);
  for (const Window& tile : {Window{0, 0, 48, 66}, {48, 0, 72, 66}, {0, 66, 90, 54}, {90, 66, 30, 54}}) {
    GroundPixels ground;
    site_.ground.window(tile.grown(render_halo_px), ground);
    renderer.render(ground, tile, tiled);
  }
  for (std::size_t band = 0; band < surface_band_count; ++band) expect_same(whole.bands[band], tiled.bands[band]);
  expect_same(whole.scl, tiled.scl);
  expect_same(whole.cloud_probability, tiled.cloud_probability);
  expect_same(whole.snow_probability, tiled.snow_probability);
}

TEST_F(Scene, OffsetMovesTheNumbersAlone) {
  const GranulePixels after = render(acquisition_);
  Acquisition before = acquisition_;
  before.boa_add_offset = 0;
  const GranulePixels without = render(before);
  for (std::size_t band = 0; band < surface_band_count; ++band) {
    for (int y = 0; y < after.bands[band].height(); ++y) {
      for (int x = 0; x < after.bands[band].width(); ++x) {
        if (without.bands[band].at(x, y) > 1) {
          ASSERT_EQ(after.bands[band].at(x, y), without.bands[band].at(x, y) + 1000);
        }
      }
    }
  }
}

TEST_F(Scene, NothingBeyondTheSwath) {
  acquisition_.edges.push_back({1, 0, 59});  // columns from 60 on
  const GranulePixels pixels = render(acquisition_);
  EXPECT_EQ(pixels.bands[1].at(60, 5), 0);
  EXPECT_NE(pixels.bands[1].at(59, 5), 0);
  EXPECT_EQ(pixels.bands[10].at(30, 5), 0);  // 20 m
  EXPECT_NE(pixels.bands[10].at(29, 5), 0);
  EXPECT_EQ(pixels.scl.at(30, 5), 0);
  EXPECT_NE(pixels.scl.at(29, 5), 0);
  EXPECT_NEAR(quality_of(std::as_const(pixels.scl).view()).nodata, 50, 1);
}

TEST_F(Scene, OvercastIsBrightAndClassifiedAsCloud) {
  const double clear = mean(render(acquisition_).bands[1]);
  acquisition_.weather = {CloudKind::overcast, 1.0F, 0.0F};
  const GranulePixels pixels = render(acquisition_);
  EXPECT_GT(mean(pixels.bands[1]), clear + 3000);
  EXPECT_GT(quality_of(std::as_const(pixels.scl).view()).cloud, 95);
  Plane<float> hidden(side, side);
  SceneRenderer(site_, acquisition_).hidden(site_.grid.extent(), hidden.view());
  EXPECT_GT(hidden.at(side / 2, side / 2), 0.9F);
}

TEST_F(Scene, SlopesThatFaceNorthAreDarkInAutumn) {
  acquisition_.sensed = parse_instant("2022-11-10T07:44:00Z");
  const GranulePixels pixels = render(acquisition_);
  const Plane<float>& elevation = ground_.terrain.elevation;
  double sum[2]{};
  int count[2]{};
  for (int y = 1; y < side - 1; ++y) {
    for (int x = 0; x < side; ++x) {
      // Metres that the ground rises to the south, over 20 m.
      const float rise = elevation.at(x + render_halo_px, y + 1 + render_halo_px) -
                         elevation.at(x + render_halo_px, y - 1 + render_halo_px);
      if (std::abs(rise) < 4) continue;
      const int faces_north = rise > 0 ? 1 : 0;
      sum[faces_north] += pixels.bands[7].at(x, y) - 1000;
      ++count[faces_north];
    }
  }
  ASSERT_GT(count[0], 100);
  ASSERT_GT(count[1], 100);
  EXPECT_LT(sum[1] / count[1], 0.8 * sum[0] / count[0]);
}

TEST_F(Scene, BandsThatAreNotWantedAreNotThere) {
  const std::array<Band, 2> wanted{Band::B04, Band::B11};
  GranulePixels few(site_.grid, wanted);
  SceneRenderer(site_, acquisition_).render(ground_, site_.grid.extent(), few);
  const GranulePixels all = render(acquisition_);
  EXPECT_EQ(few.bands[1].width(), 0);
  expect_same(few.bands[3], all.bands[3]);
  expect_same(few.bands[10], all.bands[10]);
  expect_same(few.scl, all.scl);
}

}  // namespace
}  // namespace pitwatch
