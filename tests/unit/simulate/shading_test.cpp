#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "pipeline/core/error.hpp"
#include "pipeline/simulate/shading.hpp"

namespace pitwatch {
namespace {

constexpr int site_px = 300;

const Terrain& mountains() {
  static const Terrain terrain({.seed = 2, .grid = {"EPSG:32638", {500000, 4450000}, 10, site_px, site_px}});
  return terrain;
}

/// Ground that rises by so many metres per metre, with the border that Shading wants.
Plane<float> slope(const Window& window, float to_east, float to_south, float base) {
  Plane<float> plane(window.width + 2, window.height + 2);
  for (int y = 0; y < plane.height(); ++y) {
    for (int x = 0; x < plane.width(); ++x) {
      plane.at(x, y) = base + 10 * (to_east * static_cast<float>(x) + to_south * static_cast<float>(y));
    }
  }
  return plane;
}

ShadingPixels shaded(const ViewAngles& sun, const Window& window) {
  Plane<float> elevation(window.width + 2, window.height + 2);
  mountains().elevation(window.grown(1), elevation.view());
  ShadingPixels pixels;
  Shading(mountains(), sun).window(window, elevation.view(), pixels);
  return pixels;
}

TEST(SimulateShading, IncidenceOnASlope) {
  const Window window{50, 60, 5, 4};
  const ViewAngles sun{.zenith = 60, .azimuth = 90};
  const Shading shading(mountains(), sun);
  ShadingPixels pixels;
  shading.window(window, slope(window, 0, 0, 5000).view(), pixels);
  EXPECT_NEAR(pixels.direct.at(2, 2), 1, 1e-5);
  EXPECT_NEAR(pixels.sky_view.at(2, 2), 1, 1e-5);
  // Falls to the east by 30 degrees: the sun, 60 degrees from the zenith in the east, is 30 degrees off the normal.
  const auto fall = static_cast<float>(std::tan(std::numbers::pi / 6));
  shading.window(window, slope(window, -fall, 0, 5000).view(), pixels);
  EXPECT_NEAR(pixels.direct.at(2, 2), std::cos(std::numbers::pi / 6) / 0.5, 1e-4);
  EXPECT_NEAR(pixels.sky_view.at(2, 2), (1 + std::cos(std::numbers::pi / 6)) / 2, 1e-4);
  // Falls to the west by 45 degrees: turned away.
  shading.window(window, slope(window, 1, 0, 5000).view(), pixels);
  EXPECT_EQ(pixels.direct.at(2, 2), 0);
  // Falls to the south: the sun is beside it.
  shading.window(window, slope(window, 0, -fall, 5000).view(), pixels);
  EXPECT_NEAR(pixels.direct.at(2, 2), std::cos(std::numbers::pi / 6), 1e-4);
}

TEST(SimulateShading, HighGroundIsLitAndDeepGroundIsNot) {
  const Window window{100, 100, 40, 40};
  const Shading shading(mountains(), {.zenith = 65, .azimuth = 160});
  ShadingPixels pixels;
  shading.window(window, slope(window, 0, 0, 5000).view(), pixels);
  EXPECT_EQ(pixels.beam.at(20, 20), 1);
  shading.window(window, slope(window, 0, 0, -500).view(), pixels);
  EXPECT_EQ(pixels.beam.at(20, 20), 0);
  EXPECT_LT(pixels.sky_view.at(20, 20), 0.7);
}

// Against marching through the elevations at 10 m, one pixel at a time.
TEST(SimulateShading, ShadowsAreWhereTerrainHidesTheSun) {
  for (const ViewAngles sun :
       {ViewAngles{65, 160}, ViewAngles{65, 200}, ViewAngles{70, 100}, ViewAngles{60, 275}, ViewAngles{62, 10}}) {
    SCOPED_TRACE(sun.azimuth);
    const Window window{40, 40, 220, 220};
    const ShadingPixels pixels = shaded(sun, window);
    constexpr int around = 150;
    const Window far = window.grown(around);
    Plane<float> elevation(far.width, far.height);
    mountains().elevation(far, elevation.view());
    const double per_degree = std::numbers::pi / 180;
    const double east = std::sin(sun.azimuth * per_degree);
    const double south = -std::cos(sun.azimuth * per_degree);
    const double rise = 10 / std::tan(sun.zenith * per_degree);
    int dark = 0;
    int differ = 0;
    int judged = 0;
    for (int y = 0; y < window.height; y += 3) {
      for (int x = 0; x < window.width; x += 3) {
        double above_ray = -1e9;  // of the terrain, at most
        for (int step = 2; step < around; ++step) {
          const int px = around + x + static_cast<int>(std::lround(step * east));
          const int py = around + y + static_cast<int>(std::lround(step * south));
          above_ray = std::max(above_ray, elevation.at(px, py) - elevation.at(around + x, around + y) - step * rise);
        }
        dark += above_ray > 0 ? 1 : 0;
        if (std::fabs(above_ray) < 10) continue;  // near an edge
        ++judged;
        differ += (above_ray > 0) != (pixels.beam.at(x, y) < 0.5F) ? 1 : 0;
      }
    }
    EXPECT_GT(dark, 50);
    EXPECT_GT(judged, 1000);
    EXPECT_LT(differ, judged / 50);
  }
}

TEST(SimulateShading, NothingIsInShadowUnderAHighSun) {
  const ShadingPixels pixels = shaded({.zenith = 5, .azimuth = 180}, {0, 0, site_px, site_px});
  float least = 1;
  for (int y = 0; y < site_px; ++y) {
    for (int x = 0; x < site_px; ++x) least = std::min(least, pixels.beam.at(x, y));
  }
  EXPECT_EQ(least, 1);
}

TEST(SimulateShading, WindowsFitTogether) {
  const ViewAngles sun{.zenith = 65, .azimuth = 160};
  const ShadingPixels whole = shaded(sun, {0, 0, 200, 200});
  const Window part{33, 71, 50, 40};
  const ShadingPixels piece = shaded(sun, part);
  for (int y = 0; y < part.height; ++y) {
    for (int x = 0; x < part.width; ++x) {
      ASSERT_EQ(piece.direct.at(x, y), whole.direct.at(part.x + x, part.y + y));
      ASSERT_EQ(piece.beam.at(x, y), whole.beam.at(part.x + x, part.y + y));
      ASSERT_EQ(piece.sky_view.at(x, y), whole.sky_view.at(part.x + x, part.y + y));
    }
  }
}

TEST(SimulateShading, RefusesASunAtTheHorizon) {
  EXPECT_THROW(Shading(mountains(), {.zenith = 89.5, .azimuth = 100}), ConfigError);
}

}  // namespace
}  // namespace pitwatch
