// Cloud Optimized GeoTIFFs: round trips through GDAL, overviews, bytes, failures.

#include <gdal/gdal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <atomic>
#include <cmath>
#include <csignal>
#include <exception>
#include <map>
#include <thread>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/raster/cog_writer.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using test::read_text;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Three threads that take tasks in an order of their own.
void three_threads(int count, const std::function<void(int)>& body) {
  std::atomic<int> next{count};
  std::array<std::exception_ptr, 3> errors;
  std::vector<std::thread> threads;
  for (std::exception_ptr& error : errors) {
    threads.emplace_back([&] {
      try {
        for (int i = --next; i >= 0; i = --next) body(i);
      } catch (...) {
        error = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

Plane<std::uint8_t> picture(int width, int height) {
  Plane<std::uint8_t> plane(width, height);
  unsigned random = 7;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      random = random * 1664525U + 1013904223U;
      const bool hole = (x / 40 + y / 30) % 5 == 0 || (random >> 28) == 0;
      plane.at(x, y) = hole ? 255 : static_cast<std::uint8_t>((x / 3 + y / 2 + static_cast<int>(random >> 30)) % 255);
    }
  }
  return plane;
}

std::array<float, 256> linear_table() {
  std::array<float, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<float>(i) / 254.0F;
  return table;
}

Grid grid_of(const Plane<std::uint8_t>& plane) {
  return {"EPSG:32638", {600000, 4700000}, 10, plane.width(), plane.height()};
}

/// An oracle that shares nothing with the writer: it counts in a map.
Plane<std::uint8_t> halved(const Plane<std::uint8_t>& from, bool mean) {
  Plane<std::uint8_t> result((from.width() + 1) / 2, (from.height() + 1) / 2);
  for (int y = 0; y < result.height(); ++y) {
    for (int x = 0; x < result.width(); ++x) {
      std::map<int, int> counts;
      double sum = 0;
      int valid = 0;
      for (int yy = 2 * y; yy < std::min(2 * y + 2, from.height()); ++yy) {
        for (int xx = 2 * x; xx < std::min(2 * x + 2, from.width()); ++xx) {
          if (from.at(xx, yy) == 255) continue;
          ++counts[from.at(xx, yy)];
          sum += from.at(xx, yy);
          ++valid;
        }
      }
      int value = 255;
      int most = 0;
      if (valid > 0 && mean) value = static_cast<int>(std::floor(sum / valid + 0.5));
      for (const auto& [code, count] : counts) {
        if (!mean && count >= most) {
          most = count;
          value = code;
        }
      }
      result.at(x, y) = static_cast<std::uint8_t>(value);
    }
  }
  return result;
}

class Opened {
 public:
  explicit Opened(const std::string& path) {
    initialise_gdal(16 << 20);
    dataset_ = GDALOpen(path.c_str(), GA_ReadOnly);
    if (dataset_ == nullptr) throw std::runtime_error("GDAL does not open " + path);
  }
  ~Opened() { GDALClose(dataset_); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  GDALDatasetH dataset() const { return dataset_; }
  GDALRasterBandH band() const { return GDALGetRasterBand(dataset_, 1); }

 private:
  GDALDatasetH dataset_ = nullptr;
};

template <typename T>
std::vector<T> pixels(GDALRasterBandH band, GDALDataType type) {
  const int width = GDALGetRasterBandXSize(band);
  const int height = GDALGetRasterBandYSize(band);
  std::vector<T> result(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  EXPECT_EQ(GDALRasterIO(band, GF_Read, 0, 0, width, height, result.data(), width, height, type, 0, 0), CE_None);
  return result;
}

void expect_floats(GDALRasterBandH band, const Plane<std::uint8_t>& codes) {
  const auto table = linear_table();
  ASSERT_EQ(GDALGetRasterBandXSize(band), codes.width());
  ASSERT_EQ(GDALGetRasterBandYSize(band), codes.height());
  const auto values = pixels<float>(band, GDT_Float32);
  for (int y = 0; y < codes.height(); ++y) {
    for (int x = 0; x < codes.width(); ++x) {
      const float value = values[static_cast<std::size_t>(y * codes.width() + x)];
      if (codes.at(x, y) == 255) {
        ASSERT_TRUE(std::isnan(value)) << x << ' ' << y;
      } else {
        ASSERT_EQ(value, table[codes.at(x, y)]) << x << ' ' << y;
      }
    }
  }
}

void expect_bytes(GDALRasterBandH band, const Plane<std::uint8_t>& codes) {
  ASSERT_EQ(GDALGetRasterBandXSize(band), codes.width());
  ASSERT_EQ(GDALGetRasterBandYSize(band), codes.height());
  const auto values = pixels<std::uint8_t>(band, GDT_Byte);
  for (int y = 0; y < codes.height(); ++y) {
    for (int x = 0; x < codes.width(); ++x) {
      ASSERT_EQ(values[static_cast<std::size_t>(y * codes.width() + x)], codes.at(x, y)) << x << ' ' << y;
    }
  }
}

TEST(CogWriter, FloatRoundTripWithOverviews) {
  const TemporaryFolder folder;
  Plane<std::uint8_t> plane = picture(2311, 1403);
  write_cog_float(folder / "a.tif", grid_of(plane), plane.view(), linear_table(),
                  {"evidence <0..1> & \"more\"", {{"PITWATCH_VERSION", "1.0"}}}, three_threads);
  EXPECT_EQ(folder.count(), 1U);
  const Opened file(folder / "a.tif");
  EXPECT_STREQ(GDALGetMetadataItem(file.dataset(), "LAYOUT", "IMAGE_STRUCTURE"), "COG");
  EXPECT_STREQ(GDALGetMetadataItem(file.dataset(), "COMPRESSION", "IMAGE_STRUCTURE"), "ZSTD");
  EXPECT_STREQ(GDALGetMetadataItem(file.dataset(), "PITWATCH_VERSION", nullptr), "1.0");
  EXPECT_STREQ(GDALGetDescription(file.band()), "evidence <0..1> & \"more\"");
  EXPECT_EQ(GDALGetRasterDataType(file.band()), GDT_Float32);
  int has_nodata = 0;
  EXPECT_TRUE(std::isnan(GDALGetRasterNoDataValue(file.band(), &has_nodata)));
  EXPECT_EQ(has_nodata, 1);
  std::array<double, 6> transform{};
  EXPECT_EQ(GDALGetGeoTransform(file.dataset(), transform.data()), CE_None);
  EXPECT_EQ(transform, (std::array<double, 6>{600000, 10, 0, 4700000, 0, -10}));
  EXPECT_THAT(GDALGetProjectionRef(file.dataset()), HasSubstr("\"EPSG\",\"32638\""));
  int block_width = 0;
  int block_height = 0;
  GDALGetBlockSize(file.band(), &block_width, &block_height);
  EXPECT_EQ(block_width, 512);
  EXPECT_EQ(block_height, 512);

  expect_floats(file.band(), plane);
  ASSERT_EQ(GDALGetOverviewCount(file.band()), 3);
  for (int i = 0; i < 3; ++i) {
    plane = halved(plane, true);
    expect_floats(GDALGetOverview(file.band(), i), plane);
  }
}

TEST(CogWriter, ByteRoundTripWithOverviews) {
  const TemporaryFolder folder;
  Plane<std::uint8_t> plane = picture(1025, 700);
  for (int y = 0; y < plane.height(); ++y) {
    for (int x = 0; x < plane.width(); ++x) {
      if (plane.at(x, y) != 255) plane.at(x, y) %= 8;
    }
  }
  write_cog_byte(folder / "a.tif", grid_of(plane), plane.view(), {"class", {{"CLASS_1", "vegetation_to_bare"}}});
  const Opened file(folder / "a.tif");
  EXPECT_STREQ(GDALGetMetadataItem(file.dataset(), "CLASS_1", nullptr), "vegetation_to_bare");
  EXPECT_EQ(GDALGetRasterDataType(file.band()), GDT_Byte);
  EXPECT_EQ(GDALGetRasterNoDataValue(file.band(), nullptr), 255);
  expect_bytes(file.band(), plane);
  ASSERT_EQ(GDALGetOverviewCount(file.band()), 2);
  for (int i = 0; i < 2; ++i) {
    plane = halved(plane, false);
    expect_bytes(GDALGetOverview(file.band(), i), plane);
  }
}

TEST(CogWriter, CodesWithColoursStayCodes) {
  const TemporaryFolder folder;
  Plane<std::uint8_t> plane = picture(1025, 700);
  write_cog_byte(folder / "plain.tif", grid_of(plane), plane.view(), {});
  write_cog_byte(folder / "a.tif", grid_of(plane), plane.view(), {"", {}, {{1, {215, 48, 39}}, {254, {1, 2, 255}}}});
  const Opened plain(folder / "plain.tif");
  EXPECT_EQ(GDALGetRasterColorTable(plain.band()), nullptr);
  const Opened file(folder / "a.tif");
  for (const GDALRasterBandH band : {file.band(), GDALGetOverview(file.band(), 0)}) {
    EXPECT_EQ(GDALGetRasterColorInterpretation(band), GCI_PaletteIndex);
    const GDALColorTableH table = GDALGetRasterColorTable(band);
    ASSERT_NE(table, nullptr);
    const auto colour = [&](int code) {
      const GDALColorEntry* const entry = GDALGetColorEntry(table, code);
      return std::array<int, 3>{entry->c1, entry->c2, entry->c3};
    };
    EXPECT_EQ(colour(1), (std::array<int, 3>{215, 48, 39}));
    EXPECT_EQ(colour(254), (std::array<int, 3>{1, 2, 255}));
    EXPECT_EQ(colour(2), (std::array<int, 3>{0, 0, 0}));
  }
  EXPECT_EQ(GDALGetRasterNoDataValue(file.band(), nullptr), 255);
  expect_bytes(file.band(), plane);
  expect_bytes(GDALGetOverview(file.band(), 0), halved(plane, false));
}

TEST(CogWriter, OddSizes) {
  const TemporaryFolder folder;
  for (const auto& [width, height] : {std::pair{1, 1}, {512, 512}, {513, 1}, {1, 513}, {1024, 511}, {3, 1030}}) {
    SCOPED_TRACE(std::to_string(width) + " x " + std::to_string(height));
    Plane<std::uint8_t> plane = picture(width, height);
    write_cog_byte(folder / "b.tif", grid_of(plane), plane.view(), {});
    const Opened file(folder / "b.tif");
    expect_bytes(file.band(), plane);
    EXPECT_EQ(GDALGetOverviewCount(file.band()), std::max(width, height) > 1024  ? 2
                                                 : std::max(width, height) > 512 ? 1
                                                                                 : 0);
  }
}

/// 16-bit numbers with holes of no data.
Plane<std::uint16_t> numbers(int width, int height, std::uint16_t nodata) {
  Plane<std::uint16_t> plane(width, height);
  unsigned random = 7;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      random = random * 1664525U + 1013904223U;
      const bool hole = (x / 40 + y / 30) % 5 == 0 || (random >> 28) == 0;
      plane.at(x, y) =
          hole ? nodata : static_cast<std::uint16_t>(1 + (x * 30 + y * 5 + static_cast<int>(random >> 24)) % 65000);
    }
  }
  return plane;
}

/// The mean of valid pixels in double precision; `is_valid` and `rounded` say how.
template <typename T, typename Valid, typename Rounded>
Plane<T> mean_halved(const Plane<T>& from, T nodata, const Valid& is_valid, const Rounded& rounded) {
  Plane<T> result((from.width() + 1) / 2, (from.height() + 1) / 2);
  for (int y = 0; y < result.height(); ++y) {
    for (int x = 0; x < result.width(); ++x) {
      double sum = 0;
      int valid = 0;
      for (int yy = 2 * y; yy < std::min(2 * y + 2, from.height()); ++yy) {
        for (int xx = 2 * x; xx < std::min(2 * x + 2, from.width()); ++xx) {
          if (!is_valid(from.at(xx, yy))) continue;
          sum += from.at(xx, yy);
          ++valid;
        }
      }
      result.at(x, y) = valid == 0 ? nodata : rounded(sum / valid);
    }
  }
  return result;
}

template <typename T>
Grid grid_over(const Plane<T>& plane) {
  return {"EPSG:32638", {600000, 4700000}, 10, plane.width(), plane.height()};
}

void expect_numbers(GDALRasterBandH band, const Plane<std::uint16_t>& plane) {
  ASSERT_EQ(GDALGetRasterBandXSize(band), plane.width());
  ASSERT_EQ(GDALGetRasterBandYSize(band), plane.height());
  const auto values = pixels<std::uint16_t>(band, GDT_UInt16);
  for (int y = 0; y < plane.height(); ++y) {
    const auto row = values.begin() + std::ptrdiff_t{y} * plane.width();
    ASSERT_TRUE(std::equal(row, row + plane.width(), plane.row(y))) << "row " << y;
  }
}

TEST(CogWriter, SixteenBitRoundTripWithOverviews) {
  for (const std::uint16_t nodata : {std::uint16_t{0}, std::uint16_t{65535}}) {
    SCOPED_TRACE(nodata);
    const TemporaryFolder folder;
    Plane<std::uint16_t> plane = numbers(2311, 1403, nodata);
    write_cog_u16(folder / "a.tif", grid_over(plane), plane.view(), nodata, {"B04", {{"SYNTHETIC", "yes"}}},
                  three_threads);
    EXPECT_EQ(folder.count(), 1U);
    const Opened file(folder / "a.tif");
    EXPECT_STREQ(GDALGetMetadataItem(file.dataset(), "LAYOUT", "IMAGE_STRUCTURE"), "COG");
    EXPECT_STREQ(GDALGetMetadataItem(file.dataset(), "COMPRESSION", "IMAGE_STRUCTURE"), "DEFLATE");
    EXPECT_STREQ(GDALGetMetadataItem(file.dataset(), "PREDICTOR", "IMAGE_STRUCTURE"), "2");
    EXPECT_STREQ(GDALGetMetadataItem(file.dataset(), "SYNTHETIC", nullptr), "yes");
    EXPECT_EQ(GDALGetRasterDataType(file.band()), GDT_UInt16);
    EXPECT_EQ(GDALGetRasterNoDataValue(file.band(), nullptr), nodata);
    std::array<double, 6> transform{};
    EXPECT_EQ(GDALGetGeoTransform(file.dataset(), transform.data()), CE_None);
    EXPECT_EQ(transform, (std::array<double, 6>{600000, 10, 0, 4700000, 0, -10}));
    expect_numbers(file.band(), plane);
    ASSERT_EQ(GDALGetOverviewCount(file.band()), 3);
    for (int i = 0; i < 3; ++i) {
      plane = mean_halved(
          plane, nodata, [nodata](std::uint16_t value) { return value != nodata; },
          [](double mean) { return static_cast<std::uint16_t>(std::floor(mean + 0.5)); });
      expect_numbers(GDALGetOverview(file.band(), i), plane);
    }
  }
}

TEST(CogWriter, OwnReaderReadsSixteenBits) {
  const TemporaryFolder folder;
  const Plane<std::uint16_t> plane = numbers(700, 600, 0);
  write_cog_u16(folder / "a.tif", grid_over(plane), plane.view(), 0, {});
  const BandFile file(folder / "a.tif");
  EXPECT_EQ(file.grid(), grid_over(plane));
  ASSERT_EQ(file.blocks_across(), 2);
  ASSERT_EQ(file.blocks_down(), 2);
  Plane<std::uint16_t> block(512, 512);
  for (int by = 0; by < 2; ++by) {
    for (int bx = 0; bx < 2; ++bx) {
      const BlockSize size = file.read_block(bx, by, block.view());
      EXPECT_EQ(size, (BlockSize{bx == 0 ? 512 : 188, by == 0 ? 512 : 88}));
      for (int y = 0; y < size.height; ++y) {
        const std::uint16_t* const expected = plane.row(512 * by + y) + 512 * bx;
        ASSERT_TRUE(std::equal(expected, expected + size.width, block.row(y))) << y;
      }
    }
  }
}

TEST(CogWriter, ElevationsRoundTripWithOverviews) {
  const TemporaryFolder folder;
  constexpr float hole = std::numeric_limits<float>::quiet_NaN();
  Plane<float> plane(1100, 701);
  for (int y = 0; y < plane.height(); ++y) {
    for (int x = 0; x < plane.width(); ++x) {
      plane.at(x, y) =
          (x / 9 + y / 4) % 7 == 0 ? hole : 812.3F + 0.37F * static_cast<float>(x % 61) - 0.11F * static_cast<float>(y);
    }
  }
  write_cog_f32(folder / "dem.tif", grid_over(plane), plane.view(), {"elevation", {}}, three_threads);
  const Opened file(folder / "dem.tif");
  EXPECT_STREQ(GDALGetMetadataItem(file.dataset(), "LAYOUT", "IMAGE_STRUCTURE"), "COG");
  EXPECT_STREQ(GDALGetMetadataItem(file.dataset(), "PREDICTOR", "IMAGE_STRUCTURE"), "3");
  EXPECT_EQ(GDALGetRasterDataType(file.band()), GDT_Float32);
  EXPECT_TRUE(std::isnan(GDALGetRasterNoDataValue(file.band(), nullptr)));
  ASSERT_EQ(GDALGetOverviewCount(file.band()), 2);
  for (int level = -1; level < 2; ++level) {
    SCOPED_TRACE(level);
    const auto values = pixels<float>(level < 0 ? file.band() : GDALGetOverview(file.band(), level), GDT_Float32);
    ASSERT_EQ(values.size(), static_cast<std::size_t>(plane.width() * plane.height()));
    // The bound: three additions and a division of numbers below 1024 in single precision, at each level.
    const float tolerance = level < 0 ? 0.0F : 5e-4F;
    for (int y = 0; y < plane.height(); ++y) {
      for (int x = 0; x < plane.width(); ++x) {
        const float value = values[static_cast<std::size_t>(y * plane.width() + x)];
        ASSERT_EQ(std::isnan(value), std::isnan(plane.at(x, y))) << x << ' ' << y;
        if (std::isnan(value)) continue;
        ASSERT_NEAR(value, plane.at(x, y), tolerance) << x << ' ' << y;
      }
    }
    plane = mean_halved(
        plane, hole, [](float value) { return !std::isnan(value); },
        [](double mean) { return static_cast<float>(mean); });
  }
}

TEST(CogWriter, ByteWithAnotherNodata) {
  const TemporaryFolder folder;
  Plane<std::uint8_t> plane(600, 30);
  for (int y = 0; y < 30; ++y) {
    for (int x = 0; x < 600; ++x) plane.at(x, y) = static_cast<std::uint8_t>(x % 2 == 0 ? 0 : x < 300 ? 5 : 255);
  }
  write_cog_byte(folder / "a.tif", grid_of(plane), plane.view(), {}, serial_for, 0, CogPlace::unfinished);
  EXPECT_EQ(folder.count(), 1U);
  const Opened file(folder / "a.tif");
  EXPECT_EQ(GDALGetRasterNoDataValue(file.band(), nullptr), 0);
  expect_bytes(file.band(), plane);
  ASSERT_EQ(GDALGetOverviewCount(file.band()), 1);
  const auto overview = pixels<std::uint8_t>(GDALGetOverview(file.band(), 0), GDT_Byte);
  EXPECT_EQ(overview.front(), 5);
  EXPECT_EQ(overview.back(), 255);
}

TEST(CogWriter, SeveralGeoreferencesInTurn) {
  const TemporaryFolder folder;
  const Plane<std::uint16_t> plane = numbers(20, 30, 0);
  for (const char* crs : {"EPSG:32638", "EPSG:32720", "EPSG:32638", "EPSG:3857"}) {
    SCOPED_TRACE(crs);
    const Grid grid{crs, {123456.5, -789.25}, 20, 20, 30};
    write_cog_u16(folder / "a.tif", grid, plane.view(), 0, {});
    EXPECT_EQ(BandFile(folder / "a.tif").grid(), grid);
  }
}

TEST(CogWriter, BytesDoNotDependOnThreads) {
  const TemporaryFolder folder;
  const Plane<std::uint8_t> plane = picture(5000, 4700);  // more than one batch of tiles
  write_cog_float(folder / "a.tif", grid_of(plane), plane.view(), linear_table(), {}, serial_for);
  write_cog_float(folder / "b.tif", grid_of(plane), plane.view(), linear_table(), {}, three_threads);
  write_cog_float(folder / "b.tif", grid_of(plane), plane.view(), linear_table(), {}, three_threads);  // replaces
  EXPECT_TRUE(read_text(folder / "a.tif") == read_text(folder / "b.tif"));
  EXPECT_GT(read_text(folder / "a.tif").size(), 100'000U);
  const Plane<std::uint16_t> numbers_plane = numbers(4700, 3700, 0);
  const auto write_numbers = [&](const std::string& path, const ParallelFor& parallel_for) {
    write_cog_u16(path, grid_over(numbers_plane), numbers_plane.view(), 0, {}, parallel_for, CogPlace::unfinished);
  };
  write_numbers(folder / "a.tif", serial_for);
  write_numbers(folder / "b.tif", three_threads);
  EXPECT_TRUE(read_text(folder / "a.tif") == read_text(folder / "b.tif"));
  EXPECT_EQ(folder.count(), 2U);
}

TEST(CogWriter, ValidatorAgrees) {
  const std::string python = "/usr/bin/python3 ";
  const std::string module = "osgeo_utils.samples.validate_cloud_optimized_geotiff";
  if (std::system((python + "-c 'import " + module + "' 2>/dev/null").c_str()) != 0) {
    GTEST_SKIP() << "no python3-gdal";
  }
  const TemporaryFolder folder;
  const Plane<std::uint8_t> plane = picture(2311, 1403);
  write_cog_float(folder / "a.tif", grid_of(plane), plane.view(), linear_table(), {"x", {}});
  write_cog_byte(folder / "b.tif", grid_of(plane), plane.view(), {});
  const Plane<std::uint16_t> dn = numbers(2311, 1403, 0);
  write_cog_u16(folder / "c.tif", grid_over(dn), dn.view(), 0, {"B04", {}});
  write_cog_byte(folder / "d.tif", grid_of(plane), plane.view(), {"class", {}, {{1, {215, 48, 39}}}});
  for (const char* name : {"a.tif", "b.tif", "c.tif", "d.tif"}) {
    const std::string log = folder / "log";
    const int result =
        std::system((python + "-m " + module + " --full-check=yes " + (folder / name) + " >" + log + " 2>&1").c_str());
    EXPECT_EQ(result, 0) << read_text(log);
    EXPECT_THAT(read_text(log), HasSubstr("is a valid cloud optimized GeoTIFF"));
    EXPECT_THAT(read_text(log), ::testing::Not(HasSubstr("warning")));
  }
}

TEST(CogWriter, FullDiskLeavesNothing) {
  const TemporaryFolder folder;
  test::write_text(folder / "a.tif", "old");
  const Plane<std::uint8_t> plane = picture(2000, 2000);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  // In the header, in the tile arrays, in a tile of an overview, in the last tiles.
  for (const rlim_t limit : {100, 500, 1500, 20'000, 1'000'000}) {
    SCOPED_TRACE(limit);
    const rlimit small{limit, old.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    std::string message;
    try {
      write_cog_float(folder / "a.tif", grid_of(plane), plane.view(), linear_table(), {}, three_threads);
    } catch (const IoError& error) {
      message = error.what();
    }
    ::setrlimit(RLIMIT_FSIZE, &old);
    EXPECT_THAT(message, StartsWith((folder / "a.tif") + ": cannot write"));
    EXPECT_EQ(read_text(folder / "a.tif"), "old");
    EXPECT_EQ(folder.count(), 1U);
  }
}

TEST(CogWriter, BadRequests) {
  const TemporaryFolder folder;
  const Plane<std::uint8_t> plane = picture(10, 10);
  Grid grid = grid_of(plane);
  EXPECT_THAT(message_of<IoError>([&] { write_cog_byte(folder / "none/a.tif", grid, plane.view(), {}); }),
              HasSubstr("No such file"));
  grid.width = 11;
  EXPECT_THAT(message_of<DataError>([&] { write_cog_byte(folder / "a.tif", grid, plane.view(), {}); }),
              HasSubstr("size of its grid"));
  grid = grid_of(plane);
  grid.crs = "nonsense";
  EXPECT_THAT(message_of<DataError>([&] { write_cog_byte(folder / "a.tif", grid, plane.view(), {}); }),
              HasSubstr("nonsense"));
  grid = grid_of(plane);
  const ParallelFor broken = [](int, const std::function<void(int)>&) { throw std::runtime_error("stopped"); };
  EXPECT_THROW(write_cog_byte(folder / "a.tif", grid, plane.view(), {}, broken), std::runtime_error);
  EXPECT_EQ(folder.count(), 0U);
}

}  // namespace
}  // namespace pitwatch
