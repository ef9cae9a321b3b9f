// The light of an acquisition: shadow and shade of a ridge, the side of view, and another date's level.

#include "pipeline/acquisition/light.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "pipeline/core/error.hpp"
#include "pipeline/io/raster/cog_writer.hpp"
#include "pipeline/normalise/nadir.hpp"
#include "pipeline/normalise/topography.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int side = 120;
constexpr double per_degree = std::numbers::pi / 180;
// On the central meridian of its zone: the grid's north is the true one.
const Grid site{"EPSG:32638", {499400, 4500000}, 10, side, side};

using Value = std::function<double(MapPoint)>;

class AcquisitionLightTest : public ::testing::Test {
 protected:
  /// Elevations of the site and 6 km around.
  std::string write(const Value& height_m, const std::string& name = "dem.tif") {
    const Grid grid{site.crs, site.to_map(-600, -600), 10, side + 1200, side + 1200};
    Plane<float> plane(grid.width, grid.height);
    for (int y = 0; y < grid.height; ++y) {
      for (int x = 0; x < grid.width; ++x) {
        plane.at(x, y) = static_cast<float>(height_m(grid.to_map(x + 0.5, y + 0.5)));
      }
    }
    write_cog_f32(folder_ / name, grid, plane.view(), {});
    return folder_ / name;
  }

  /// An acquisition in which all bands are what `value` says, but for green and near infrared of vegetation.
  static Mosaic acquisition(const std::function<float(Band, int x, int y)>& value) {
    Mosaic result;
    result.grid = site;
    result.mask.reshape(side, side);
    for (const Band band : {Band::B02, Band::B04, Band::B08, Band::B11}) {
      Plane<float>& plane = result.reflectance[band];
      plane.reshape(side, side);
      for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
          plane.at(x, y) = value(band, x, y);
          result.mask.at(x, y) = mask_clear;
        }
      }
    }
    return result;
  }

  static Scene scene(std::optional<ViewAngles> sun) {
    Scene result;
    result.id = "a";
    result.sun = sun;
    return result;
  }

  TemporaryFolder folder_;
};

/// A ridge along a meridian, 400 m high, with straight flanks 800 m wide.
double ridge(MapPoint point) { return std::max(0.0, 400 - std::abs(point.x - 500000) / 2); }

TEST_F(AcquisitionLightTest, AfternoonSunLeavesTheEastOfARidgeInShadow) {
  const SiteLight light({write(ridge), false, false, false}, site);
  Mosaic seen = acquisition([](Band, int, int) { return 0.2F; });
  // Lower than the flank: it faces away, and the ridge's shadow reaches 400 m / tan(20 degrees) = 1099 m.
  light.correct(std::vector{scene(ViewAngles{70, 270})}, {}, seen);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      if (x == 59 || x == 60) continue;  // the ridge itself
      EXPECT_EQ(seen.mask.at(x, y), x < 60 ? mask_clear : mask_terrain_shadow) << x << ' ' << y;
    }
  }
  EXPECT_EQ(seen.reflectance.at(Band::B04).at(80, 80), 0.2F);  // it is told, not changed
  Mosaic noon = acquisition([](Band, int, int) { return 0.2F; });
  light.correct(std::vector{scene(ViewAngles{20, 180})}, {}, noon);
  EXPECT_EQ(mask_shares(noon.mask.view()).clear, 1);
}

TEST_F(AcquisitionLightTest, WhereNoSceneKnowsItsSunTheClockDoes) {
  const SiteLight light({write(ridge), false, false, false}, site);
  Mosaic seen = acquisition([](Band, int, int) { return 0.2F; });
  // 45 degrees east, so that noon is at nine; in December the sun goes down at about half past one.
  light.correct(std::vector{scene({})}, parse_instant("2021-12-21T12:30:00Z"), seen);
  EXPECT_EQ(seen.mask.at(100, 60), mask_terrain_shadow);
  EXPECT_EQ(seen.mask.at(20, 60), mask_clear);
  Mosaic night = acquisition([](Band, int, int) { return 0.2F; });
  light.correct(std::vector{scene({})}, parse_instant("2021-12-21T20:00:00Z"), night);
  EXPECT_EQ(mask_shares(night.mask.view()).clear, 0);
}

/// Hills without level ground.
double hills(MapPoint point) { return 40 * std::sin(point.x / 90) + 40 * std::cos(point.y / 110); }

TEST_F(AcquisitionLightTest, SlopesOfOneKindOfGroundComeToLookAlike) {
  const std::string dem = write(hills);
  const ViewAngles sun{50, 150};
  // Woods in the west, rock in the east, with more diffuse light in the woods.
  const auto reflects = [&](Band band, int x, int y, float cos_incidence) {
    const bool woods = x < side / 2;
    const float level = woods ? (band == Band::B08 ? 0.4F : 0.04F) : (band == Band::B08 ? 0.24F : 0.2F);
    const float c = woods ? 0.6F : 0.2F;
    return level * (cos_incidence + c) / (static_cast<float>(std::cos(50 * per_degree)) + c) +
           0.0F * static_cast<float>(y);
  };
  Plane<float> heights(side + 2, side + 2);
  for (int y = 0; y < side + 2; ++y) {
    for (int x = 0; x < side + 2; ++x) heights.at(x, y) = static_cast<float>(hills(site.to_map(x - 0.5, y - 0.5)));
  }
  Plane<float> incidence(side, side);
  illumination(heights.view(), 10, sun, incidence.view());
  const auto shaded = [&] {
    return acquisition([&](Band band, int x, int y) { return reflects(band, x, y, incidence.at(x, y)); });
  };
  // How far a band spreads over ground of one kind, relative to its level.
  const auto spread = [&](const Mosaic& seen, Band band, bool woods) {
    float least = 9;
    float most = 0;
    for (int y = 0; y < side; ++y) {
      for (int x = woods ? 0 : side / 2; x < (woods ? side / 2 : side); ++x) {
        if (seen.mask.at(x, y) != mask_clear) continue;
        least = std::min(least, seen.reflectance.at(band).at(x, y));
        most = std::max(most, seen.reflectance.at(band).at(x, y));
      }
    }
    return (most - least) / (most + least);
  };
  Mosaic corrected = shaded();
  SiteLight({dem, true, false, false}, site).correct(std::vector{scene(sun)}, {}, corrected);
  Mosaic as_it_was = shaded();
  SiteLight({dem, false, false, false}, site).correct(std::vector{scene(sun)}, {}, as_it_was);
  for (const Band band : {Band::B02, Band::B04, Band::B08, Band::B11}) {
    for (const bool woods : {false, true}) {
      EXPECT_GT(spread(as_it_was, band, woods), 0.3F);
      EXPECT_LT(spread(corrected, band, woods), 0.02F) << name(band) << ' ' << woods;
    }
  }
  EXPECT_NEAR(corrected.reflectance.at(Band::B08).at(20, 20), 0.4F, 0.01F);
  EXPECT_NEAR(corrected.reflectance.at(Band::B08).at(100, 20), 0.24F, 0.01F);
}

TEST_F(AcquisitionLightTest, ScenesAreReadAsSeenFromStraightAbove) {
  Scene west = scene(ViewAngles{40, 150});
  west.view = ViewAngles{10, 290};
  west.bands[Band::B04] = {"B04.tif", {1e-4F, -0.1F, std::uint16_t{0}, std::nullopt}, {}};
  const double factor = nadir_factor(*brdf_weights(Band::B04), *west.sun, *west.view);
  const std::vector<Scene> read = SiteLight({"", false, true, false}, site).to_read({west});
  EXPECT_NEAR(read[0].bands.at(Band::B04).calibration.scale, 1e-4 * factor, 1e-9);
  EXPECT_NEAR(read[0].bands.at(Band::B04).calibration.offset, -0.1 * factor, 1e-6);
  EXPECT_EQ(SiteLight({}, site).to_read({west})[0].bands.at(Band::B04).calibration.scale, 1e-4F);
}

TEST_F(AcquisitionLightTest, AcquisitionsComeToTheLevelOfTheReference) {
  const auto ground = [](Band band, int x, int y) {
    const auto tint = static_cast<float>(static_cast<int>(band) + 1);
    return 0.1F + 0.01F * tint +
           0.05F * std::sin(0.2F * static_cast<float>(x) * tint) * std::cos(0.3F * static_cast<float>(y));
  };
  SiteLight light({"", false, false, true}, site);
  EXPECT_TRUE(light.wants_reference());
  // Hazier and darker; a quarter of it is dug up.
  const auto is_dug = [](int x, int y) { return x < 60 && y < 60; };
  const auto later = [&](Band band, int x, int y) {
    return is_dug(x, y) ? 0.5F + 0.001F * static_cast<float>(x + y) : 0.8F * ground(band, x, y) + 0.02F;
  };
  Mosaic seen = acquisition(later);
  light.correct(std::vector{scene({})}, {}, seen);
  EXPECT_EQ(seen.reflectance.at(Band::B04).at(100, 100), later(Band::B04, 100, 100));  // no reference yet
  light.take_reference(acquisition(ground));
  light.correct(std::vector{scene({})}, {}, seen);
  for (const auto& [band, plane] : seen.reflectance) {
    for (int y = 0; y < side; y += 7) {
      for (int x = 0; x < side; x += 7) {
        const float expected = is_dug(x, y) ? (later(band, x, y) - 0.02F) / 0.8F : ground(band, x, y);
        EXPECT_NEAR(plane.at(x, y), expected, 2e-3F) << name(band);
      }
    }
  }
  // Other ground altogether stays as it is.
  Mosaic other = acquisition([&](Band band, int x, int y) { return ground(band, y * y % 83, x * 7 % 31); });
  const float before = other.reflectance.at(Band::B04).at(3, 50);
  light.correct(std::vector{scene({})}, {}, other);
  EXPECT_EQ(other.reflectance.at(Band::B04).at(3, 50), before);
}

TEST_F(AcquisitionLightTest, HashesAreOfWhatChangesResults) {
  EXPECT_THAT(light_text({}, site), IsEmpty());
  const std::string here = light_text({write(ridge), false, false, false}, site);
  EXPECT_THAT(here, HasSubstr("elevation="));
  EXPECT_EQ(light_text({write(ridge, "copy.tif"), false, false, false}, site), here);
  EXPECT_NE(light_text({write(hills), false, false, false}, site), here);
  EXPECT_NE(light_text({folder_ / "copy.tif", true, false, false}, site), here);
  EXPECT_EQ(light_text({"", false, true, true}, site), " brdf normalise");
  EXPECT_THROW(check(LightOptions{"", true, false, false}), ConfigError);
  EXPECT_THROW(SiteLight({folder_ / "none.tif", false, false, false}, site), DataError);
}

}  // namespace
}  // namespace pitwatch
