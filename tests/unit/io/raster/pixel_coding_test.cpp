// Numbers that are no digital numbers as such: exact values, and files of them read block by block and by window.

#include <gdal/gdal.h>
#include <gdal/ogr_srs_api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/raster/pixel_coding.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;

TEST(PixelCoding, Fmask) {
  EXPECT_EQ(class_of_fmask(0), SclClass::unclassified);
  EXPECT_EQ(class_of_fmask(0b11000000), SclClass::unclassified);  // much aerosol
  EXPECT_EQ(class_of_fmask(255), SclClass::no_data);
  EXPECT_EQ(class_of_fmask(65535), SclClass::no_data);
  EXPECT_EQ(class_of_fmask(1 << 0), SclClass::cirrus);
  EXPECT_EQ(class_of_fmask(1 << 1), SclClass::cloud);
  EXPECT_EQ(class_of_fmask(1 << 2), SclClass::cloud);
  EXPECT_EQ(class_of_fmask(1 << 3), SclClass::cloud_shadow);
  EXPECT_EQ(class_of_fmask(1 << 4), SclClass::snow);
  EXPECT_EQ(class_of_fmask(1 << 5), SclClass::water);
  EXPECT_EQ(class_of_fmask(1 << 2 | 1 << 3), SclClass::cloud_shadow);
  EXPECT_EQ(class_of_fmask(1 << 4 | 1 << 5), SclClass::snow);
}

TEST(PixelCoding, Maja) {
  EXPECT_EQ(class_of_maja(0, 0), SclClass::unclassified);
  EXPECT_EQ(class_of_maja(1, 0), SclClass::unclassified);  // bit 0 repeats what others say
  EXPECT_EQ(class_of_maja(1 << 1, 1 << 2), SclClass::cloud);
  EXPECT_EQ(class_of_maja(1 << 2 | 1 << 3, 0), SclClass::unclassified);  // how it was found
  EXPECT_EQ(class_of_maja(1 << 4, 0), SclClass::cirrus);
  EXPECT_EQ(class_of_maja(1 << 7, 0), SclClass::cirrus);
  EXPECT_EQ(class_of_maja(1 << 5, 0), SclClass::cloud_shadow);
  EXPECT_EQ(class_of_maja(1 << 6, 0), SclClass::cloud_shadow);
  EXPECT_EQ(class_of_maja(0, 1 << 0), SclClass::water);
  EXPECT_EQ(class_of_maja(0, 1 << 1), SclClass::cloud);
  EXPECT_EQ(class_of_maja(0, 1 << 2), SclClass::snow);
  EXPECT_EQ(class_of_maja(0, 1 << 3), SclClass::cloud_shadow);
  EXPECT_EQ(class_of_maja(0, 1 << 4), SclClass::unclassified);  // shadow of terrain
  for (const int bit : {5, 6, 7}) {
    EXPECT_EQ(class_of_maja(1 << 1, static_cast<std::uint16_t>(1 << bit)), SclClass::no_data) << bit;
  }
}

TEST(PixelCoding, Qa60) {
  EXPECT_EQ(class_of_qa60(0), SclClass::unclassified);
  EXPECT_EQ(class_of_qa60(1 << 9), SclClass::unclassified);
  EXPECT_EQ(class_of_qa60(1 << 10), SclClass::cloud);
  EXPECT_EQ(class_of_qa60(1 << 11), SclClass::cirrus);
}

TEST(PixelCoding, Reflectances) {
  RasterLayer layer;
  layer.coding = PixelCoding::reflectance;
  layer.scale = 1e-4;
  layer.nodata = -9999;
  EXPECT_EQ(dn_of(-9999, layer), 0);
  EXPECT_EQ(dn_of(std::nan(""), layer), 0);
  EXPECT_EQ(dn_of(std::numeric_limits<double>::infinity(), layer), 0);
  EXPECT_EQ(dn_of(0, layer), 1000);
  EXPECT_EQ(dn_of(-300, layer), 700);
  EXPECT_EQ(dn_of(4321, layer), 5321);
  EXPECT_EQ(dn_of(-9998, layer), 1);  // a number, beyond what a measurement can be
  EXPECT_EQ(dn_of(1e9, layer), 65534);
  layer.scale = 1;
  layer.offset = -0.1;
  EXPECT_EQ(dn_of(0.25, layer), 2500);
  // The calibration gives the reflectance back.
  const double reflectance = 2500 * double{reflectance_calibration.scale} + double{reflectance_calibration.offset};
  EXPECT_NEAR(reflectance, 0.15, 1e-6);
}

/// Two bands, of which the second holds x + 10 y - 50, and -9999 at (3, 2).
void write_raster(const std::string& path, GDALDataType type, bool by_pixel, double origin_x = 600000) {
  initialise_gdal(16 << 20);
  std::vector<const char*> options{"TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=32",
                                   by_pixel ? "INTERLEAVE=PIXEL" : "INTERLEAVE=BAND", nullptr};
  const GDALDatasetH dataset =
      GDALCreate(GDALGetDriverByName("GTiff"), path.c_str(), 40, 50, 2, type, const_cast<char**>(options.data()));
  ASSERT_NE(dataset, nullptr);
  std::array<double, 6> transform{origin_x, 10, 0, 4700000, 0, -10};
  GDALSetGeoTransform(dataset, transform.data());
  const OGRSpatialReferenceH crs = OSRNewSpatialReference(nullptr);
  OSRSetFromUserInput(crs, "EPSG:32638");
  GDALSetSpatialRef(dataset, crs);
  OSRDestroySpatialReference(crs);
  std::vector<double> row(40);
  for (int y = 0; y < 50; ++y) {
    for (int x = 0; x < 40; ++x) row[static_cast<std::size_t>(x)] = x == 3 && y == 2 ? -9999 : x + 10 * y - 50;
    ASSERT_EQ(GDALRasterIO(GDALGetRasterBand(dataset, 2), GF_Write, 0, y, 40, 1, row.data(), 40, 1, GDT_Float64, 0, 0),
              CE_None);
  }
  GDALClose(dataset);
}

TEST(PixelCoding, FilesOfAnyTypeByBlockAndByWindow) {
  const TemporaryFolder folder;
  RasterLayer layer;
  layer.number = 2;
  layer.coding = PixelCoding::reflectance;
  layer.scale = 1e-3;
  layer.nodata = -9999;
  for (const GDALDataType type : {GDT_Int16, GDT_Int32, GDT_Float32, GDT_Float64}) {
    for (const bool by_pixel : {false, true}) {
      const std::string path = folder / (std::string(GDALGetDataTypeName(type)) + (by_pixel ? "p" : "b") + ".tif");
      write_raster(path, type, by_pixel);
      const BandFile file(path, layer);
      EXPECT_EQ(file.pixel_bits(), 16);
      EXPECT_NE(file.key(), BandFile(path, {.coding = PixelCoding::reflectance}).key());
      Plane<std::uint16_t> window(40, 50);
      file.read_window(file.grid().extent(), window.view());
      std::vector<std::uint16_t> block(16 * 32);
      for (int y = 0; y < 50; ++y) {
        for (int x = 0; x < 40; ++x) {
          const int expected = x == 3 && y == 2 ? 0 : 1000 + 10 * (x + 10 * y - 50);
          ASSERT_EQ(window.at(x, y), expected) << path << " " << x << "," << y;
        }
      }
      for (int by = 0; by < file.blocks_down(); ++by) {
        for (int bx = 0; bx < file.blocks_across(); ++bx) {
          const BlockSize size = file.read_block(bx, by, {block.data(), 16, 32, 16});
          for (int y = 0; y < size.height; ++y) {
            for (int x = 0; x < size.width; ++x) {
              ASSERT_EQ(block[static_cast<std::size_t>(y * 16 + x)], window.at(bx * 16 + x, by * 32 + y));
            }
          }
        }
      }
    }
  }
  const std::string path = folder / "Float32b.tif";
  EXPECT_THAT(message_of<DataError>([&] { BandFile(path, {.number = 3}); }), HasSubstr("has no band 3: it has 2"));
  EXPECT_THAT(message_of<DataError>([&] { BandFile(path, {.number = 2}); }), HasSubstr("pixels are Float32"));
}

TEST(PixelCoding, AMaskBesideLiesOnTheSameGrid) {
  const TemporaryFolder folder;
  write_raster(folder / "clm.tif", GDT_Int16, false);
  write_raster(folder / "mg2.tif", GDT_Int16, true);
  write_raster(folder / "other.tif", GDT_Int16, false, 600010);
  RasterLayer layer;
  layer.number = 2;
  layer.coding = PixelCoding::maja;
  layer.beside = folder / "mg2.tif";
  const BandFile file(folder / "clm.tif", layer);
  EXPECT_EQ(file.pixel_bits(), 8);
  Plane<std::uint16_t> window(40, 50);
  file.read_window(file.grid().extent(), window.view());
  // MG2 is its first band, all 0: what CLM's 2 says counts, at x + 10 y - 50 = 2.
  EXPECT_EQ(window.at(2, 5), static_cast<int>(SclClass::cloud));
  EXPECT_EQ(window.at(4, 5), static_cast<int>(SclClass::unclassified));
  EXPECT_EQ(window.at(32, 5), static_cast<int>(SclClass::cloud_shadow));
  std::vector<std::uint16_t> block(16 * 32);
  file.read_block(2, 0, {block.data(), 16, 32, 16});
  EXPECT_EQ(block[5 * 16], static_cast<int>(SclClass::cloud_shadow));
  layer.beside = folder / "other.tif";
  EXPECT_THAT(message_of<DataError>([&] { BandFile(folder / "clm.tif", layer); }), HasSubstr("lies otherwise"));
}

}  // namespace
}  // namespace pitwatch
