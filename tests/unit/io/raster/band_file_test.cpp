// Block reads: against RasterIO, on edges, at once, and on broken files.

#include <gdal/cpl_conv.h>
#include <gdal/gdal.h>
#include <gdal/ogr_srs_api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/raster/block_cache.hpp"
#include "pipeline/io/raster/geotiff_writer.hpp"
#include "pipeline/io/raster/sparse_raster.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Raster {
  int width = 300;
  int height = 200;
  GDALDataType type = GDT_UInt16;
  std::vector<const char*> options{"TILED=YES", "BLOCKXSIZE=128", "BLOCKYSIZE=64", "COMPRESS=DEFLATE"};
  std::vector<double> transform{600000, 10, 0, 4700000, 0, -10};
  const char* crs = "EPSG:32638";
};

int pixel(int x, int y) { return (x * 131 + y * 523 + (x * y) % 97) % 4000; }

/// Pixels: pixel(x, y), less 200 for Int16 so that some are negative, the low byte for Byte.
void write_raster(const std::string& path, Raster raster) {
  initialise_gdal(16 << 20);
  raster.options.push_back(nullptr);
  const GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("GTiff"), path.c_str(), raster.width, raster.height, 1,
                                          raster.type, const_cast<char**>(raster.options.data()));
  ASSERT_NE(dataset, nullptr);
  if (!raster.transform.empty()) GDALSetGeoTransform(dataset, raster.transform.data());
  if (raster.crs != nullptr) {
    const OGRSpatialReferenceH crs = OSRNewSpatialReference(nullptr);
    OSRSetFromUserInput(crs, raster.crs);
    GDALSetSpatialRef(dataset, crs);
    OSRDestroySpatialReference(crs);
  }
  std::vector<std::int32_t> row(static_cast<std::size_t>(raster.width));
  for (int y = 0; y < raster.height; ++y) {
    for (int x = 0; x < raster.width; ++x) {
      int value = pixel(x, y);
      if (raster.type == GDT_Int16) value -= 200;
      if (raster.type == GDT_Byte) value %= 256;
      row[static_cast<std::size_t>(x)] = value;
    }
    ASSERT_EQ(GDALRasterIO(GDALGetRasterBand(dataset, 1), GF_Write, 0, y, raster.width, 1, row.data(), raster.width, 1,
                           GDT_Int32, 0, 0),
              CE_None);
  }
  GDALClose(dataset);
}

/// Every block against the same window by RasterIO, and against the formula.
void expect_blocks(const BandFile& file, int padding, const std::function<int(int, int)>& expected) {
  const int bw = file.block_width();
  const int bh = file.block_height();
  const std::uint16_t guard = 51966;
  std::vector<std::uint16_t> block(static_cast<std::size_t>((bw + padding) * bh));
  std::vector<std::uint16_t> window(block.size());
  for (int by = 0; by < file.blocks_down(); ++by) {
    for (int bx = 0; bx < file.blocks_across(); ++bx) {
      std::fill(block.begin(), block.end(), guard);
      const PlaneView<std::uint16_t> into{block.data(), bw, bh, bw + padding};
      const BlockSize size = file.read_block(bx, by, into);
      const Window where = intersection({bx * bw, by * bh, bw, bh}, file.grid().extent());
      ASSERT_EQ(size, (BlockSize{where.width, where.height}));
      file.read_window(where, {window.data(), where.width, where.height, where.width});
      for (int y = 0; y < bh; ++y) {
        for (int x = 0; x < bw; ++x) {
          if (x < size.width && y < size.height) {
            ASSERT_EQ(into.at(x, y), window[static_cast<std::size_t>(y * where.width + x)]) << bx << ',' << by;
            ASSERT_EQ(into.at(x, y), expected(where.x + x, where.y + y));
          } else {
            ASSERT_EQ(into.at(x, y), guard) << "written outside the clipped block";
          }
        }
        for (int x = bw; x < bw + padding && y + 1 < bh; ++x) {
          ASSERT_EQ(block[static_cast<std::size_t>(y * (bw + padding) + x)], guard) << "written between rows";
        }
      }
    }
  }
}

TEST(BandFile, WhatTheFileCallsNoDataIsReadAsZeroWhereTheLayerAsksForIt) {
  const TemporaryFolder folder;
  constexpr int side = 300;
  Plane<std::uint16_t> dn(side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) dn.at(x, y) = static_cast<std::uint16_t>(x < 100 ? 9999 : 1000 + y);
  }
  const std::string path = folder / "own.tif";
  write_geotiff_u16(path, {"EPSG:32638", {600000, 4700000}, 10, side, side}, std::as_const(dn).view(), 9999);
  const auto read = [&](const RasterLayer& layer) {
    const BandFile file(path, layer);
    Plane<std::uint16_t> block(file.block_width(), file.block_height());
    file.read_block(0, 0, block.view());
    Plane<std::uint16_t> window(2, 1);
    file.read_window({99, 7, 2, 1}, window.view());
    const Plane<std::uint16_t> spread = file.read_spread(side * side);
    return std::array<int, 6>{block.at(99, 7), block.at(100, 7),   window.at(0, 0),
                              window.at(1, 0), spread.at(99, 290), spread.at(100, 290)};
  };
  RasterLayer layer;
  EXPECT_EQ(read(layer), (std::array<int, 6>{9999, 1007, 9999, 1007, 9999, 1290}));
  layer.nodata = 0;
  EXPECT_EQ(read(layer), (std::array<int, 6>{0, 1007, 0, 1007, 0, 1290}));
  layer.nodata = 5;
  EXPECT_EQ(read(layer), (std::array<int, 6>{9999, 1007, 9999, 1007, 9999, 1290}));
  // A copy has one number for it: that of the scene.
  const BandFile file(path);
  const std::array<Grid, 1> ground{file.grid()};
  for (const auto& [nodata, expected] : {std::pair<std::uint16_t, int>{0, 0}, {5, 9999}}) {
    ASSERT_TRUE(copy_ground(file, ground, SparsePixels::numbers, nodata, folder / "copy.tif"));
    Plane<std::uint16_t> window(2, 1);
    BandFile(folder / "copy.tif").read_window({99, 7, 2, 1}, window.view());
    EXPECT_EQ(window.at(0, 0), expected);
    EXPECT_EQ(window.at(1, 0), 1007);
  }
}

/// Of a raster of write_raster(): takes out every pixel of the rows from 50 to 59, and of the columns from 100 to 119.
bool is_masked(int x, int y) { return (y >= 50 && y < 60) || (x >= 100 && x < 120); }

void add_mask(const std::string& path, bool within) {
  CPLSetThreadLocalConfigOption("GDAL_TIFF_INTERNAL_MASK", within ? "YES" : "NO");
  const GDALDatasetH dataset = GDALOpen(path.c_str(), GA_Update);
  ASSERT_EQ(GDALCreateDatasetMaskBand(dataset, GMF_PER_DATASET), CE_None);
  const GDALRasterBandH mask = GDALGetMaskBand(GDALGetRasterBand(dataset, 1));
  std::vector<std::uint8_t> row(static_cast<std::size_t>(GDALGetRasterXSize(dataset)));
  for (int y = 0; y < GDALGetRasterYSize(dataset); ++y) {
    for (std::size_t x = 0; x < row.size(); ++x) row[x] = is_masked(static_cast<int>(x), y) ? 0 : 255;
    ASSERT_EQ(GDALRasterIO(mask, GF_Write, 0, y, static_cast<int>(row.size()), 1, row.data(),
                           static_cast<int>(row.size()), 1, GDT_Byte, 0, 0),
              CE_None);
  }
  GDALClose(dataset);
  CPLSetThreadLocalConfigOption("GDAL_TIFF_INTERNAL_MASK", nullptr);
}

/// Each way of reading gives what `expected` says of a pixel.
void expect_pixels(const BandFile& file, const std::function<int(int, int)>& expected) {
  const Grid& grid = file.grid();
  const auto wrong = [&](const Window& window, const Plane<std::uint16_t>& plane) {
    int count = 0;
    for (int y = 0; y < window.height; ++y) {
      for (int x = 0; x < window.width; ++x) count += plane.at(x, y) != expected(window.x + x, window.y + y);
    }
    return count;
  };
  for (int by = 0; by < file.blocks_down(); ++by) {
    for (int bx = 0; bx < file.blocks_across(); ++bx) {
      Plane<std::uint16_t> block(file.block_width(), file.block_height());
      const BlockSize size = file.read_block(bx, by, block.view());
      EXPECT_EQ(wrong({bx * file.block_width(), by * file.block_height(), size.width, size.height}, block), 0)
          << bx << " " << by;
    }
  }
  const Window window{95, 45, 40, 30};
  Plane<std::uint16_t> part(window.width, window.height);
  file.read_window(window, part.view());
  EXPECT_EQ(wrong(window, part), 0);
  EXPECT_EQ(wrong(grid.extent(), file.read_spread(std::int64_t{grid.width} * grid.height)), 0);
  EXPECT_EQ(wrong(grid.extent(), file.read_decimated(grid.width)), 0);
}

TEST(BandFile, WhatAMaskTakesOutIsNoData) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tif";
  for (const GDALDataType type : {GDT_UInt16, GDT_Byte, GDT_Int16}) {
    for (const bool compressed : {true, false}) {
      Raster raster;
      raster.type = type;
      if (!compressed) raster.options = {};
      write_raster(path, raster);
      add_mask(path, true);
      for (const std::optional<double> nodata : {std::optional<double>(), {0.0}, {65535.0}}) {
        RasterLayer layer;
        layer.nodata = nodata;
        const BandFile file(path, layer);
        EXPECT_TRUE(file.has_mask());
        expect_pixels(file, [&](int x, int y) {
          if (is_masked(x, y)) return static_cast<int>(nodata.value_or(0));
          if (type == GDT_Int16) return std::max(pixel(x, y) - 200, 0);
          return type == GDT_Byte ? pixel(x, y) % 256 : pixel(x, y);
        });
      }
    }
  }
  RasterLayer coded;
  coded.coding = PixelCoding::reflectance;
  coded.scale = 1e-4;
  write_raster(path, {});
  EXPECT_FALSE(BandFile(path, coded).has_mask());
  add_mask(path, true);
  expect_pixels(BandFile(path, coded), [](int x, int y) { return is_masked(x, y) ? 0 : pixel(x, y) + 1000; });
  // A copy has no mask.
  for (const std::uint16_t nodata : {std::uint16_t{0}, std::uint16_t{65535}}) {
    const BandFile file(path);
    const std::array<Grid, 1> ground{file.grid()};
    ASSERT_TRUE(copy_ground(file, ground, SparsePixels::numbers, nodata, folder / "copy.tif"));
    const BandFile copy(folder / "copy.tif");
    EXPECT_FALSE(copy.has_mask());
    expect_pixels(copy, [&](int x, int y) { return is_masked(x, y) ? nodata : pixel(x, y); });
  }
}

TEST(BandFile, OverviewsOfMaskedFilesAreMaskedToo) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tif";
  Raster raster;
  raster.width = 1200;
  raster.height = 900;
  write_raster(path, raster);
  add_mask(path, true);
  const GDALDatasetH dataset = GDALOpen(path.c_str(), GA_Update);
  std::array<int, 2> factors{2, 4};
  ASSERT_EQ(GDALBuildOverviews(dataset, "NEAREST", 2, factors.data(), 0, nullptr, nullptr, nullptr), CE_None);
  GDALClose(dataset);
  const Plane<std::uint16_t> decimated = BandFile(path).read_decimated(300);
  ASSERT_EQ(decimated.width(), 300);
  EXPECT_EQ(decimated.at(27, 100), 0);
  EXPECT_EQ(decimated.at(200, 13), 0);
  EXPECT_NE(decimated.at(200, 100), 0);
}

TEST(BandFile, ABandOfTransparencyIsAMask) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tif";
  initialise_gdal(16 << 20);
  for (const auto& [interleave, by_name] : {std::pair{"INTERLEAVE=PIXEL", false}, {"INTERLEAVE=BAND", true}}) {
    const std::array<const char*, 4> options{"PHOTOMETRIC=MINISBLACK", interleave, "TILED=YES", nullptr};
    const GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("GTiff"), path.c_str(), 300, 200, 3, GDT_UInt16,
                                            const_cast<char**>(options.data()));
    std::array<double, 6> transform{600000, 10, 0, 4700000, 0, -10};
    GDALSetGeoTransform(dataset, transform.data());
    const OGRSpatialReferenceH crs = OSRNewSpatialReference(nullptr);
    OSRSetFromUserInput(crs, "EPSG:32638");
    GDALSetSpatialRef(dataset, crs);
    OSRDestroySpatialReference(crs);
    if (by_name) {
      GDALSetDescription(GDALGetRasterBand(dataset, 3), "dataMask");
    } else {
      ASSERT_EQ(GDALSetRasterColorInterpretation(GDALGetRasterBand(dataset, 3), GCI_AlphaBand), CE_None);
    }
    for (int band = 1; band <= 3; ++band) {
      std::vector<std::uint16_t> all(std::size_t{300} * 200);
      for (int y = 0; y < 200; ++y) {
        for (int x = 0; x < 300; ++x) {
          const int value = band < 3 ? pixel(x, y) : is_masked(x, y) ? 0 : 65535;
          all[static_cast<std::size_t>(y * 300 + x)] = static_cast<std::uint16_t>(value);
        }
      }
      ASSERT_EQ(GDALRasterIO(GDALGetRasterBand(dataset, band), GF_Write, 0, 0, 300, 200, all.data(), 300, 200,
                             GDT_UInt16, 0, 0),
                CE_None);
    }
    GDALClose(dataset);
    RasterLayer layer;
    layer.number = 2;
    const BandFile file(path, layer);
    EXPECT_TRUE(file.has_mask());
    expect_pixels(file, [](int x, int y) { return is_masked(x, y) ? 0 : pixel(x, y); });
  }
}

TEST(BandFile, AMaskBesideTheFileIsRefused) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tif";
  write_raster(path, {});
  add_mask(path, false);
  ASSERT_TRUE(fs::exists(path + ".msk"));
  EXPECT_THAT(message_of<DataError>([&] { BandFile{path}; }),
              ::testing::AllOf(StartsWith(path), HasSubstr("its mask lies beside it (a.tif.msk) and is not read")));
}

TEST(BandFile, GridAndBlocks) {
  const TemporaryFolder folder;
  write_raster(folder / "a.tif", {});
  const BandFile file(folder / "a.tif");
  EXPECT_EQ(file.path(), folder / "a.tif");
  EXPECT_TRUE(file.grid() == (Grid{"EPSG:32638", {600000, 4700000}, 10, 300, 200}));
  EXPECT_EQ(file.block_width(), 128);
  EXPECT_EQ(file.block_height(), 64);
  EXPECT_EQ(file.blocks_across(), 3);
  EXPECT_EQ(file.blocks_down(), 4);
}

TEST(BandFile, EveryTypeAndLayoutReadsAsRasterIoDoes) {
  const TemporaryFolder folder;
  const std::vector<std::vector<const char*>> layouts{
      {"TILED=YES", "BLOCKXSIZE=128", "BLOCKYSIZE=64", "COMPRESS=DEFLATE", "PREDICTOR=2"},
      {"TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64"},
      {"BLOCKYSIZE=7"},
      {"COMPRESS=LZW", "ENDIANNESS=BIG"},
  };
  for (const auto& layout : layouts) {
    for (const GDALDataType type : {GDT_UInt16, GDT_Int16, GDT_Byte}) {
      SCOPED_TRACE(std::string(layout[0]) + " " + GDALGetDataTypeName(type));
      Raster raster;
      raster.options = layout;
      raster.type = type;
      if (type == GDT_Byte) raster.options.back() = layout.back();
      write_raster(folder / "a.tif", raster);
      const auto expected = [&](int x, int y) {
        if (type == GDT_Int16) return std::max(0, pixel(x, y) - 200);
        return type == GDT_Byte ? pixel(x, y) % 256 : pixel(x, y);
      };
      const BandFile file(folder / "a.tif");
      expect_blocks(file, 0, expected);
      expect_blocks(file, 5, expected);
    }
  }
}

TEST(BandFile, SmallerThanABlock) {
  const TemporaryFolder folder;
  Raster raster;
  raster.width = 3;
  raster.height = 1;
  write_raster(folder / "a.tif", raster);
  expect_blocks(BandFile(folder / "a.tif"), 0, pixel);
}

/// A CRS that was made out once is that of files that say the same, and of no others, however little they differ.
TEST(BandFile, EachFileHasItsOwnCrsWhateverWasReadBefore) {
  const TemporaryFolder folder;
  const std::array<const char*, 4> given{"EPSG:32638", "EPSG:32639",
                                         "+proj=tmerc +lat_0=40 +lon_0=46 +k=1 +x_0=0 +y_0=0 +ellps=WGS84 +units=m",
                                         "+proj=tmerc +lat_0=40 +lon_0=47 +k=1 +x_0=0 +y_0=0 +ellps=WGS84 +units=m"};
  std::vector<std::string> first;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < given.size(); ++i) {
      const std::string path = folder / (std::to_string(round) + "-" + std::to_string(i) + ".tif");
      Raster raster;
      raster.crs = given[i];
      write_raster(path, raster);
      const std::string crs = BandFile(path).grid().crs;
      if (round == 0) first.push_back(crs);
      EXPECT_EQ(crs, first[i]) << given[i];
    }
  }
  EXPECT_EQ(first[0], "EPSG:32638");
  EXPECT_EQ(first[1], "EPSG:32639");
  EXPECT_THAT(first[2], HasSubstr("46"));
  EXPECT_THAT(first[3], HasSubstr("47"));
  EXPECT_EQ(std::set<std::string>(first.begin(), first.end()).size(), given.size());
  // And what is wrong with one is told each time.
  Raster none;
  none.crs = nullptr;
  write_raster(folder / "none.tif", none);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(message_of<DataError>([&] { BandFile(folder / "none.tif"); }), HasSubstr("no coordinate reference"));
  }
}

TEST(BandFile, RequestsOutsideAreRefused) {
  const TemporaryFolder folder;
  write_raster(folder / "a.tif", {});
  const BandFile file(folder / "a.tif");
  Plane<std::uint16_t> plane(128, 64);
  for (const auto& [bx, by] : {std::pair{-1, 0}, {0, -1}, {3, 0}, {0, 4}}) {
    EXPECT_THAT(message_of<DataError>([&, x = bx, y = by] { file.read_block(x, y, plane.view()); }),
                HasSubstr("outside the raster"));
  }
  Plane<std::uint16_t> small(64, 64);
  EXPECT_THAT(message_of<DataError>([&] { file.read_block(0, 0, small.view()); }), HasSubstr("too small"));
  EXPECT_EQ(file.read_block(2, 0, small.view()), (BlockSize{44, 64}));
  for (const Window& window : {Window{-1, 0, 5, 5}, {0, 0, 301, 1}, {0, 0, 0, 1}, {299, 199, 2, 1}}) {
    EXPECT_THAT(message_of<DataError>([&] { file.read_window(window, plane.view()); }), HasSubstr("not inside"));
  }
  EXPECT_THAT(message_of<DataError>([&] { file.read_window({0, 0, 129, 1}, plane.view()); }), HasSubstr("too small"));
}

TEST(BandFile, EightThreadsReadOneFile) {
  const TemporaryFolder folder;
  Raster raster;
  raster.width = raster.height = 700;
  write_raster(folder / "a.tif", raster);
  const BandFile file(folder / "a.tif");
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      Plane<std::uint16_t> plane(128, 64);
      for (int i = 0; i < 200; ++i) {
        const int bx = static_cast<int>(random() % static_cast<unsigned>(file.blocks_across()));
        const int by = static_cast<int>(random() % static_cast<unsigned>(file.blocks_down()));
        BlockSize size{100, 50};
        Window at{bx * 128, by * 64, 0, 0};
        if (i % 5 != 0) {
          size = file.read_block(bx, by, plane.view());
        } else {
          at = {static_cast<int>(random() % 600), static_cast<int>(random() % 650), 100, 50};
          file.read_window(at, plane.view());
        }
        for (int y = 0; y < size.height; ++y) {
          for (int x = 0; x < size.width; ++x) wrong += plane.at(x, y) != pixel(at.x + x, at.y + y);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(BandFile, TruncatedFileIsAnErrorThatNamesIt) {
  const TemporaryFolder folder;
  write_raster(folder / "whole.tif", {});
  const auto bytes = fs::file_size(folder / "whole.tif");
  int read_errors = 0;
  int open_errors = 0;
  for (std::uintmax_t size = 0; size < bytes; size += 997) {
    fs::copy_file(folder / "whole.tif", folder / "cut.tif", fs::copy_options::overwrite_existing);
    fs::resize_file(folder / "cut.tif", size);
    std::string message;
    try {
      const BandFile file(folder / "cut.tif");
      Plane<std::uint16_t> plane(128, 64);
      for (int by = 0; by < file.blocks_down(); ++by) {
        for (int bx = 0; bx < file.blocks_across(); ++bx) {
          const BlockSize got = file.read_block(bx, by, plane.view());
          for (int y = 0; y < got.height; ++y) {
            for (int x = 0; x < got.width; ++x) ASSERT_EQ(plane.at(x, y), pixel(bx * 128 + x, by * 64 + y));
          }
        }
      }
      ADD_FAILURE() << "no error for a file of " << size << " of " << bytes << " bytes";
    } catch (const DataError& error) {
      message = error.what();
    }
    EXPECT_THAT(message, StartsWith((folder / "cut.tif") + ": cannot "));
    (message.find("cannot read block") != std::string::npos ? read_errors : open_errors) += 1;
  }
  EXPECT_GT(read_errors, 5);
  EXPECT_GT(open_errors, 0);
}

TEST(BandFile, AnErrorDoesNotSpoilTheFileForOthers) {
  const TemporaryFolder folder;
  Raster raster;
  raster.options = {"TILED=YES", "BLOCKXSIZE=128", "BLOCKYSIZE=64", "COMPRESS=DEFLATE"};
  write_raster(folder / "a.tif", raster);
  fs::resize_file(folder / "a.tif", fs::file_size(folder / "a.tif") - 2000);
  const BandFile file(folder / "a.tif");
  Plane<std::uint16_t> plane(128, 64);
  const std::string message = message_of<DataError>([&] { file.read_block(2, 3, plane.view()); });
  EXPECT_THAT(message, StartsWith((folder / "a.tif") + ": cannot read block 2,3: "));
  EXPECT_GT(message.size(), ((folder / "a.tif") + ": cannot read block 2,3: ").size()) << "GDAL's reason is missing";
  EXPECT_EQ(file.read_block(0, 0, plane.view()), (BlockSize{128, 64}));
  EXPECT_EQ(plane.at(5, 6), pixel(5, 6));
}

TEST(BandFile, UnusableFilesAreRefusedWithTheReason) {
  const TemporaryFolder folder;
  const auto refusal = [&](const Raster& raster) {
    write_raster(folder / "a.tif", raster);
    const std::string message = message_of<DataError>([&] { BandFile file(folder / "a.tif"); });
    EXPECT_THAT(message, StartsWith((folder / "a.tif") + ": "));
    return message;
  };
  Raster raster;
  raster.crs = nullptr;
  EXPECT_THAT(refusal(raster), HasSubstr("no coordinate reference system"));
  raster.crs = "EPSG:4326";
  EXPECT_THAT(refusal(raster), HasSubstr("not projected in metres"));
  raster.crs = "EPSG:2263";  // feet
  EXPECT_THAT(refusal(raster), HasSubstr("not projected in metres"));
  for (const auto& transform : std::vector<std::vector<double>>{
           {0, 10, 0, 0, 0, 10}, {0, 10, 0, 0, 0, -20}, {0, 10, 1, 0, 1, -10}, {0, -10, 0, 0, 0, -10}}) {
    raster = {};
    raster.transform = transform;
    EXPECT_THAT(refusal(raster), HasSubstr("north-up"));
  }
  raster = {};
  raster.transform = {};
  EXPECT_THAT(refusal(raster), HasSubstr("no georeference"));
  raster = {};
  raster.type = GDT_Float32;
  EXPECT_THAT(refusal(raster), HasSubstr("pixels are Float32"));
}

TEST(BandFile, NotARaster) {
  const TemporaryFolder folder;
  EXPECT_THAT(message_of<DataError>([&] { BandFile file(folder / "none.tif"); }),
              AllOf(StartsWith((folder / "none.tif") + ": cannot open: "), HasSubstr("No such file")));
  test::write_text(
      folder / "a.vrt",
      "<VRTDataset rasterXSize=\"1\" rasterYSize=\"1\"><VRTRasterBand dataType=\"Byte\" band=\"1\"/></VRTDataset>");
  EXPECT_THAT(message_of<DataError>([&] { BandFile file(folder / "a.vrt"); }), HasSubstr("cannot open"));
  test::write_text(folder / "text.tif", "hello");
  EXPECT_THAT(message_of<DataError>([&] { BandFile file(folder / "text.tif"); }), HasSubstr("cannot open"));
}

TEST(BandFile, AbsurdHeadersAreRefused) {
  const TemporaryFolder folder;
  Raster raster;
  raster.width = 1;
  raster.height = 1;
  raster.options = {"TILED=YES", "BLOCKXSIZE=16384", "BLOCKYSIZE=16384", "COMPRESS=DEFLATE", "SPARSE_OK=TRUE"};
  write_raster(folder / "a.tif", raster);
  EXPECT_THAT(message_of<DataError>([&] { BandFile file(folder / "a.tif"); }), HasSubstr("absurd block size"));
  raster.width = 200'001;
  raster.options = {"TILED=YES", "COMPRESS=DEFLATE"};
  write_raster(folder / "b.tif", raster);
  EXPECT_THAT(message_of<DataError>([&] { BandFile file(folder / "b.tif"); }), HasSubstr("absurd size"));
}

TEST(BandFile, AbsurdlyManyBlocksAreRefused) {
  const TemporaryFolder folder;
  initialise_gdal(16 << 20);
  const std::string path = folder / "many.tif";
  // 1250 x 1250 blocks, none of them written.
  const std::array<const char*, 5> options{"TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=16", "SPARSE_OK=TRUE", nullptr};
  const GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("GTiff"), path.c_str(), 20'000, 20'000, 1, GDT_UInt16,
                                          const_cast<char**>(options.data()));
  ASSERT_NE(dataset, nullptr);
  std::array<double, 6> transform{600'000, 10, 0, 4'500'000, 0, -10};
  GDALSetGeoTransform(dataset, transform.data());
  OGRSpatialReferenceH crs = OSRNewSpatialReference(nullptr);
  OSRImportFromEPSG(crs, 32638);
  GDALSetSpatialRef(dataset, crs);
  OSRDestroySpatialReference(crs);
  GDALClose(dataset);
  EXPECT_THAT(message_of<DataError>([&] { BandFile file(path); }), HasSubstr("absurd number of blocks: 1250 x 1250"));
}

TEST(BandFile, CrsWithoutCodeIsWkt) {
  const TemporaryFolder folder;
  Raster raster;
  raster.crs = "+proj=laea +lat_0=41 +lon_0=44 +datum=WGS84 +units=m";
  write_raster(folder / "a.tif", raster);
  EXPECT_THAT(BandFile(folder / "a.tif").grid().crs, StartsWith("PROJCS["));
}

TEST(BandFile, RealScenes) {
  const fs::path oscd = test::shared_data() / "oscd/paris/before/B04.tif";
  const fs::path jp2 = test::shared_data() / "swiss_pair/copernicus";
  if (!fs::exists(oscd)) GTEST_SKIP() << "no reference data at " << test::shared_data();
  std::vector<fs::path> paths{oscd};
  for (const auto& entry : fs::recursive_directory_iterator(jp2)) {
    if (entry.path().extension() == ".jp2" && entry.path().string().find("TCI") == std::string::npos) {
      paths.push_back(entry.path());
    }
  }
  EXPECT_GT(paths.size(), 1U);
  for (const fs::path& path : paths) {
    SCOPED_TRACE(path.string());
    const BandFile file(path);
    EXPECT_THAT(file.grid().crs, StartsWith("EPSG:326"));
    Plane<std::uint16_t> block(file.block_width(), file.block_height());
    Plane<std::uint16_t> window(file.block_width(), file.block_height());
    const int bx = file.blocks_across() - 1;
    const int by = file.blocks_down() - 1;
    const BlockSize size = file.read_block(bx, by, block.view());
    file.read_window({bx * file.block_width(), by * file.block_height(), size.width, size.height}, window.view());
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < size.width; ++x) ASSERT_EQ(block.at(x, y), window.at(x, y));
    }
  }
}

TEST(BandFile, AUrlIsRefusedAndNotShownWhole) {
  const std::string message = message_of<DataError>([] { BandFile("https://example.com/B04.tif?token=secret"); });
  EXPECT_THAT(message, StartsWith("https://example.com/B04.tif?...: "));
  EXPECT_THAT(message, testing::Not(HasSubstr("secret")));
}

TEST(BandFile, SmallRastersAreSampledWhole) {
  const TemporaryFolder folder;
  write_raster(folder / "a.tif", {});
  const BandFile file(folder / "a.tif");
  const Plane<std::uint16_t> whole = file.read_spread(300 * 200);
  ASSERT_EQ(whole.width(), 300);
  ASSERT_EQ(whole.height(), 200);
  EXPECT_EQ(whole.at(299, 199), pixel(299, 199));
  EXPECT_EQ(file.read_decimated(300).at(7, 100), pixel(7, 100));
  const Plane<std::uint16_t> third = file.read_decimated(100);
  ASSERT_EQ(third.width(), 100);
  ASSERT_EQ(third.height(), 67);
  EXPECT_EQ(third.at(99, 66), pixel(297, 198));
}

TEST(BandFile, PiecesAreWholeBlocksSpreadOverTheRaster) {
  const TemporaryFolder folder;
  for (const auto& [layout, piece] : std::vector<std::pair<std::vector<const char*>, BlockSize>>{
           {{"TILED=YES", "BLOCKXSIZE=256", "BLOCKYSIZE=256", "COMPRESS=DEFLATE"}, {512, 512}},
           {{"TILED=YES", "BLOCKXSIZE=1024", "BLOCKYSIZE=1024"}, {1024, 1024}},
           {{"BLOCKYSIZE=1"}, {2500, 512}}}) {
    SCOPED_TRACE(layout.back());
    Raster raster;
    raster.width = 2500;
    raster.height = 2100;
    raster.options = layout;
    write_raster(folder / "a.tif", raster);
    const BandFile file(folder / "a.tif");
    const Plane<std::uint16_t> sample = file.read_spread(std::int64_t{4} * piece.width * piece.height);
    ASSERT_EQ(sample.width() % piece.width, 0);
    ASSERT_EQ(sample.height() % piece.height, 0);
    EXPECT_LE(sample.width() * sample.height(), 4 * piece.width * piece.height);
    EXPECT_GE(sample.width() * sample.height(), 2 * piece.width * piece.height);
    // Each piece is a part of the raster as it is, and no two are the same.
    std::set<std::pair<int, int>> places;
    for (int top = 0; top < sample.height(); top += piece.height) {
      for (int left = 0; left < sample.width(); left += piece.width) {
        std::optional<std::pair<int, int>> place;
        for (int y = 0; y + piece.height <= raster.height && !place; y += file.block_height()) {
          for (int x = 0; x + piece.width <= raster.width && !place; x += file.block_width()) {
            bool same = true;
            for (int i = 0; i < piece.height && same; ++i) same = sample.at(left + i, top + i) == pixel(x + i, y + i);
            if (same) place.emplace(x, y);
          }
        }
        ASSERT_TRUE(place);
        EXPECT_TRUE(places.insert(*place).second);
      }
    }
    const Plane<std::uint16_t> decimated = file.read_decimated(300);
    EXPECT_LE(decimated.width(), 300);
    // The same by way of another reader, which is asked for blocks of DEFLATE.
    int windows = 0;
    const Plane<std::uint16_t> by_reader =
        file.read_decimated(300, [&](const Window& window, PlaneView<std::uint16_t> into) {
          ++windows;
          file.read_window(window, into);
        });
    EXPECT_EQ(windows > 0, std::string(layout.back()) == "COMPRESS=DEFLATE");
    ASSERT_EQ(by_reader.height(), decimated.height());
    for (int y = 0; y < decimated.height(); ++y) {
      EXPECT_TRUE(std::equal(decimated.row(y), decimated.row(y) + decimated.width(), by_reader.row(y)));
    }
  }
}

TEST(BandFile, OverviewsAreUsedWhereThereAreSome) {
  const TemporaryFolder folder;
  Raster raster;
  raster.width = 1200;
  raster.height = 900;
  write_raster(folder / "a.tif", raster);
  const GDALDatasetH dataset = GDALOpen((folder / "a.tif").c_str(), GA_Update);
  std::array<int, 2> factors{2, 4};
  ASSERT_EQ(GDALBuildOverviews(dataset, "AVERAGE", 2, factors.data(), 0, nullptr, nullptr, nullptr), CE_None);
  // What only the overview has tells that it was read.
  const GDALRasterBandH overview = GDALGetOverview(GDALGetRasterBand(dataset, 1), 1);
  ASSERT_EQ(GDALFillRaster(overview, 4321, 0), CE_None);
  GDALClose(dataset);
  const Plane<std::uint16_t> decimated = BandFile(folder / "a.tif").read_decimated(300);
  ASSERT_EQ(decimated.width(), 300);
  ASSERT_EQ(decimated.height(), 225);
  EXPECT_EQ(decimated.at(150, 100), 4321);
}

/// A raster of 4 x 3 blocks, large enough for a cache, of which the last are cut off.
class BlockCaches : public ::testing::Test {
 protected:
  static constexpr std::int64_t block_bytes = 256 * 256 * 2;

  BlockCaches() {
    Raster raster;
    raster.width = 900;
    raster.height = 600;
    raster.options = {"TILED=YES", "BLOCKXSIZE=256", "BLOCKYSIZE=256", "COMPRESS=DEFLATE"};
    write_raster(path_, raster);
  }

  /// Pixels of a window that are not what they should be.
  static int wrong(BlockCache& cache, const BandFile& file, const Window& window) {
    Plane<std::uint16_t> plane(window.width + 3, window.height);
    cache.read_window(file, window, plane.view());
    int count = 0;
    for (int y = 0; y < window.height; ++y) {
      for (int x = 0; x < window.width; ++x) count += plane.at(x, y) != pixel(window.x + x, window.y + y);
    }
    return count;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "a.tif";
};

TEST_F(BlockCaches, GiveWhatTheFileHas) {
  const BandFile file(path_);
  for (const std::int64_t most : {std::int64_t{0}, 4 * block_bytes, 100 * block_bytes}) {
    BlockCache cache(most);
    for (const Window& window : {Window{0, 0, 900, 600},
                                 {255, 255, 2, 2},
                                 {256, 256, 256, 256},
                                 {800, 500, 100, 100},
                                 {3, 511, 890, 1},
                                 {899, 0, 1, 600}}) {
      EXPECT_EQ(wrong(cache, file, window), 0) << window.x << ',' << window.y << " of " << most;
      EXPECT_LE(cache.bytes(), most);
    }
    EXPECT_EQ(cache.bytes(), std::min(most, 12 * block_bytes));
    cache.set_limit(block_bytes);
    EXPECT_LE(cache.bytes(), block_bytes);
    EXPECT_EQ(wrong(cache, file, {100, 100, 300, 300}), 0);
  }
}

TEST_F(BlockCaches, DecodeABlockOnce) {
  const BandFile file(path_);
  BlockCache cache(12 * block_bytes);
  constexpr Window last{800, 550, 10, 10};
  EXPECT_EQ(wrong(cache, file, last), 0);
  // What of the file is not asked for again may be gone.
  const std::string whole = test::read_text(path_);
  fs::resize_file(path_, whole.size() / 2);
  EXPECT_EQ(wrong(cache, file, {790, 520, 50, 80}), 0);
  Plane<std::uint16_t> plane(10, 10);
  const auto read_other = [&] { cache.read_window(file, {300, 550, 10, 10}, plane.view()); };
  EXPECT_THAT(message_of<DataError>(read_other), StartsWith(path_));
  // A block that could not be read is tried again.
  test::write_text(path_, whole);
  EXPECT_EQ(wrong(cache, file, {300, 550, 10, 10}), 0);
}

TEST_F(BlockCaches, RefuseWhatTheFileDoes) {
  const BandFile file(path_);
  BlockCache cache(12 * block_bytes);
  Plane<std::uint16_t> plane(128, 64);
  for (const Window& window : {Window{-1, 0, 5, 5}, {0, 0, 901, 1}, {0, 0, 0, 1}}) {
    const auto read = [&] { cache.read_window(file, window, plane.view()); };
    EXPECT_THAT(message_of<DataError>(read), HasSubstr("not inside"));
  }
  const auto too_wide = [&] { cache.read_window(file, {0, 0, 129, 1}, plane.view()); };
  EXPECT_THAT(message_of<DataError>(too_wide), HasSubstr("too small"));
}

TEST_F(BlockCaches, ServeThreadsAtOnce) {
  const BandFile file(path_);
  BlockCache cache(5 * block_bytes);
  std::atomic<int> all_wrong{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      for (int i = 0; i < 50; ++i) {
        const auto below = [&](unsigned most) { return static_cast<int>(random() % most); };
        all_wrong += wrong(cache, file, {below(600), below(400), 300, 200});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(all_wrong, 0);
}

}  // namespace
}  // namespace pitwatch
