#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "pipeline/simulate/clouds.hpp"

namespace pitwatch {
namespace {

const ViewAngles noon{.zenith = 45, .azimuth = 180};

Grid region() { return {"EPSG:32638", {500000, 4450000}, 10, 3000, 3000}; }

CloudPixels pixels_of(const Clouds& clouds, const Window& window) {
  CloudPixels pixels;
  clouds.window(window, pixels);
  return pixels;
}

struct Cover {
  double opaque = 0;
  double opacity = 0;
  double shadow = 0;
};

/// Over windows spread over the region.
Cover cover_of(const Clouds& clouds) {
  Cover cover;
  double count = 0;
  for (int y = 0; y < 3000; y += 100) {
    const CloudPixels pixels = pixels_of(clouds, {0, y, 3000, 2});
    for (int x = 0; x < 3000; ++x) {
      cover.opaque += pixels.opacity.at(x, 0) > 0.5F ? 1 : 0;
      cover.opacity += pixels.opacity.at(x, 0);
      cover.shadow += pixels.shadow.at(x, 0);
      ++count;
    }
  }
  return {cover.opaque / count, cover.opacity / count, cover.shadow / count};
}

TEST(SimulateClouds, CoverIsNearTheOneWanted) {
  for (const CloudWeather& weather :
       {CloudWeather{CloudKind::clear, 0.04F, 0}, CloudWeather{CloudKind::cumulus, 0.15F, 0},
        CloudWeather{CloudKind::cumulus, 0.45F, 0}, CloudWeather{CloudKind::stratocumulus, 0.7F, 0},
        CloudWeather{CloudKind::overcast, 0.95F, 0}}) {
    for (const std::uint32_t seed : {1U, 2U, 3U}) {
      SCOPED_TRACE(weather.cover);
      const Cover cover = cover_of(Clouds(region(), seed, weather, noon));
      EXPECT_NEAR(cover.opaque, weather.cover, 0.03);
      EXPECT_NEAR(cover.opacity, weather.cover, 0.05);
      EXPECT_NEAR(cover.shadow, weather.cover, 0.1);  // of clouds that are partly beyond the region
    }
  }
}

TEST(SimulateClouds, NoCloudsAndNothingButClouds) {
  const CloudPixels none = pixels_of(Clouds(region(), 1, {}, noon), {0, 0, 50, 50});
  const CloudPixels full = pixels_of(Clouds(region(), 1, {CloudKind::overcast, 1, 0}, noon), {0, 0, 50, 50});
  for (int y = 0; y < 50; ++y) {
    for (int x = 0; x < 50; ++x) {
      ASSERT_EQ(none.opacity.at(x, y), 0);
      ASSERT_EQ(none.shadow.at(x, y), 0);
      ASSERT_EQ(none.cirrus.at(x, y), 0);
      ASSERT_GT(full.opacity.at(x, y), 0.99F);
      ASSERT_GT(full.shadow.at(x, y), 0.99F);
      ASSERT_GE(full.brightness.at(x, y), 0.5F);
      ASSERT_LE(full.brightness.at(x, y), 1.0F);
    }
  }
}

TEST(SimulateClouds, WindowsFitTogether) {
  const Clouds clouds(region(), 9, {CloudKind::cumulus, 0.5F, 0.4F}, {50, 140});
  const Window all{-100, -60, 300, 250};
  const CloudPixels whole = pixels_of(clouds, all);
  for (const Window& part : {Window{-100, -60, 1, 1}, Window{-33, -7, 61, 47}, Window{101, 90, 99, 100}}) {
    const CloudPixels piece = pixels_of(clouds, part);
    for (int y = 0; y < part.height; ++y) {
      for (int x = 0; x < part.width; ++x) {
        const int wx = part.x + x - all.x;
        const int wy = part.y + y - all.y;
        ASSERT_EQ(piece.opacity.at(x, y), whole.opacity.at(wx, wy));
        ASSERT_EQ(piece.brightness.at(x, y), whole.brightness.at(wx, wy));
        ASSERT_EQ(piece.cirrus.at(x, y), whole.cirrus.at(wx, wy));
        ASSERT_EQ(piece.shadow.at(x, y), whole.shadow.at(wx, wy));
      }
    }
  }
}

TEST(SimulateClouds, ShadowsLieAwayFromTheSun) {
  const Clouds south(region(), 3, {CloudKind::cumulus, 0.3F, 0}, noon);
  EXPECT_EQ(south.to_cloud().x, 0);
  EXPECT_NEAR(south.to_cloud().y, south.base_m() / 10, 1);
  const Clouds east(region(), 3, {CloudKind::cumulus, 0.3F, 0}, {45, 90});
  EXPECT_NEAR(east.to_cloud().x, east.base_m() / 10, 1);
  EXPECT_EQ(east.to_cloud().y, 0);

  const Clouds clouds(region(), 3, {CloudKind::cumulus, 0.3F, 0}, {55, 150});
  const Window window{500, 500, 400, 400};
  const CloudPixels ground = pixels_of(clouds, window);
  const CloudPixels above =
      pixels_of(clouds, {window.x + clouds.to_cloud().x, window.y + clouds.to_cloud().y, window.width, window.height});
  double differ = 0;
  for (int y = 0; y < window.height; ++y) {
    for (int x = 0; x < window.width; ++x) {
      differ += std::fabs(ground.shadow.at(x, y) - above.opacity.at(x, y)) / (400.0 * 400.0);
    }
  }
  EXPECT_LT(differ, 0.05);
}

TEST(SimulateClouds, FlanksTowardsTheSunAreBrighter) {
  // Seen along the sun's direction, brightness falls behind where the cloud begins: its rim towards the sun is brighter
  // than the one away from it.
  const Clouds clouds(region(), 4, {CloudKind::cumulus, 0.4F, 0}, noon);
  const CloudPixels pixels = pixels_of(clouds, {0, 0, 1000, 1000});
  double sunward = 0;
  double leeward = 0;
  int rims = 0;
  for (int y = 4; y + 4 < 1000; ++y) {
    for (int x = 0; x < 1000; ++x) {
      if (pixels.opacity.at(x, y) < 0.5F) continue;
      if (pixels.opacity.at(x, y + 4) < 0.1F) {
        sunward += pixels.brightness.at(x, y);
        ++rims;
      } else if (pixels.opacity.at(x, y - 4) < 0.1F) {
        leeward += pixels.brightness.at(x, y);
        --rims;
      }
    }
  }
  EXPECT_GT(sunward, leeward * 1.05 + rims * 0.7);
}

TEST(SimulateClouds, CirrusIsNoDenserThanAskedFor) {
  float most = 0;
  double mean = 0;
  for (const std::uint32_t seed : {1U, 2U, 3U, 4U}) {
    const Clouds clouds(region(), seed, {CloudKind::clear, 0, 0.3F}, noon);
    for (int y = 0; y < 3000; y += 100) {
      const CloudPixels pixels = pixels_of(clouds, {0, y, 3000, 1});
      for (int x = 0; x < 3000; ++x) {
        ASSERT_GE(pixels.cirrus.at(x, 0), 0.0F);
        ASSERT_EQ(pixels.opacity.at(x, 0), 0);
        most = std::max(most, pixels.cirrus.at(x, 0));
        mean += pixels.cirrus.at(x, 0) / (4 * 30 * 3000.0);
      }
    }
  }
  EXPECT_LE(most, 0.3F);
  EXPECT_GT(most, 0.25F);
  EXPECT_GT(mean, 0.05);
  EXPECT_LT(mean, 0.2);
}

struct Shares {
  double clear = 0;
  double overcast = 0;
};

Shares shares_in(int first_month, int last_month) {
  Shares shares;
  double count = 0;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    for (int month = first_month; month <= last_month; ++month) {
      for (int day = 1; day <= 28; day += 3) {
        const std::string text = "2021-" + std::string(month < 10 ? "0" : "") + std::to_string(month) +
                                 (day < 10 ? "-0" : "-") + std::to_string(day);
        const CloudWeather weather = draw_weather(seed, parse_instant(text));
        EXPECT_GE(weather.cover, 0.0F);
        EXPECT_LE(weather.cover, 1.0F);
        shares.clear += weather.cover < 0.1F && weather.kind == CloudKind::clear ? 1 : 0;
        shares.overcast += weather.cover >= 0.9F ? 1 : 0;
        ++count;
      }
    }
  }
  return {shares.clear / count, shares.overcast / count};
}

TEST(SimulateWeather, TwoPeaksAndSeasons) {
  const Shares year = shares_in(1, 12);
  EXPECT_NEAR(year.clear, 0.38, 0.02);
  EXPECT_NEAR(year.overcast, 0.32, 0.02);
  const Shares spring = shares_in(3, 5);
  const Shares summer = shares_in(8, 9);
  EXPECT_GT(spring.overcast, summer.overcast + 0.15);
  EXPECT_LT(spring.clear, summer.clear - 0.15);
}

TEST(SimulateWeather, TheHourDoesNotMatter) {
  const CloudWeather a = draw_weather(7, parse_instant("2021-05-03T00:00:00Z"));
  const CloudWeather b = draw_weather(7, parse_instant("2021-05-03T07:50:00Z"));
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.cover, b.cover);
}

}  // namespace
}  // namespace pitwatch
