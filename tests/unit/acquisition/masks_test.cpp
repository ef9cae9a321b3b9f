// What is added to an acquisition's mask: where spectral tests acquisition, which classes are masked, and
// probabilities.

#include "pipeline/acquisition/masks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "pipeline/core/error.hpp"
#include "pipeline/io/raster/geotiff_writer.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using Pixels = std::function<int(int x, int y)>;

const Grid site{"EPSG:32638", {600000, 4500000}, 10, 60, 40};

MaskChoice with(SpectralMasks own) {
  MaskChoice choice;
  choice.own = own;
  return choice;
}

TEST(SkyGrid, ReachesTowardsTheSun) {
  const Grid without = sky_grid(site, std::nullopt);
  EXPECT_EQ(without.pixel_size_m, 20);
  EXPECT_EQ(without.width, 30 + 60);
  EXPECT_EQ(without.height, 20 + 60);
  EXPECT_EQ(without.origin.x, 600000 - 600);
  EXPECT_EQ(without.origin.y, 4500000 + 600);
  // A sun at 45 degrees in the south-east: 2500 m of shadow, 1768 m to the east and to the south.
  const Grid morning = sky_grid(site, ViewAngles{45, 135});
  EXPECT_EQ(morning.origin.x, without.origin.x);
  EXPECT_EQ(morning.origin.y, without.origin.y);
  EXPECT_EQ(morning.width, without.width + 89);
  EXPECT_EQ(morning.height, without.height + 89);
  const Grid afternoon = sky_grid(site, ViewAngles{45, 225});
  EXPECT_EQ(afternoon.origin.x, without.origin.x - 89 * 20);
  EXPECT_EQ(afternoon.origin.y, without.origin.y);
  // In the north, as seen from the southern hemisphere; a low sun's shadows are followed for 6 km.
  const Grid south = sky_grid(site, ViewAngles{85, 0});
  EXPECT_EQ(south.origin.y, without.origin.y + 6000);
  EXPECT_EQ(south.height, without.height + 300);
}

TEST(MaskClasses, AreChosen) {
  EXPECT_EQ(class_reasons({}), scl_reasons);
  MaskChoice choice;
  choice.classes = parse_classes("2,3,7,9");
  const std::array<MaskBits, 12> reasons = class_reasons(choice);
  EXPECT_EQ(reasons[0], mask_clear);
  EXPECT_EQ(reasons[2], mask_cloud_shadow);
  EXPECT_EQ(reasons[3], mask_cloud_shadow);
  EXPECT_EQ(reasons[7], mask_cloud);
  EXPECT_EQ(reasons[8], mask_clear);
  EXPECT_EQ(reasons[9], mask_cloud);
  EXPECT_EQ(parse_classes("0,1,3,8,9,10,11"), usual_classes());
  for (const char* wrong : {"12", "cloud", "-1", "3 ,4", "007"}) {
    EXPECT_THROW(parse_classes(wrong), ConfigError) << wrong;
  }
}

TEST(MaskChoice, IsNamedOnlyWhereItIsNotTheDefault) {
  EXPECT_EQ(text_of(MaskChoice{}), "");
  MaskChoice choice;
  choice.own = SpectralMasks::on;
  choice.cloud_probability = 0;
  EXPECT_EQ(text_of(choice), " own-masks=on cloud-probability=0");
  choice = with(SpectralMasks::off);
  choice.snow_probability = 100;
  choice.classes = parse_classes("3");
  EXPECT_EQ(text_of(choice), " mask-classes=000100000000 own-masks=off snow-probability=100");
}

class AcquisitionMask : public testing::Test {
 protected:
  void add(Scene& scene, Band band, double pixel_size_m, const Pixels& dn) {
    const double metres = 4000;  // around the site, on all sides
    const int by = static_cast<int>(pixel_size_m);
    const Grid grid{site.crs,
                    {site.origin.x - metres, site.origin.y + metres},
                    pixel_size_m,
                    (8000 + site.width * 10) / by,
                    (8000 + site.height * 10) / by};
    Plane<std::uint16_t> plane(grid.width, grid.height);
    for (int y = 0; y < grid.height; ++y) {
      for (int x = 0; x < grid.width; ++x) {
        // In pixels of 10 m from the site's corner.
        plane.at(x, y) = static_cast<std::uint16_t>(dn(x * by / 10 - 400, y * by / 10 - 400));
      }
    }
    const std::string path = folder_ / (std::string(name(band)) + ".tif");
    write_geotiff_u16(path, grid, plane.view(), 0);
    Calibration calibration{1e-3F, 0, std::uint16_t{0}, std::uint16_t{65535}};
    if (!is_reflectance(band)) calibration = {1, 0, std::nullopt, std::nullopt};
    scene.bands[band] = {path, calibration, {}};
  }

  /// Grass, and a white cloud in the south-east of the site's corner whose shadow falls on the site.
  Scene cloudy() {
    Scene scene;
    scene.id = "a";
    scene.level = "L2A";
    scene.sun = ViewAngles{45, 135};
    const auto cloud = [](int x, int y) { return x >= 100 && x < 150 && y >= 90 && y < 130; };
    const auto paint = [&](Band band, double pixel_m, int grass, int white) {
      add(scene, band, pixel_m, [=](int x, int y) {
        // 1000 m high: 71 pixels of 10 m to the west and to the north.
        return cloud(x, y) ? white : cloud(x + 71, y + 71) ? grass / 5 : grass;
      });
    };
    paint(Band::B02, 10, 40, 600);
    paint(Band::B03, 10, 80, 600);
    paint(Band::B04, 10, 50, 610);
    paint(Band::B08, 10, 380, 650);
    paint(Band::B11, 20, 220, 450);
    return scene;
  }

  Mosaic acquisition(const Scene& scene) {
    constexpr std::array bands{Band::B02, Band::B03, Band::B04, Band::B08, Band::B11};
    return read_mosaic({&scene, 1}, site, bands);
  }

  test::TemporaryFolder folder_;
};

TEST_F(AcquisitionMask, ShadowsOfCloudsBesideTheSiteAreFound) {
  const Scene scene = cloudy();
  Mosaic seen = acquisition(scene);
  complete_mask({&scene, 1}, {}, {}, seen);
  // The cloud's shadow begins at (29, 19), and leaves the site.
  EXPECT_EQ(seen.mask.at(40, 30), mask_cloud_shadow);
  EXPECT_EQ(seen.mask.at(32, 22), mask_cloud_shadow);
  EXPECT_EQ(seen.mask.at(20, 30), mask_clear);
  EXPECT_EQ(seen.mask.at(40, 10), mask_clear);
  EXPECT_EQ(mask_shares(seen.mask.view()).cloud, 0);

  Mosaic untouched = acquisition(scene);
  complete_mask({&scene, 1}, {}, with(SpectralMasks::off), untouched);
  EXPECT_EQ(mask_shares(untouched.mask.view()).clear, 1);
}

TEST_F(AcquisitionMask, LevelOneCIsFreedOfTheAirAndSearchedForCirrus) {
  Scene scene = cloudy();
  scene.level = "L1C";
  for (const auto& [band, added] : {std::pair{Band::B02, 0.0731F}, {Band::B03, 0.0431F}, {Band::B04, 0.0213F}}) {
    scene.bands.at(band).calibration.offset = added;  // what molecules scatter with the sun at 45 degrees
  }
  add(scene, Band::B10, 60, [](int x, int) { return x < 24 ? 20 : 2; });
  Mosaic seen = acquisition(scene);
  complete_mask({&scene, 1}, {}, {}, seen);
  EXPECT_EQ(seen.mask.at(5, 5), mask_cirrus);
  EXPECT_EQ(seen.mask.at(50, 5), mask_clear);
  EXPECT_EQ(seen.mask.at(40, 30), mask_cloud_shadow);
  scene.level = "L2A";
  complete_mask({&scene, 1}, {}, {}, seen);
  EXPECT_EQ(seen.mask.at(50, 5), mask_cirrus);  // the air looks like thin cloud
}

TEST_F(AcquisitionMask, OwnTestsNeedToBeAskedForWhereThereIsAClassification) {
  Scene scene = cloudy();
  EXPECT_TRUE(uses_spectral_masks({&scene, 1}, {}));
  add(scene, Band::SCL, 20, [](int, int) { return 4; });
  EXPECT_FALSE(uses_spectral_masks({&scene, 1}, {}));
  Mosaic seen = acquisition(scene);
  complete_mask({&scene, 1}, {}, {}, seen);
  EXPECT_EQ(mask_shares(seen.mask.view()).clear, 1);
  complete_mask({&scene, 1}, {}, with(SpectralMasks::on), seen);
  EXPECT_EQ(seen.mask.at(40, 30), mask_cloud_shadow);
}

TEST_F(AcquisitionMask, ProbabilitiesMaskFromThePercentGiven) {
  Scene scene = cloudy();
  add(scene, Band::CLD, 20, [](int x, int) { return x < 20 ? 60 : 59; });
  add(scene, Band::SNW, 20, [](int x, int) { return x < 10 ? 30 : 0; });
  MaskChoice choice;
  choice.own = SpectralMasks::off;
  Mosaic seen = acquisition(scene);
  complete_mask({&scene, 1}, {}, choice, seen);
  EXPECT_EQ(mask_shares(seen.mask.view()).clear, 1);  // not used unless asked for
  choice.cloud_probability = 60;
  choice.snow_probability = 30;
  complete_mask({&scene, 1}, {}, choice, seen);
  EXPECT_EQ(seen.mask.at(5, 5), mask_cloud | mask_snow);
  EXPECT_EQ(seen.mask.at(14, 5), mask_cloud);
  EXPECT_EQ(seen.mask.at(25, 5), mask_clear);
}

}  // namespace
}  // namespace pitwatch
