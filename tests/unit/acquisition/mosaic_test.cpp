// An acquisition over a site: values on small rasters, worked out by hand; mosaics, masks, growth; and shifts.

#include "pipeline/acquisition/mosaic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "pipeline/core/error.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/raster/geotiff_writer.hpp"
#include "tests/unit/evidence/test_support.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;

using Pixels = std::function<int(int x, int y)>;

constexpr double left = 600000;
constexpr double top = 4500000;

Grid grid_of(double pixel_size_m, int width, int height, double x = left, double y = top) {
  return {"EPSG:32638", {x, y}, pixel_size_m, width, height};
}

bool is_nan(float value) { return std::isnan(value); }

/// The message of the DataError that `action` throws, with what is nested in it.
std::string chain_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const DataError& error) {
    return error_chain(error);
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

/// What the mask says, row by row: '.' clear, 'n' nodata, 's' saturated, 'C' cloud, 'S' shadow, 'i' cirrus, 'w' snow;
/// of several the first in this order.
std::vector<std::string> picture(const Plane<MaskBits>& mask) {
  constexpr std::array<std::pair<MaskBits, char>, 6> letters{{{mask_nodata, 'n'},
                                                              {mask_saturated, 's'},
                                                              {mask_cloud, 'C'},
                                                              {mask_cloud_shadow, 'S'},
                                                              {mask_cirrus, 'i'},
                                                              {mask_snow, 'w'}}};
  std::vector<std::string> rows;
  for (int y = 0; y < mask.height(); ++y) {
    std::string row;
    for (int x = 0; x < mask.width(); ++x) {
      char letter = '.';
      for (auto entry = letters.rbegin(); entry != letters.rend(); ++entry) {
        if ((mask.at(x, y) & entry->first) != 0) letter = entry->second;
      }
      row += letter;
    }
    rows.push_back(row);
  }
  return rows;
}

class MosaicTest : public testing::Test {
 protected:
  /// Reflectance is dn / 1000.
  void add(Scene& scene, Band band, const Grid& grid, const Pixels& dn) {
    Plane<std::uint16_t> plane(grid.width, grid.height);
    for (int y = 0; y < grid.height; ++y) {
      for (int x = 0; x < grid.width; ++x) plane.at(x, y) = static_cast<std::uint16_t>(dn(x, y));
    }
    const std::string path = folder_ / (scene.id + std::string(name(band)) + ".tif");
    write_geotiff_u16(path, grid, plane.view(), 0);
    Calibration calibration{1e-3F, 0, std::uint16_t{0}, std::uint16_t{65535}};
    if (band == Band::SCL) calibration = {1, 0, std::uint16_t{0}, std::nullopt};
    scene.bands[band] = {path, calibration, {}};
  }
  static Scene scene(const std::string& id) {
    Scene result;
    result.id = id;
    result.source = id + ".json";
    return result;
  }
  static Mosaic acquisition(const std::vector<Scene>& parts, const Grid& grid, const std::vector<Band>& bands,
                            const MosaicOptions& options = {}) {
    return read_mosaic(parts, grid, bands, options);
  }
  TemporaryFolder folder_;
};

TEST_F(MosaicTest, PixelsOfTheSameLatticeAreCopied) {
  Scene a = scene("a");
  add(a, Band::B04, grid_of(10, 8, 6), [](int x, int y) { return 100 + x + 10 * y; });
  const Mosaic result = acquisition({a}, grid_of(10, 3, 2, left + 40, top - 20), {Band::B04});
  const Plane<float>& red = result.reflectance.at(Band::B04);
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 3; ++x) {
      EXPECT_EQ(red.at(x, y), static_cast<float>(100 + x + 4 + 10 * (y + 2)) * 1e-3F);
      EXPECT_EQ(result.mask.at(x, y), mask_clear);
    }
  }
}

TEST_F(MosaicTest, ClassesAreKeptAsTheyAreWhereTheyAreAskedFor) {
  Scene a = scene("a");
  add(a, Band::B04, grid_of(10, 6, 2), [](int, int) { return 100; });
  add(a, Band::SCL, grid_of(20, 2, 1), [](int x, int) { return x == 0 ? 9 : 255; });
  MosaicOptions options;
  options.keep_classes = true;
  const Mosaic result = acquisition({a}, grid_of(10, 6, 2), {Band::B04}, options);
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 6; ++x) EXPECT_EQ(result.classes.at(x, y), x < 2 ? 9 : 0) << x;  // none: 255, and beyond it
  }
  EXPECT_EQ(acquisition({a}, grid_of(10, 6, 2), {Band::B04}).classes.width(), 0);
  a.bands.erase(Band::SCL);
  EXPECT_EQ(acquisition({a}, grid_of(10, 6, 2), {Band::B04}, options).classes.at(0, 0), 0);
}

TEST_F(MosaicTest, TwentyMetresAreInterpolatedBetweenPixelCentres) {
  Scene a = scene("a");
  // 20 m pixel i has its centre at 20 i + 10 m; the plane is linear in both directions.
  add(a, Band::B11, grid_of(20, 6, 5), [](int x, int y) { return 1000 + 40 * x + 80 * y; });
  const Mosaic whole = acquisition({a}, grid_of(10, 12, 10), {Band::B11});
  const Plane<float>& swir = whole.reflectance.at(Band::B11);
  for (int y = 1; y < 9; ++y) {
    for (int x = 1; x < 11; ++x) {
      // The centre of 10 m pixel x is at 10 x + 5 m, in 20 m pixels (x - 0.5) / 2.
      EXPECT_NEAR(swir.at(x, y), 1e-3 * (1000 + 40 * (x - 0.5) / 2 + 80 * (y - 0.5) / 2), 1e-6) << x << " " << y;
    }
  }
  EXPECT_FLOAT_EQ(swir.at(0, 0), 1.0F);  // the edge is repeated
  EXPECT_FLOAT_EQ(swir.at(11, 9), 1e-3F * (1000 + 40 * 5 + 80 * 4));
  // A site that begins in the middle of a 20 m pixel.
  const Mosaic part = acquisition({a}, grid_of(10, 4, 4, left + 30, top - 30), {Band::B11});
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 4; ++x) {
      EXPECT_EQ(part.reflectance.at(Band::B11).at(x, y), swir.at(x + 3, y + 3));
    }
  }
}

TEST_F(MosaicTest, AnotherLatticeAndAShiftAreInterpolated) {
  Scene a = scene("a");
  const auto wave = [](double x, double y) { return 1000 + 200 * std::sin(0.3 * x) + 150 * std::cos(0.25 * y); };
  add(a, Band::B04, grid_of(10, 40, 40), [&](int x, int y) { return static_cast<int>(std::lround(wave(x, y))); });
  // 3 m to the right and 4 m down: pixel x of the site lies at x + 10.3 of the raster.
  const Mosaic beside = acquisition({a}, grid_of(10, 10, 10, left + 103, top - 104), {Band::B04});
  MosaicOptions shifted;
  shifted.shift_x_px = 0.3;
  shifted.shift_y_px = 0.4;
  const Mosaic moved = acquisition({a}, grid_of(10, 10, 10, left + 100, top - 100), {Band::B04}, shifted);
  for (int y = 0; y < 10; ++y) {
    for (int x = 0; x < 10; ++x) {
      // Digital numbers are whole: 0.5 of rounding, and what cubic convolution misses of a wave of 21 pixels.
      EXPECT_NEAR(beside.reflectance.at(Band::B04).at(x, y), 1e-3 * wave(x + 10.3, y + 10.4), 1.2e-3);
      EXPECT_EQ(moved.reflectance.at(Band::B04).at(x, y), beside.reflectance.at(Band::B04).at(x, y));
    }
  }
}

TEST_F(MosaicTest, NoMeasurementIsNanAndSpoilsNoNeighbour) {
  Scene a = scene("a");
  add(a, Band::B04, grid_of(10, 6, 4), [](int x, int y) {
    return x == 2 && y == 1 ? 0 : x == 4 && y == 2 ? 65535 : 500;
  });
  add(a, Band::B11, grid_of(20, 3, 2), [](int x, int y) { return x == 0 && y == 1 ? 0 : 700; });
  const Mosaic result = acquisition({a}, grid_of(10, 8, 4), {Band::B04, Band::B11});
  EXPECT_THAT(picture(result.mask), testing::ElementsAre("......nn",  //
                                                         "..n...nn",  //
                                                         "nn..s.nn",  //
                                                         "nn....nn"));
  const Plane<float>& red = result.reflectance.at(Band::B04);
  EXPECT_TRUE(is_nan(red.at(2, 1)) && is_nan(red.at(4, 2)) && is_nan(red.at(6, 0)));
  EXPECT_FLOAT_EQ(red.at(0, 2), 0.5F);  // only the other band lacks it
  const Plane<float>& swir = result.reflectance.at(Band::B11);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 8; ++x) {
      if ((x < 2 && y >= 2) || x >= 6) {
        EXPECT_TRUE(is_nan(swir.at(x, y)));
      } else {
        EXPECT_FLOAT_EQ(swir.at(x, y), 0.7F) << x << " " << y;
      }
    }
  }
  // Cubic convolution across the gap falls back to the neighbours that there are.
  MosaicOptions shifted;
  shifted.shift_x_px = 0.25;
  const Mosaic moved = acquisition({a}, grid_of(10, 5, 4), {Band::B04}, shifted);
  EXPECT_FLOAT_EQ(moved.reflectance.at(Band::B04).at(1, 1), 0.5F);
  EXPECT_TRUE(is_nan(moved.reflectance.at(Band::B04).at(2, 1)));
}

TEST_F(MosaicTest, PartsAreMosaickedPixelByPixelInAllBands) {
  Scene a = scene("a");
  Scene b = scene("b");
  const Grid ten = grid_of(10, 8, 2);
  const Grid twenty = grid_of(20, 4, 1);
  add(a, Band::B04, ten, [](int x, int) { return x < 5 ? 100 : 0; });
  add(a, Band::B11, twenty, [](int x, int) { return x < 2 ? 200 : 0; });
  add(a, Band::SCL, twenty, [](int x, int) { return x < 2 ? 4 : 0; });
  add(b, Band::B04, ten, [](int x, int) { return x >= 2 && x < 7 ? 300 : 0; });
  add(b, Band::B11, twenty, [](int x, int) { return x >= 1 ? 400 : 0; });
  add(b, Band::SCL, twenty, [](int x, int) { return x >= 1 ? 11 : 0; });
  const Mosaic result = acquisition({a, b}, ten, {Band::B04, Band::B11});
  EXPECT_THAT(picture(result.mask), testing::ElementsAre("....wwwn", "....wwwn"));
  for (int x = 0; x < 7; ++x) {
    // Pixel 4 has red in the first part, but not the other band.
    EXPECT_FLOAT_EQ(result.reflectance.at(Band::B04).at(x, 0), x < 4 ? 0.1F : 0.3F);
    EXPECT_FLOAT_EQ(result.reflectance.at(Band::B11).at(x, 0), x < 4 ? 0.2F : 0.4F);
  }
  EXPECT_TRUE(is_nan(result.reflectance.at(Band::B04).at(7, 0)));
}

TEST_F(MosaicTest, ClassesBecomeReasons) {
  Scene a = scene("a");
  add(a, Band::SCL, grid_of(20, 13, 1), [](int x, int) { return x < 12 ? x : 255; });
  MosaicOptions still;
  still.cloud_growth_m = 0;
  still.shadow_growth_m = 0;
  const Mosaic result = acquisition({a}, grid_of(10, 28, 2), {}, still);
  // Classes 0 to 11, none, and beyond the raster.
  EXPECT_EQ(picture(result.mask)[0], "nnss..SS........CCCCiiwwnnnn");
  EXPECT_EQ(picture(result.mask)[1], picture(result.mask)[0]);
  const MaskShares shares = mask_shares(result.mask.view());
  EXPECT_DOUBLE_EQ(shares.nodata, 6.0 / 28);
  EXPECT_DOUBLE_EQ(shares.cloud, 6.0 / 22);
  EXPECT_DOUBLE_EQ(shares.shadow, 2.0 / 22);
  EXPECT_DOUBLE_EQ(shares.snow, 2.0 / 22);
  EXPECT_DOUBLE_EQ(shares.clear, 10.0 / 28);
  add(a, Band::SCL, grid_of(20, 13, 1), [](int x, int) { return x; });
  EXPECT_THROW(acquisition({a}, grid_of(10, 28, 2), {}, still), DataError);  // 12 is no class
}

TEST_F(MosaicTest, CloudsAndShadowsAreGrownByMetres) {
  Scene a = scene("a");
  const Grid scl = grid_of(20, 16, 8);
  // Three pixels of cloud in a corner, a shadow, and two touching pixels of cloud that are too few.
  add(a, Band::SCL, scl, [](int x, int y) {
    if ((x == 3 && y == 3) || (x == 4 && y == 3) || (x == 4 && y == 4)) return 9;
    if (x == 9 && y == 6) return 3;
    if ((x == 12 && y == 2) || (x == 13 && y == 1)) return 8;
    return 5;
  });
  EXPECT_THAT(picture(acquisition({a}, scl, {}).mask), testing::ElementsAre("................",  //
                                                                            "...CC........C..",  //
                                                                            "..CCCC......C...",  //
                                                                            ".CCCCCC.........",  //
                                                                            "..CCCCC.........",  //
                                                                            "...CCC...S......",  //
                                                                            "....C...SSS.....",  //
                                                                            ".........S......"));
  // On the site's 10 m grid, and where the cloud itself lies outside the site.
  const Mosaic part = acquisition({a}, grid_of(10, 4, 4, left + 100, top - 40), {});
  EXPECT_THAT(picture(part.mask), testing::ElementsAre("CC..", "CC..", "CCCC", "CCCC"));
  MosaicOptions all;
  all.smallest_growing_cloud_m2 = 0;
  EXPECT_EQ(picture(acquisition({a}, scl, {}, all).mask)[1], "...CC......CCCCC");
}

TEST_F(MosaicTest, TheMaskMovesWithTheShift) {
  Scene a = scene("a");
  add(a, Band::SCL, grid_of(20, 10, 10), [](int x, int) { return x < 5 ? 5 : 11; });
  MosaicOptions moved;
  moved.shift_x_px = 2.2;
  EXPECT_EQ(picture(acquisition({a}, grid_of(10, 8, 1, left + 40, top - 40), {}).mask)[0], "......ww");
  EXPECT_EQ(picture(acquisition({a}, grid_of(10, 8, 1, left + 40, top - 40), {}, moved).mask)[0], "....wwww");
}

TEST_F(MosaicTest, WithoutClassificationOnlyMissingPixelsAreMasked) {
  Scene a = scene("a");
  Scene b = scene("b");
  const Grid ten = grid_of(10, 4, 2);
  add(a, Band::B04, ten, [](int x, int) { return x < 2 ? 0 : 300; });
  EXPECT_EQ(picture(acquisition({a}, ten, {Band::B04}).mask)[0], "nn..");
  // Another part that has one speaks for its own pixels.
  add(b, Band::B04, ten, [](int x, int) { return x < 2 ? 300 : 0; });
  add(b, Band::SCL, grid_of(20, 2, 1), [](int x, int) { return x == 0 ? 11 : 0; });
  EXPECT_EQ(picture(acquisition({a, b}, ten, {Band::B04}).mask)[0], "ww..");
}

TEST_F(MosaicTest, ADispensableBandThatIsNotThereIsNoMeasurementAndMasksNothing) {
  Scene a = scene("a");
  const Grid grid = grid_of(10, 3, 2);
  add(a, Band::B04, grid, [](int x, int) { return x == 0 ? 0 : 100; });
  MosaicOptions options;
  constexpr std::array dispensable{Band::B03};
  options.dispensable = dispensable;
  const std::array bands{Band::B03, Band::B04};
  const Mosaic mosaic = read_mosaic(std::array{a}, grid, bands, options);
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 3; ++x) EXPECT_TRUE(is_nan(mosaic.reflectance.at(Band::B03).at(x, y)));
  }
  EXPECT_EQ(mosaic.reflectance.at(Band::B04).at(1, 1), 0.1F);
  EXPECT_EQ(picture(mosaic.mask), (std::vector<std::string>{"n..", "n.."}));
  const std::string refusal = chain_of([&] { read_mosaic(std::array{a}, grid, bands); });
  EXPECT_THAT(refusal, HasSubstr("no asset for band B03"));
}

TEST_F(MosaicTest, RefusalsNameSceneBandAndFile) {
  Scene a = scene("a");
  add(a, Band::B04, grid_of(10, 4, 2), [](int, int) { return 1; });
  EXPECT_THAT(message_of<DataError>([&] { acquisition({a}, grid_of(10, 4, 2), {Band::B11}); }),
              HasSubstr("a.json: no asset for band B11"));
  Grid unknown_crs = grid_of(10, 4, 2);
  unknown_crs.crs = "EPSG:1";
  const std::string message = chain_of([&] { acquisition({a}, unknown_crs, {Band::B04}); });
  EXPECT_THAT(message, HasSubstr("a band B04"));
  EXPECT_THAT(message, HasSubstr("EPSG:32638"));
  EXPECT_THAT(message, HasSubstr("EPSG:1'"));
  a.bands[Band::B04].path = folder_ / "missing.tif";
  EXPECT_THAT(chain_of([&] { acquisition({a}, grid_of(10, 4, 2), {Band::B04}); }), HasSubstr("missing.tif"));
  MosaicOptions absurd;
  absurd.cloud_growth_m = std::nan("");
  EXPECT_THROW(acquisition({a}, grid_of(10, 4, 2), {}, absurd), ConfigError);
}

// ---- another UTM zone ------------------------------------------------------------------------------------------

/// A site at 48 degrees east, where zone 38 ends and zone 39 begins; the meridians converge by 4 degrees between them.
class ZoneEdgeTest : public MosaicTest {
 protected:
  static constexpr int side = 150;
  const Grid site_{"EPSG:32638", {755000, 4432000}, 10, side, side};
  /// The same ground in zone 39, with room for the turn.
  Grid beyond(double pixel_size_m) const {
    const MapPoint middle = Reprojection("EPSG:32638", "EPSG:32639")(site_.to_map(side / 2.0, side / 2.0));
    const double half_m = 1200;
    const auto on_lattice = [&](double value) { return std::floor(value / 20) * 20; };
    const int pixels = static_cast<int>(2 * half_m / pixel_size_m);
    return {"EPSG:32639", {on_lattice(middle.x - half_m), on_lattice(middle.y + half_m)}, pixel_size_m, pixels, pixels};
  }
  /// Waves of 210 and 260 m over the eastings and northings of zone 38.
  static double wave(MapPoint point) {
    return 900 + 400 * std::sin(point.x / 33.4) + 300 * std::cos(point.y / 41.4 + point.x / 300);
  }
  void add_wave(Scene& scene, Band band, const Grid& grid) {
    Reprojection to_38(grid.crs, "EPSG:32638");
    add(scene, band, grid,
        [&](int x, int y) { return static_cast<int>(std::lround(wave(to_38(grid.to_map(x + 0.5, y + 0.5))))); });
  }
};

TEST_F(ZoneEdgeTest, BandsOfTheNeighbouringZoneLieWhereTheGroundDoes) {
  Scene a = scene("a");
  add_wave(a, Band::B04, beyond(10));
  add_wave(a, Band::B11, beyond(20));
  MosaicOptions shifted;
  shifted.shift_x_px = 0.3;
  shifted.shift_y_px = -0.7;
  for (const MosaicOptions& options : {MosaicOptions{}, shifted}) {
    const Mosaic result = acquisition({a}, site_, {Band::B04, Band::B11}, options);
    double worst_red = 0;
    double worst_swir = 0;
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        EXPECT_EQ(result.mask.at(x, y), mask_clear);
        const double truth = 1e-3 * wave(site_.to_map(x + 0.5 + options.shift_x_px, y + 0.5 + options.shift_y_px));
        worst_red = std::max(worst_red, std::abs(result.reflectance.at(Band::B04).at(x, y) - truth));
        worst_swir = std::max(worst_swir, std::abs(result.reflectance.at(Band::B11).at(x, y) - truth));
      }
    }
    // Slopes are up to 0.24 a pixel: a hundredth of a pixel of error in place is 0.0024, and cubic convolution misses
    // about as much of such harmonics. Linear interpolation misses h^2 / 8 of their curvature: 0.05 with h = 20 m.
    EXPECT_LT(worst_red, 0.006);
    EXPECT_LT(worst_swir, 0.09);
    EXPECT_GT(worst_swir, 0.006);
  }
}

TEST_F(ZoneEdgeTest, ShiftsAreMeasuredAcrossZones) {
  constexpr int wide = 220;
  const Grid grid{"EPSG:32638", {755000, 4432000}, 10, wide, wide};
  const MapPoint corner = Reprojection("EPSG:32638", "EPSG:32639")(grid.origin);
  const Grid raster{
      "EPSG:32639", {std::floor(corner.x / 20) * 20 - 400, std::ceil(corner.y / 20) * 20 + 400}, 10, 320, 320};
  static const test::Texture texture{5};
  const auto ground = [&](MapPoint point) {
    return 1000 + 200 * texture((point.x - grid.origin.x) / 10, (grid.origin.y - point.y) / 10);
  };
  Scene here = scene("here");
  Scene beyond = scene("beyond");
  add(here, Band::B04, grid, [&](int x, int y) { return static_cast<int>(ground(grid.to_map(x + 0.5, y + 0.5))); });
  Reprojection to_38("EPSG:32639", "EPSG:32638");
  add(beyond, Band::B04, raster, [&](int x, int y) {
    const MapPoint point = to_38(raster.to_map(x + 0.5, y + 0.5));
    return static_cast<int>(ground({point.x - 4, point.y - 8}));  // moved by 4 m to the east and 8 m to the north
  });
  const Mosaic reference = acquisition({here}, grid, {Band::B04});
  const Mosaic moved = acquisition({beyond}, grid, {Band::B04});
  const auto shift = estimate_shift(reference.reflectance.at(Band::B04).view(), reference.mask.view(),
                                    moved.reflectance.at(Band::B04).view(), moved.mask.view());
  ASSERT_TRUE(shift.has_value());
  EXPECT_NEAR(shift->x_px, 0.4, 0.1);
  EXPECT_NEAR(shift->y_px, -0.8, 0.1);
}

TEST_F(ZoneEdgeTest, ClassesComeOverAndGrow) {
  Scene a = scene("a");
  Reprojection to_38("EPSG:32639", "EPSG:32638");
  const Grid raster = beyond(20);
  const MapPoint middle = site_.to_map(side / 2.0, side / 2.0);
  const auto far_m = [&](MapPoint point) { return std::hypot(point.x - middle.x, point.y - middle.y); };
  add(a, Band::SCL, raster, [&](int x, int y) { return far_m(to_38(raster.to_map(x + 0.5, y + 0.5))) < 300 ? 9 : 5; });
  for (const double growth_m : {0.0, 60.0}) {
    MosaicOptions options;
    options.cloud_growth_m = growth_m;
    const Mosaic result = acquisition({a}, site_, {}, options);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const double distance_m = far_m(site_.to_map(x + 0.5, y + 0.5)) - 300 - growth_m;
        // Pixels of 20 m that are turned: their corners lie 14 m from their middles, and growth goes by middles.
        if (std::abs(distance_m) < 30) continue;
        ASSERT_EQ(result.mask.at(x, y), distance_m < 0 ? mask_cloud : mask_clear) << x << " " << y;
      }
    }
  }
}

TEST_F(ZoneEdgeTest, GapsOfTheOwnZoneAreFilledFromTheNeighbour) {
  Scene own = scene("own");
  Scene neighbour = scene("neighbour");
  const auto is_east = [&](int x) { return x >= side / 2; };
  add(own, Band::B04, site_, [&](int x, int) { return is_east(x) ? 0 : 100; });
  add(own, Band::SCL, {"EPSG:32638", site_.origin, 20, side / 2, side / 2},
      [&](int x, int) { return is_east(2 * x) ? 0 : 4; });
  add(neighbour, Band::B04, beyond(10), [](int, int) { return 300; });
  add(neighbour, Band::SCL, beyond(20), [](int, int) { return 11; });
  const Mosaic result = acquisition({own, neighbour}, site_, {Band::B04});
  for (int y = 0; y < side; y += 7) {
    for (int x = 0; x < side; ++x) {
      EXPECT_FLOAT_EQ(result.reflectance.at(Band::B04).at(x, y), is_east(x) ? 0.3F : 0.1F);
      // Pixels of the classification are twice as large.
      if (x >= side / 2 + 1 || x < side / 2 - 1) {
        EXPECT_EQ(result.mask.at(x, y), is_east(x) ? mask_snow : mask_clear);
      }
    }
  }
}

TEST_F(ZoneEdgeTest, WhatLiesElsewhereIsNoData) {
  Scene a = scene("a");
  add(a, Band::B04, {"EPSG:32639", {600000, 4432000}, 10, 20, 20}, [](int, int) { return 500; });
  Scene antipodes = scene("b");
  add(antipodes, Band::B04, {"EPSG:32708", {600000, 4432000}, 10, 20, 20}, [](int, int) { return 500; });
  for (const Scene& one : {a, antipodes}) {
    const Mosaic result = acquisition({one}, grid_of(10, 30, 30, 755000, 4432000), {Band::B04});
    EXPECT_DOUBLE_EQ(mask_shares(result.mask.view()).nodata, 1);
  }
}

TEST(SiteGrid, HoldsTheSiteOnTheLatticeOfTheTiles) {
  Site site;
  site.crs = "EPSG:32638";
  site.lower_left = {648791.5, 4448001};
  site.upper_right = {650000, 4450619.9};
  EXPECT_EQ(site_grid(site), grid_of(10, 122, 262, 648780, 4450620));
  const DegreeBox box = degree_box(site_grid(site));
  EXPECT_NEAR(box.west, 46.7472, 1e-3);
  EXPECT_NEAR(box.north, 40.1928, 1e-3);
  EXPECT_LT(box.west, box.east);
  EXPECT_LT(box.south, box.north);
}

// ---- shifts ----------------------------------------------------------------------------------------------------

/// Ground with texture; of period 256 px at its finest.
double ground(double x, double y) {
  static const test::Texture texture{5};
  return texture(x, y);
}

struct Sample {
  Plane<float> values;
  Plane<MaskBits> mask;
};

Sample sample(int size, const std::function<double(int, int)>& value) {
  Sample result{{size, size}, {size, size}};
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      result.values.at(x, y) = static_cast<float>(value(x, y));
      result.mask.at(x, y) = mask_clear;
    }
  }
  return result;
}

std::optional<MosaicShift> shift_between(const Sample& a, const Sample& b) {
  return estimate_shift(a.values.view(), a.mask.view(), b.values.view(), b.mask.view());
}

TEST(MosaicShifts, AreMeasuredToATenthOfAPixel) {
  constexpr int size = 240;
  const Sample reference = sample(size, [](int x, int y) { return 0.2 + 0.02 * ground(x, y); });
  // What is at x in the reference is at x + 0.6 here; other light, and cloud over a fifth of the site.
  Sample moved = sample(size, [](int x, int y) { return 0.3 + 0.03 * ground(x - 0.6, y + 1.3); });
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size / 5; ++x) {
      moved.mask.at(x, y) = mask_cloud;
      moved.values.at(x, y) = 0.9F;
    }
  }
  const auto shift = shift_between(reference, moved);
  ASSERT_TRUE(shift.has_value());
  EXPECT_NEAR(shift->x_px, 0.6, 0.1);
  EXPECT_NEAR(shift->y_px, -1.3, 0.1);
  EXPECT_LT(shift->sigma_px, 0.1);
  EXPECT_GE(shift->windows, 4);
}

TEST(MosaicShifts, AreNotInventedWhereNothingCanBeSeen) {
  constexpr int size = 240;
  const Sample reference = sample(size, [](int x, int y) { return 0.2 + 0.02 * ground(x, y); });
  const Sample flat = sample(size, [](int, int) { return 0.2; });
  EXPECT_EQ(shift_between(reference, flat), std::nullopt);
  Sample cloudy = sample(size, [](int x, int y) { return 0.2 + 0.02 * ground(x, y); });
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; x += 6) cloudy.mask.at(x, y) = mask_cloud;  // a sixth, everywhere
  }
  EXPECT_EQ(shift_between(reference, cloudy), std::nullopt);
  // Other ground altogether.
  const Sample other = sample(size, [](int x, int y) { return 0.2 + 0.02 * ground(3 * y + 1000, 2500 - 3 * x); });
  EXPECT_EQ(shift_between(reference, other), std::nullopt);
  const Sample small = sample(90, [](int x, int y) { return ground(x, y); });
  EXPECT_EQ(shift_between(small, small), std::nullopt);
}

TEST(MosaicShifts, MissingPixelsAreNotLookedAt) {
  constexpr int size = 200;
  const Sample reference = sample(size, [](int x, int y) { return 0.2 + 0.02 * ground(x, y); });
  Sample gaps = sample(size, [](int x, int y) { return 0.2 + 0.02 * ground(x - 1, y); });
  for (int i = 0; i < size; ++i) gaps.values.at(i, i / 2) = std::nanf("");
  const auto shift = shift_between(reference, gaps);
  ASSERT_TRUE(shift.has_value());
  EXPECT_NEAR(shift->x_px, 1, 0.1);
  EXPECT_NEAR(shift->y_px, 0, 0.1);
}

}  // namespace
}  // namespace pitwatch
