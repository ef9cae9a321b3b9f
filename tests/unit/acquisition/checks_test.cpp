// Bands and classifications of one scene that do not show one ground, found wherever in a large scene there is
// something to tell by.

#include "pipeline/acquisition/checks.hpp"

#include <gdal/cpl_conv.h>
#include <gdal/gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <tuple>

#include "pipeline/core/error.hpp"
#include "pipeline/io/raster/geotiff_writer.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;

constexpr int side_px = 768;  // three windows
constexpr std::array bands{Band::B02, Band::B04, Band::B08};

/// Fields of 12 pixels, of one of two kinds that does not follow from those of their neighbours.
bool is_planted(int x, int y) {
  auto cell = static_cast<std::uint32_t>((x + 1200) / 12 * 131 + (y + 1200) / 12 * 7919);
  cell = (cell ^ cell >> 7) * 2654435761U;
  return (cell >> 15) % 2 == 0;
}

class Displaced : public testing::Test {
 protected:
  using Pixels = std::function<int(int x, int y)>;

  /// Fields where `is_told(x, y)`, and bare ground without anything to tell by around them.
  explicit Displaced(std::function<bool(int, int)> is_told = [](int x, int y) { return x >= 512 && y >= 512; })
      : is_told_(std::move(is_told)) {
    scene_.id = "S";
    add(Band::B02, [&](int x, int y) { return is_plant(x, y) ? 300 : 1200; });
    add(Band::B04, [&](int x, int y) { return is_plant(x, y) ? 300 : 2000; });
    add(Band::B08, [&](int x, int y) { return is_plant(x, y) ? 3000 : 2500; });
    add(Band::SCL, [&](int x, int y) { return is_plant(x, y) ? 4 : 5; });
  }

  bool is_plant(int x, int y) const { return is_told_(x, y) && is_planted(x, y); }

  void add(Band band, const Pixels& dn) {
    const Grid grid{"EPSG:32638", {600000, 4500000}, 10, side_px, side_px};
    Plane<std::uint16_t> plane(side_px, side_px);
    for (int y = 0; y < side_px; ++y) {
      for (int x = 0; x < side_px; ++x) plane.at(x, y) = static_cast<std::uint16_t>(dn(x, y));
    }
    const std::string path = folder_ / (std::string(name(band)) + ".tif");
    write_geotiff_u16(path, grid, plane.view(), 0);
    Calibration calibration{1e-4F, 0, std::uint16_t{0}, std::uint16_t{65535}};
    if (band == Band::SCL) calibration = {1, 0, std::uint16_t{0}, std::nullopt};
    scene_.bands[band] = {path, calibration, {}};
    grid_ = grid;
  }
  void check() const {
    OpenBands files;
    refuse_displaced(scene_, grid_, bands, files);
  }

  TemporaryFolder folder_;
  std::function<bool(int, int)> is_told_;
  Scene scene_;
  Grid grid_;
};

TEST_F(Displaced, NothingIsSaidOfAScenesOwnBands) { EXPECT_NO_THROW(check()); }

TEST_F(Displaced, ABandThatWasMovedIsFoundWhereThereIsSomethingToTellBy) {
  add(Band::B08, [&](int x, int y) { return is_plant(x + 30, y) ? 3000 : 2500; });
  EXPECT_THAT(message_of<DataError>([&] { check(); }),
              HasSubstr("B08.tif: shows the ground -300 m east and 0 m south of where B04 has it"));
}

TEST_F(Displaced, AClassificationThatWasMovedIsFoundLikewise) {
  add(Band::SCL, [&](int x, int y) { return is_plant(x, y - 40) ? 4 : 5; });
  EXPECT_THAT(message_of<DataError>([&] { check(); }), HasSubstr("SCL.tif: "));
  EXPECT_THAT(message_of<DataError>([&] { check(); }), HasSubstr("0 m further east and -400 m further south"));
}

TEST_F(Displaced, AClassificationIsLookedAtWhereItTellsMost) {
  // Clouds of another day, far from where the bands differ.
  add(Band::SCL, [&](int x, int y) { return y < 60 && x < 60 ? 9 : is_plant(x, y) ? 4 : 5; });
  EXPECT_NO_THROW(check());  // what is called cloud is bright enough to be some
  add(Band::B02, [&](int x, int y) { return is_plant(x, y) ? 300 : 900; });
  EXPECT_NO_THROW(check());  // fields tell more than one cloud
  is_told_ = [](int x, int y) { return x >= 512 && y >= 740; };
  for (const Band band : bands)
    add(band, [&](int x, int y) { return is_plant(x, y) ? 300 : band == Band::B02 ? 900 : 2000; });
  add(Band::B08, [&](int x, int y) { return is_plant(x, y) ? 3000 : 2500; });
  add(Band::SCL, [&](int x, int y) { return y < 200 && x < 200 && is_planted(x, y) ? 9 : is_plant(x, y) ? 4 : 5; });
  EXPECT_THAT(message_of<DataError>([&] { check(); }),
              HasSubstr("SCL.tif: is not of this scene: 100 % of what it calls cloud plainly is none"));
}

TEST_F(Displaced, WithoutAClassificationOrItsBandsNothingIsSaidOfIt) {
  add(Band::SCL, [&](int x, int y) { return is_plant(x, y - 40) ? 4 : 5; });
  const std::array two{Band::B04, Band::B08};
  OpenBands files;
  EXPECT_NO_THROW(refuse_displaced(scene_, grid_, two, files));
  scene_.bands.erase(Band::SCL);
  EXPECT_NO_THROW(check());
}

TEST_F(Displaced, ABandThatIsACopyOfAnotherIsFoundUnlessItIsTheSameEverywhere) {
  const std::string own = scene_.bands[Band::B02].path;
  scene_.bands[Band::B02].path = scene_.bands[Band::B04].path;
  EXPECT_THAT(message_of<DataError>([&] { check(); }), HasSubstr("B04.tif: has the pixels of B02: "));
  scene_.bands[Band::B02].path = own;
  scene_.bands.erase(Band::SCL);
  for (const Band band : bands) add(band, [](int, int) { return 900; });
  EXPECT_NO_THROW(check());
}

TEST_F(Displaced, AFileThatLiesElsewhereIsRefusedWhereAnotherShowsTheGround) {
  constexpr std::array of_ground{Band::B04, Band::B02, Band::B08, Band::B12, Band::SCL};
  OpenBands files;
  const Grid ground{"EPSG:32638", {601000, 4499000}, 10, 100, 100};
  EXPECT_NO_THROW(refuse_elsewhere(scene_, ground, of_ground, files));
  Plane<std::uint16_t> plane(side_px, side_px);
  for (const Band band : {Band::B04, Band::B02, Band::SCL}) {
    const BandAsset own = scene_.bands.at(band);
    const auto message_at = [&](const std::string& crs, double x) {
      const std::string path =
          folder_ / (std::string(name(band)) + "_of_" + std::to_string(x) + crs.substr(5) + ".tif");
      write_geotiff_u16(path, {crs, {x, 4500000}, 10, side_px, side_px}, plane.view(), 0);
      scene_.bands[band].path = path;
      try {
        refuse_elsewhere(scene_, ground, of_ground, files);
        return std::string();
      } catch (const DataError& error) {
        return std::string(error.what());
      }
    };
    const std::string elsewhere = message_at("EPSG:32638", 700000);
    EXPECT_THAT(elsewhere, testing::AllOf(HasSubstr(std::string(name(band)) + ": " + scene_.bands[band].path),
                                          HasSubstr(": shows other ground than B0")));
    EXPECT_NE(message_at("EPSG:32638", 602100), "") << "over B04, but not over the ground";
    EXPECT_EQ(message_at("EPSG:32638", 601900), "") << "over some of the ground";
    const Grid outside{"EPSG:32638", {620000, 4499000}, 10, 100, 100};
    EXPECT_NO_THROW(refuse_elsewhere(scene_, outside, of_ground, files));
    EXPECT_NE(message_at("EPSG:32639", 600000), "") << "in another zone";
    scene_.bands[band] = own;
  }
}

TEST_F(Displaced, OfFilesThatSayWhatNoDataIsTheScenesOwnNumberCountsWhereItHasOne) {
  Plane<std::uint16_t> plane(side_px, side_px);
  for (int y = 0; y < side_px; ++y) std::fill_n(plane.row(y), side_px, std::uint16_t{9999});
  BandAsset asset{folder_ / "own.tif", {}, {}};
  write_geotiff_u16(asset.path, grid_, plane.view(), 9999);
  const auto read = [&] {
    OpenBands files;
    return files.at(asset).read_spread(std::int64_t{side_px} * side_px).at(7, 7);
  };
  EXPECT_EQ(read(), 0);
  for (const auto& other : {std::optional<std::uint16_t>(5), std::optional<std::uint16_t>()}) {
    asset.calibration.nodata = other;
    EXPECT_EQ(read(), 9999);
  }
}

TEST_F(Displaced, ScalesThatDifferBetweenBandsAreRefused) {
  scene_.bands.at(Band::B08).calibration.scale = 2e-4F;
  const auto decision = [&](OffsetCheck check) { return check_offsets_without_pixels(scene_, check, "").decision; };
  EXPECT_FALSE(decision(OffsetCheck::refuse).use);
  EXPECT_EQ(decision(OffsetCheck::refuse).reason,
            "scales differ between bands, and products have one: B02 0.0001, B08 0.0002");
  EXPECT_TRUE(decision(OffsetCheck::warn).use);
  EXPECT_THAT(decision(OffsetCheck::warn).warnings, testing::Contains(HasSubstr("B02 0.0001, B08 0.0002")));
  EXPECT_TRUE(decision(OffsetCheck::off).use);
}

TEST_F(Displaced, WhatAFileSaysOfItsNumbersIsHeldAgainstHowTheyAreRead) {
  const auto decision = [&](double scale, double offset, const std::string& rule, OffsetCheck check) {
    const GDALDatasetH dataset = GDALOpen(scene_.bands.at(Band::B04).path.c_str(), GA_Update);
    GDALSetRasterScale(GDALGetRasterBand(dataset, 1), scale);
    GDALSetRasterOffset(GDALGetRasterBand(dataset, 1), offset);
    GDALClose(dataset);
    scene_.offsets.rule = rule;
    OpenBands files;
    return check_offsets_of(scene_, files, check).decision;
  };
  const std::string says = "B04: " + scene_.bands.at(Band::B04).path + ": says of itself scale ";
  for (const auto& [scale, offset, rule] :
       {std::tuple{2e-4, 0.0, "processing baseline"}, {2e-4, 0.0, "none given"}, {1e-4, -0.1, "none given"}}) {
    const OffsetDecision refused = decision(scale, offset, rule, OffsetCheck::refuse);
    EXPECT_FALSE(refused.use);
    EXPECT_THAT(refused.reason, testing::StartsWith(says));
    EXPECT_THAT(refused.reason, HasSubstr("but is read by scale 0.0001 and offset 0 (" + std::string(rule) + ")"));
    EXPECT_THAT(decision(scale, offset, rule, OffsetCheck::warn).warnings, testing::Contains(HasSubstr(says)));
    EXPECT_TRUE(decision(scale, offset, rule, OffsetCheck::off).use);
  }
  const OffsetDecision stated = decision(1e-4, -0.1, "raster:bands", OffsetCheck::refuse);
  EXPECT_TRUE(stated.use);
  EXPECT_THAT(stated.warnings, testing::Contains(HasSubstr(says + "0.0001 and offset -0.1, but")));
  for (const double scale : {1e-4, 1.0}) {  // 1 says nothing
    const OffsetDecision agrees = decision(scale, 0, "none given", OffsetCheck::refuse);
    EXPECT_TRUE(agrees.use);
    EXPECT_THAT(agrees.warnings, testing::Not(testing::Contains(HasSubstr(says))));
  }
}

TEST_F(Displaced, AMaskNeedsANumberForNoData) {
  BandAsset& asset = scene_.bands.at(Band::B04);
  CPLSetConfigOption("GDAL_TIFF_INTERNAL_MASK", "YES");
  const GDALDatasetH dataset = GDALOpen(asset.path.c_str(), GA_Update);
  ASSERT_EQ(GDALCreateDatasetMaskBand(dataset, GMF_PER_DATASET), CE_None);
  ASSERT_EQ(GDALFillRaster(GDALGetMaskBand(GDALGetRasterBand(dataset, 1)), 0, 0), CE_None);
  GDALClose(dataset);
  CPLSetConfigOption("GDAL_TIFF_INTERNAL_MASK", nullptr);
  const auto read = [&](std::optional<std::uint16_t> nodata) {
    asset.calibration.nodata = nodata;
    OpenBands files;
    return files.at(asset).read_spread(std::int64_t{side_px} * side_px).at(7, 7);
  };
  EXPECT_EQ(read(0), 0);
  EXPECT_EQ(read(4321), 4321);
  EXPECT_THAT(message_of<DataError>([&] { read(std::nullopt); }), HasSubstr("has a mask, and nothing gives a number"));
}

}  // namespace
}  // namespace pitwatch
