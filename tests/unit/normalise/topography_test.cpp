#include "pipeline/normalise/topography.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

namespace pitwatch {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr double per_degree = std::numbers::pi / 180;

template <class Height>
Plane<float> terrain(int width, int height, Height height_m) {
  Plane<float> plane(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) plane.at(x, y) = static_cast<float>(height_m(x, y));
  }
  return plane;
}

Plane<float> lit(const Plane<float>& elevation, double pixel_size_m, const ViewAngles& sun) {
  Plane<float> result(elevation.width() - 2, elevation.height() - 2);
  illumination(elevation.view(), pixel_size_m, sun, result.view());
  return result;
}

TEST(Illumination, OfLevelGroundIsTheCosineOfTheSunsZenith) {
  const Plane<float> light = lit(terrain(5, 4, [](int, int) { return 1234.5; }), 10, {60, 150});
  for (int y = 0; y < light.height(); ++y) {
    for (int x = 0; x < light.width(); ++x) EXPECT_FLOAT_EQ(light.at(x, y), 0.5F);
  }
}

TEST(Illumination, OfAPlaneFollowsSlopeAndAspect) {
  // cos(i) = cos z cos s + sin z sin s cos(azimuth - aspect), the usual form, for slopes towards east and south.
  const double slope = std::atan(0.5);
  const auto expected = [&](double zenith, double azimuth, double aspect) {
    return std::cos(zenith * per_degree) * std::cos(slope) +
           std::sin(zenith * per_degree) * std::sin(slope) * std::cos((azimuth - aspect) * per_degree);
  };
  const Plane<float> to_east = terrain(6, 6, [](int x, int) { return -0.5 * 10 * x; });
  const Plane<float> to_south = terrain(6, 6, [](int, int y) { return -0.5 * 10 * y; });
  for (const ViewAngles sun : {ViewAngles{30, 90}, {30, 270}, {55, 160}, {70, 10}}) {
    EXPECT_NEAR(lit(to_east, 10, sun).at(2, 1), expected(sun.zenith, sun.azimuth, 90), 1e-6);
    EXPECT_NEAR(lit(to_south, 10, sun).at(2, 1), expected(sun.zenith, sun.azimuth, 180), 1e-6);
  }
  // Sun straight above the slope, and behind it.
  EXPECT_NEAR(lit(to_east, 10, {slope / per_degree, 90}).at(0, 0), 1, 1e-6);
  EXPECT_LT(lit(to_east, 10, {70, 270}).at(0, 0), 0);
}

TEST(Illumination, TakesSlopesFromEightNeighboursWithWeights121) {
  // One corner raised by 8 m, pixels of 1 m: slopes of 1 towards east and of 1 towards north; next to the corner, of 2.
  const ViewAngles sun{45, 90};
  const auto expected = [](double east, double north) {
    return (std::cos(45 * per_degree) - east * std::sin(45 * per_degree)) / std::sqrt(1 + east * east + north * north);
  };
  EXPECT_NEAR(lit(terrain(3, 3, [](int x, int y) { return x == 2 && y == 0 ? 8 : 0; }), 1, sun).at(0, 0),
              expected(1, 1), 1e-6);
  EXPECT_NEAR(lit(terrain(3, 3, [](int x, int y) { return x == 2 && y == 1 ? 8 : 0; }), 1, sun).at(0, 0),
              expected(2, 0), 1e-6);
}

TEST(Illumination, IsUnknownWhereAnElevationIs) {
  Plane<float> elevation = terrain(6, 5, [](int, int) { return 100; });
  elevation.at(1, 1) = nan;
  const Plane<float> light = lit(elevation, 10, {30, 100});
  for (int y = 0; y < light.height(); ++y) {
    for (int x = 0; x < light.width(); ++x) EXPECT_EQ(std::isnan(light.at(x, y)), x < 2 && y < 2) << x << ' ' << y;
  }
}

/// '#' for pixels in shadow.
std::vector<std::string> shadows(const Plane<float>& elevation, int margin, const ViewAngles& sun) {
  Plane<std::uint8_t> shadow(elevation.width() - 2 * margin, elevation.height() - 2 * margin);
  cast_shadow(elevation.view(), margin, 10, sun, shadow.view());
  std::vector<std::string> rows;
  for (int y = 0; y < shadow.height(); ++y) {
    rows.emplace_back();
    for (int x = 0; x < shadow.width(); ++x) rows.back() += shadow.at(x, y) != 0 ? '#' : '.';
  }
  return rows;
}

/// How many pixels north of a long wall, 100 m high and one pixel wide, are in its shadow.
std::ptrdiff_t shadow_of_wall(const ViewAngles& sun) {
  constexpr int margin = 60;
  const Plane<float> wall = terrain(121, 181, [](int, int y) { return y == margin + 30 ? 600 : 500; });
  Plane<std::uint8_t> shadow(1, 61);
  cast_shadow(wall.view(), margin, 10, sun, shadow.view());
  std::ptrdiff_t dark = 0;
  for (int y = 0; y < 30; ++y) dark += shadow.at(0, y);
  // All of them side by side, up to the wall.
  for (int y = 30 - static_cast<int>(dark); y < 30; ++y) EXPECT_EQ(shadow.at(0, y), 1) << y;
  return dark;
}

TEST(CastShadow, OfAWallIsAsLongAsTheSunIsLow) {
  // Length 100 m / tan(height of the sun) along the sun's azimuth, of which cos(azimuth - 180) lies across the wall.
  EXPECT_EQ(shadow_of_wall({60, 180}), 17);  // 173.2 m
  EXPECT_EQ(shadow_of_wall({45.1, 180}), 10);
  EXPECT_EQ(shadow_of_wall({20, 180}), 3);   // 36.4 m
  EXPECT_EQ(shadow_of_wall({60, 225}), 12);  // 122.5 m
  EXPECT_EQ(shadow_of_wall({60, 160}), 16);  // 162.8 m
  EXPECT_EQ(shadow_of_wall({60, 200}), 16);
  EXPECT_EQ(shadow_of_wall({60, 0}), 0);  // the sun shines on this side
  EXPECT_EQ(shadow_of_wall({0, 180}), 0);
}

TEST(CastShadow, FallsAwayFromTheSun) {
  // A tower of 25 m in the middle of level ground; its shadow is 43 m long.
  const Plane<float> tower = terrain(25, 25, [](int x, int y) { return x == 12 && y == 12 ? 25 : 0; });
  EXPECT_EQ(shadows(tower, 8, {60, 90}),
            (std::vector<std::string>{".........", ".........", ".........", ".........", "####.....", ".........",
                                      ".........", ".........", "........."}));
  EXPECT_EQ(shadows(tower, 8, {60, 135}),
            (std::vector<std::string>{".........", ".#.......", "..#......", "...#.....", ".........", ".........",
                                      ".........", ".........", "........."}));
  EXPECT_EQ(shadows(tower, 8, {60, 360}),
            (std::vector<std::string>{".........", ".........", ".........", ".........", ".........", "....#....",
                                      "....#....", "....#....", "....#...."}));
}

TEST(CastShadow, ComesFromTheMarginAndFromNowhereElse) {
  // Of a wall of 40 m, 69 m long: pixels 6 to 11 of the raster, with the wall in column 12.
  const auto wall = [](int at) { return terrain(21, 9, [at](int x, int) { return x == at ? 40 : 0; }); };
  EXPECT_EQ(shadows(wall(12), 4, {60, 90})[0], "..######.....");
  EXPECT_EQ(shadows(wall(18), 4, {60, 90})[0], "........#####");
  EXPECT_EQ(shadows(wall(20), 2, {60, 90})[0], "............#####");
}

TEST(CastShadow, UnknownGroundCastsNoneAndLiesInNone) {
  Plane<float> tower = terrain(13, 5, [](int x, int) { return x == 9 ? 100 : 0; });
  for (int y = 0; y < 5; ++y) tower.at(5, y) = nan;
  EXPECT_EQ(shadows(tower, 2, {60, 90})[0], "###.###..");
  for (int y = 0; y < 5; ++y) tower.at(9, y) = nan;
  EXPECT_EQ(shadows(tower, 2, {60, 90})[0], ".........");
}

/// Similar ground in hills: reflectance = 0.05 + 0.2 * cos(i), so that C is 0.25.
struct Hills {
  std::vector<float> light, value;
  Hills() {
    for (int i = 0; i < 400; ++i) {
      light.push_back(0.2F + 0.002F * static_cast<float>(i));
      value.push_back(0.05F + 0.2F * light.back());
    }
  }
};

TEST(FitIllumination, FindsTheLine) {
  Hills hills;
  hills.light.push_back(-0.3F);  // faces away: dark, and on no line
  hills.value.push_back(0.5F);
  hills.light.push_back(nan);
  hills.value.push_back(0.5F);
  hills.light.push_back(0.5F);
  hills.value.push_back(nan);
  const auto fit = fit_illumination(hills.value, hills.light);
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->slope, 0.2, 1e-6);
  EXPECT_NEAR(fit->intercept, 0.05, 1e-6);
  EXPECT_NEAR(fit->c(), 0.25, 1e-5);
  EXPECT_NEAR(fit->correlation, 1, 1e-6);
  EXPECT_EQ(fit->pixels, 400U);
}

TEST(FitIllumination, IsNothingWithoutSlopesLightOrPixels) {
  Hills hills;
  EXPECT_FALSE(fit_illumination(std::span(hills.value).first(min_lit_pixels - 1),
                                std::span(hills.light).first(min_lit_pixels - 1)));
  EXPECT_FALSE(fit_illumination(hills.value, std::vector<float>(hills.value.size(), 0.7F)));
  std::vector<float> darker_in_the_sun;
  for (const float light : hills.light) darker_in_the_sun.push_back(0.4F - 0.1F * light);
  EXPECT_FALSE(fit_illumination(darker_in_the_sun, hills.light));
}

TEST(FitIllumination, HasNoNegativeC) {
  Hills hills;
  for (float& value : hills.value) value -= 0.08F;
  const auto fit = fit_illumination(hills.value, hills.light);
  ASSERT_TRUE(fit);
  EXPECT_LT(fit->intercept, 0);
  EXPECT_EQ(fit->c(), 0);
}

TEST(CorrectIllumination, MakesSimilarGroundAlikeOnAllSlopes) {
  const Hills hills;
  const auto fit = fit_illumination(hills.value, hills.light);
  ASSERT_TRUE(fit);
  const int n = static_cast<int>(hills.light.size());
  Plane<float> light(n, 1), value(n, 1);
  std::copy(hills.light.begin(), hills.light.end(), light.row(0));
  std::copy(hills.value.begin(), hills.value.end(), value.row(0));
  correct_illumination(value.view(), light.view(), 40, fit->c());
  for (int x = 0; x < n; ++x) EXPECT_NEAR(value.at(x, 0), 0.05 + 0.2 * std::cos(40 * per_degree), 1e-5);
}

TEST(CorrectIllumination, IsHeldWithinBoundsAndLeavesShadowAlone) {
  const std::vector<float> light{0.0001F, 0.0F, -0.5F, nan, 1.0F};
  Plane<float> lights(5, 1), value(5, 1);
  std::copy(light.begin(), light.end(), lights.row(0));
  std::fill_n(value.row(0), 5, 0.1F);
  correct_illumination(value.view(), lights.view(), 80, 0);
  EXPECT_FLOAT_EQ(value.at(0, 0), 0.3F);
  EXPECT_EQ(value.at(1, 0), 0.1F);
  EXPECT_EQ(value.at(2, 0), 0.1F);
  EXPECT_EQ(value.at(3, 0), 0.1F);
  EXPECT_FLOAT_EQ(value.at(4, 0), 0.1F / 3);  // cos 80 degrees is 0.17
}

}  // namespace
}  // namespace pitwatch
