#include "pipeline/indexmap/index_raster.hpp"

#include <gdal/gdal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "pipeline/io/files/gdal_runtime.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::read_text;
using test::TemporaryFolder;

struct CloseDataset {
  void operator()(void* dataset) const { GDALClose(dataset); }
};
using Dataset = std::unique_ptr<void, CloseDataset>;

Dataset open(const std::string& path) {
  initialise_gdal(16 << 20);
  return Dataset(GDALOpen(path.c_str(), GA_ReadOnly));
}

Plane<float> some_values() {
  Plane<float> values(700, 600);
  for (int y = 0; y < values.height(); ++y) {
    for (int x = 0; x < values.width(); ++x) {
      values.at(x, y) = (x + y) % 7 == 0 ? std::nanf("") : 0.001F * static_cast<float>(x - y);
    }
  }
  values.at(1, 0) = 5;
  return values;
}

const Grid grid{"EPSG:32638", {600000, 4500000}, 10, 700, 600};

TEST(IndexRaster, FloatsComeBackWithNameAndStatistics) {
  const TemporaryFolder folder;
  const Plane<float> values = some_values();
  EXPECT_EQ(write_index_raster(folder / "a.tif", grid, values.view(), {"NDVI", {{"FORMULA", "a<b"}}, {}}, serial_for),
            0);
  const Dataset file = open(folder / "a.tif");
  const GDALRasterBandH band = GDALGetRasterBand(file.get(), 1);
  EXPECT_EQ(GDALGetRasterDataType(band), GDT_Float32);
  EXPECT_STREQ(GDALGetDescription(band), "NDVI");
  EXPECT_STREQ(GDALGetMetadataItem(file.get(), "FORMULA", nullptr), "a<b");
  EXPECT_TRUE(std::isnan(GDALGetRasterNoDataValue(band, nullptr)));
  EXPECT_EQ(GDALGetOverviewCount(band), 1);
  std::vector<float> row(700);
  for (const int y : {0, 5, 599}) {
    ASSERT_EQ(GDALRasterIO(band, GF_Read, 0, y, 700, 1, row.data(), 700, 1, GDT_Float32, 0, 0), CE_None);
    for (int x = 0; x < 700; ++x) {
      const float expected = values.at(x, y);
      const float actual = row[static_cast<std::size_t>(x)];
      ASSERT_TRUE(actual == expected || (std::isnan(actual) && std::isnan(expected))) << x << ", " << y;
    }
  }
  double sum = 0;
  double count = 0;
  for (int y = 0; y < 600; ++y) {
    for (int x = 0; x < 700; ++x) {
      if (std::isnan(values.at(x, y))) continue;
      sum += double{values.at(x, y)};
      ++count;
    }
  }
  double least = 0;
  double most = 0;
  double mean = 0;
  double deviation = 0;
  ASSERT_EQ(GDALGetRasterStatistics(band, 1, 0, &least, &most, &mean, &deviation), CE_None);
  EXPECT_FLOAT_EQ(static_cast<float>(least), -0.599F);
  EXPECT_EQ(most, 5);
  EXPECT_NEAR(mean, sum / count, 1e-9);
  EXPECT_NEAR(std::stod(GDALGetMetadataItem(band, "STATISTICS_VALID_PERCENT", nullptr)), 100 * count / 420000, 1e-6);
}

TEST(IndexRaster, WholeNumbersHaveScaleNodataAndEnds) {
  const TemporaryFolder folder;
  const Plane<float> values = some_values();
  EXPECT_EQ(write_index_raster(folder / "a.tif", grid, values.view(), {"NDVI", {}, 0.0001}, serial_for), 1) << "the 5";
  const Dataset file = open(folder / "a.tif");
  const GDALRasterBandH band = GDALGetRasterBand(file.get(), 1);
  EXPECT_EQ(GDALGetRasterDataType(band), GDT_Int16);
  EXPECT_EQ(GDALGetRasterScale(band, nullptr), 0.0001);
  EXPECT_EQ(GDALGetRasterOffset(band, nullptr), 0);
  EXPECT_EQ(GDALGetRasterNoDataValue(band, nullptr), -32768);
  std::vector<std::int16_t> row(700);
  for (const int y : {0, 5, 599}) {
    ASSERT_EQ(GDALRasterIO(band, GF_Read, 0, y, 700, 1, row.data(), 700, 1, GDT_Int16, 0, 0), CE_None);
    for (int x = 0; x < 700; ++x) {
      const float value = values.at(x, y);
      const int expected = std::isnan(value) ? -32768 : value == 5 ? 32767 : 10 * (x - y);
      ASSERT_EQ(row[static_cast<std::size_t>(x)], expected) << x << ", " << y;
    }
  }
  // Overviews are means of what is there, below 0 too: of (2, 500) and its neighbours.
  const GDALRasterBandH half = GDALGetOverview(band, 0);
  std::int16_t mean = 0;
  ASSERT_EQ(GDALRasterIO(half, GF_Read, 1, 250, 1, 1, &mean, 1, 1, GDT_Int16, 0, 0), CE_None);
  double sum = 0;
  int count = 0;
  for (const int x : {2, 3}) {
    for (const int y : {500, 501}) {
      if (std::isnan(values.at(x, y))) continue;
      sum += 10 * (x - y);
      ++count;
    }
  }
  EXPECT_EQ(mean, static_cast<int>(std::floor(sum / count + 0.5)));
}

TEST(IndexRaster, StepsFollowTheRange) {
  EXPECT_EQ(int16_scale_of(ValueRange{-1, 1}), 0.0001);
  EXPECT_EQ(int16_scale_of(ValueRange{-3.2767, 1}), 0.0001);
  EXPECT_EQ(int16_scale_of(ValueRange{-3.3, 1}), 0.0002);
  EXPECT_EQ(int16_scale_of(ValueRange{0, 10}), 0.0005);
  EXPECT_EQ(int16_scale_of(ValueRange{0, 160}), 0.005);
  EXPECT_EQ(int16_scale_of(ValueRange{0, 1e6}), 100);
  EXPECT_EQ(int16_scale_of(std::nullopt), 0.001);
}

}  // namespace
}  // namespace pitwatch
