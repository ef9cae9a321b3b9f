// Shadows of clouds: where the sun casts them, how high the clouds are, and what is dark for other reasons.

#include "pipeline/masks/cloud_shadow.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "pipeline/masks/spectral.hpp"
#include "pipeline/masks/spectral_mask.hpp"

namespace pitwatch {
namespace {

constexpr int size = 200;
constexpr double pixel_m = 20;

using Flag = std::function<bool(int x, int y)>;

Plane<std::uint8_t> flags(const Flag& flag) {
  Plane<std::uint8_t> plane(size, size);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) plane.at(x, y) = flag(x, y) ? 1 : 0;
  }
  return plane;
}

bool in_box(int x, int y, int left, int top, int side) {
  return x >= left && x < left + side && y >= top && y < top + side;
}

/// A handful of clouds of several sizes.
bool is_cloud(int x, int y) {
  return in_box(x, y, 60, 50, 18) || in_box(x, y, 120, 70, 12) || in_box(x, y, 80, 120, 25) ||
         in_box(x, y, 150, 140, 9);
}

const Plane<std::uint8_t> all_seen = flags([](int, int) { return false; });

TEST(ShadowOffset, LeadsAwayFromTheSun) {
  const ShadowOffset morning = shadow_offset({45, 135}, 1000, pixel_m);  // the sun in the south-east
  EXPECT_NEAR(morning.x_px, -50 * std::sqrt(0.5), 1e-9);                 // to the west
  EXPECT_NEAR(morning.y_px, -50 * std::sqrt(0.5), 1e-9);                 // and north, which is up
  const ShadowOffset afternoon = shadow_offset({45, 225}, 1000, pixel_m);
  EXPECT_NEAR(afternoon.x_px, 50 * std::sqrt(0.5), 1e-9);
  EXPECT_NEAR(afternoon.y_px, -50 * std::sqrt(0.5), 1e-9);
  const ShadowOffset noon_in_the_south = shadow_offset({30, 0}, 1000, pixel_m);
  EXPECT_NEAR(noon_in_the_south.x_px, 0, 1e-9);
  EXPECT_NEAR(noon_in_the_south.y_px, 1000 * std::tan(std::acos(-1.0) / 6) / pixel_m, 1e-9);  // down
  EXPECT_NEAR(shadow_offset({0, 135}, 1000, pixel_m).x_px, 0, 1e-9);
}

TEST(CloudShadow, IsFoundAtTheHeightOfTheClouds) {
  const Plane<std::uint8_t> clouds = flags(is_cloud);
  for (const double azimuth : {135.0, 225.0}) {
    for (const double zenith : {25.0, 50.0}) {
      const ViewAngles sun{zenith, azimuth};
      const ShadowOffset offset = shadow_offset(sun, 900, pixel_m);
      const int right = static_cast<int>(std::lround(offset.x_px));
      const int down = static_cast<int>(std::lround(offset.y_px));
      const Flag in_shadow = [&](int x, int y) { return is_cloud(x - right, y - down) && !is_cloud(x, y); };
      // A lake and a dark wood besides, which no cloud shades.
      const Flag by_nature = [](int x, int y) { return in_box(x, y, 5, 165, 30) || in_box(x, y, 165, 165, 20); };
      const Plane<std::uint8_t> dark =
          flags([&](int x, int y) { return (in_shadow(x, y) || by_nature(x, y)) && !is_cloud(x, y); });
      const CloudShadow found = find_cloud_shadow(clouds.view(), dark.view(), all_seen.view(), pixel_m, sun);
      EXPECT_NEAR(found.height_m, 900, 100) << azimuth << " " << zenith;
      int shadow = 0;
      int right_ones = 0;
      int false_ones = 0;
      for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) {
          shadow += in_shadow(x, y) ? 1 : 0;
          right_ones += in_shadow(x, y) && found.shadow.at(x, y) != 0 ? 1 : 0;
          false_ones += !in_shadow(x, y) && found.shadow.at(x, y) != 0 ? 1 : 0;
        }
      }
      EXPECT_GT(right_ones, 0.98 * shadow);
      EXPECT_EQ(false_ones, 0);
    }
  }
}

TEST(CloudShadow, TerrainAndWaterWithoutCloudsAreNone) {
  const Plane<std::uint8_t> no_clouds = flags([](int, int) { return false; });
  const Plane<std::uint8_t> dark = flags([](int x, int y) { return (x / 25 + y / 40) % 3 == 0; });
  const CloudShadow found = find_cloud_shadow(no_clouds.view(), dark.view(), all_seen.view(), pixel_m, {40, 150});
  EXPECT_EQ(found.height_m, 0);
  for (int y = 0; y < size; ++y) {
    EXPECT_EQ(std::count(found.shadow.row(y), found.shadow.row(y) + size, 0), size);
  }
}

TEST(CloudShadow, OfCloudsBeyondTheEdgeCountsOnlyInCloudySkies) {
  const ViewAngles sun{50, 135};
  const ShadowOffset offset = shadow_offset(sun, 900, pixel_m);
  const int right = static_cast<int>(std::lround(offset.x_px));
  const int down = static_cast<int>(std::lround(offset.y_px));
  // Its cloud lies beyond the lower right corner.
  const Flag of_unseen = [](int x, int y) { return in_box(x, y, 182, 182, 12); };
  for (const bool many : {true, false}) {
    const Flag cloud = [&](int x, int y) {
      return is_cloud(x, y) || (many && x < 110 && y > 30 && in_box(x, y, 0, 150, 60));
    };
    const Plane<std::uint8_t> clouds = flags(cloud);
    const Plane<std::uint8_t> dark =
        flags([&](int x, int y) { return !cloud(x, y) && (cloud(x - right, y - down) || of_unseen(x, y)); });
    const CloudShadow found = find_cloud_shadow(clouds.view(), dark.view(), all_seen.view(), pixel_m, sun);
    EXPECT_GT(found.height_m, 0);
    EXPECT_EQ(found.shadow.at(188, 188), many ? 1 : 0);
  }
}

TEST(CloudShadow, ASunTooLowIsNotSearched) {
  const Plane<std::uint8_t> clouds = flags(is_cloud);
  const Plane<std::uint8_t> dark = flags([](int x, int y) { return is_cloud(x, y + 40) && !is_cloud(x, y); });
  EXPECT_EQ(find_cloud_shadow(clouds.view(), dark.view(), all_seen.view(), pixel_m, {80, 180}).height_m, 0);
}

TEST(DarkPixels, AreThoseBelowTheBrighterGroundInBothInfrareds) {
  const Plane<std::uint8_t> clouds = flags([](int x, int) { return x < 20; });
  const Plane<std::uint8_t> unseen = flags([](int x, int) { return x >= 180; });
  Plane<float> nir(size, size);
  Plane<float> swir16(size, size);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const bool shaded = in_box(x, y, 50, 50, 40);
      const bool green_swamp = in_box(x, y, 120, 50, 20);
      nir.at(x, y) = x < 20 ? 0.7F : shaded ? 0.05F : 0.3F;
      swir16.at(x, y) = x < 20 ? 0.5F : shaded || green_swamp ? 0.03F : 0.25F;
    }
  }
  const Plane<std::uint8_t> dark = dark_pixels(nir.view(), swir16.view(), clouds.view(), unseen.view());
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) EXPECT_EQ(dark.at(x, y), in_box(x, y, 50, 50, 40) ? 1 : 0) << x << " " << y;
  }
}

// ---- the mask as a whole ---------------------------------------------------------------------------------------

constexpr SkyPixel grass{0.04F, 0.08F, 0.05F, 0.38F, 0.22F};
constexpr SkyPixel white{0.60F, 0.60F, 0.61F, 0.65F, 0.45F};
constexpr SkyPixel gravel{0.25F, 0.29F, 0.32F, 0.34F, 0.40F};
constexpr SkyPixel snow{0.87F, 0.86F, 0.85F, 0.80F, 0.11F};

class OwnMask : public testing::Test {
 protected:
  OwnMask() {
    for (Plane<float>& band : bands_) band.reshape(size, size);
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) set(x, y, grass);
    }
  }
  void set(int x, int y, const SkyPixel& pixel, float light = 1) {
    const std::array<float, 5> values{pixel.blue, pixel.green, pixel.red, pixel.nir, pixel.swir16};
    for (std::size_t i = 0; i < values.size(); ++i) bands_[i].at(x, y) = light * values[i];
  }
  Plane<MaskBits> mask(const Plane<MaskBits>& classified, const std::optional<ViewAngles>& sun) const {
    return spectral_mask({bands_[0].view(), bands_[1].view(), bands_[2].view(), bands_[3].view(), bands_[4].view(), {}},
                         classified.view(), {pixel_m, sun, false});
  }

  std::array<Plane<float>, 5> bands_;
};

TEST_F(OwnMask, SpectraAloneFindCloudsAndTheirShadows) {
  const ViewAngles sun{40, 150};
  const ShadowOffset offset = shadow_offset(sun, 1200, pixel_m);
  const int right = static_cast<int>(std::lround(offset.x_px));
  const int down = static_cast<int>(std::lround(offset.y_px));
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      if (is_cloud(x, y)) {
        set(x, y, white);
      } else if (is_cloud(x - right, y - down)) {
        set(x, y, grass, 0.15F);
      }
    }
  }
  const Plane<MaskBits> with_sun = mask({}, sun);
  const Plane<MaskBits> without = mask({}, std::nullopt);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const bool shaded = !is_cloud(x, y) && is_cloud(x - right, y - down);
      EXPECT_EQ(with_sun.at(x, y), is_cloud(x, y) ? mask_cloud : shaded ? mask_cloud_shadow : mask_clear);
      EXPECT_EQ(without.at(x, y), is_cloud(x, y) ? mask_cloud : mask_clear);
    }
  }
}

TEST_F(OwnMask, AClassificationIsOverruledByBareGroundAndSnowAlone) {
  Plane<MaskBits> classified(size, size);
  for (int y = 0; y < size; ++y) std::fill_n(classified.row(y), size, MaskBits{mask_clear});
  set(10, 10, gravel);
  classified.at(10, 10) = mask_cloud;
  set(20, 10, snow);
  classified.at(20, 10) = mask_cloud;
  classified.at(30, 10) = mask_cirrus;  // grass: too thin for the eye
  set(40, 10, white);
  classified.at(50, 10) = mask_saturated;
  set(60, 10, white);
  classified.at(60, 10) = mask_nodata;
  classified.at(70, 10) = mask_snow;
  bands_[2].at(80, 10) = std::numeric_limits<float>::quiet_NaN();
  const Plane<MaskBits> result = mask(classified, std::nullopt);
  EXPECT_EQ(result.at(10, 10), mask_clear);
  EXPECT_EQ(result.at(20, 10), mask_snow);
  EXPECT_EQ(result.at(30, 10), mask_cirrus);
  EXPECT_EQ(result.at(40, 10), mask_cloud);
  EXPECT_EQ(result.at(50, 10), mask_saturated);
  EXPECT_EQ(result.at(60, 10), mask_nodata);
  EXPECT_EQ(result.at(70, 10), mask_snow);
  EXPECT_EQ(result.at(80, 10), mask_nodata);
  EXPECT_EQ(result.at(90, 10), mask_clear);
}

TEST_F(OwnMask, ShadowOfTheClassificationNeedsACloudThatCastsIt) {
  Plane<MaskBits> classified(size, size);
  const ViewAngles sun{40, 150};
  const ShadowOffset offset = shadow_offset(sun, 1200, pixel_m);
  const int right = static_cast<int>(std::lround(offset.x_px));
  const int down = static_cast<int>(std::lround(offset.y_px));
  const Flag slope = [](int x, int y) { return in_box(x, y, 5, 160, 30); };  // turned away from the sun
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const bool shaded = !is_cloud(x, y) && is_cloud(x - right, y - down);
      classified.at(x, y) = is_cloud(x, y)          ? mask_cloud  // that the spectrum does not show
                            : shaded || slope(x, y) ? mask_cloud_shadow
                                                    : mask_clear;
      if (shaded || slope(x, y)) set(x, y, grass, 0.2F);
    }
  }
  const Plane<MaskBits> result = mask(classified, sun);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const MaskBits expected = slope(x, y) ? MaskBits{mask_clear} : classified.at(x, y);
      EXPECT_EQ(result.at(x, y), expected) << x << " " << y;
    }
  }
}

}  // namespace
}  // namespace pitwatch
