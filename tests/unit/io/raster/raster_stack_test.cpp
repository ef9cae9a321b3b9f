// Small GeoTIFFs of several bands: what GDAL makes of them, and what is refused.

#include "pipeline/io/raster/raster_stack.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr StackBounds bounds{std::uint64_t{1} << 20, 64, 2};
const Grid grid{"EPSG:32638", {600020, 4500040}, 10, 7, 5};

Plane<std::uint16_t> numbers(int width, int height, int first) {
  Plane<std::uint16_t> plane(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) plane.at(x, y) = static_cast<std::uint16_t>(first + 977 * (y * width + x));
  }
  return plane;
}

std::string example(const Grid& on, int count = 2) {
  const Plane<std::uint16_t> one = numbers(on.width, on.height, 3);
  const Plane<std::uint16_t> other = numbers(on.width, on.height, 60000);  // wraps around
  std::vector<StackBand> bands{{"B02", 1e-4, -0.3001, one.view()}, {"mask <&>", 1, 0, other.view()}};
  while (static_cast<int>(bands.size()) < count) bands.push_back(bands.back());
  bands.resize(static_cast<std::size_t>(count));
  const std::vector<std::pair<std::string, std::string>> items{{"WHAT", "a \"chip\" & <more>"}};
  return geotiff_of_stack(on, bands, 0, items);
}

class RasterStackTest : public ::testing::Test {
 protected:
  std::string put(const std::string& bytes) {
    const std::string path = folder_ / "stack.tif";
    test::write_text(path, bytes);
    return path;
  }
  test::TemporaryFolder folder_;
};

TEST_F(RasterStackTest, ComesBackAsItWas) {
  const RasterStack read = read_raster_stack(put(example(grid)), bounds);
  EXPECT_EQ(read.head.grid, grid);
  EXPECT_EQ(read.head.items.at("WHAT"), "a \"chip\" & <more>");
  EXPECT_EQ(read.head.scales, (std::vector<std::pair<double, double>>{{1e-4, -0.3001}, {1, 0}}));
  const Plane<std::uint16_t> other = numbers(grid.width, grid.height, 60000);
  ASSERT_EQ(read.bands.size(), 2U);
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x) EXPECT_EQ(read.bands[1].at(x, y), other.at(x, y)) << x << ' ' << y;
  }
  EXPECT_EQ(read_stack_head(folder_ / "stack.tif", bounds).grid, grid);
}

TEST_F(RasterStackTest, SameContentSameBytes) { EXPECT_EQ(example(grid), example(grid)); }

TEST_F(RasterStackTest, WhatLiesBesideDoesNotCount) {
  const std::string path = put(example(grid));
  test::write_text(path + ".aux.xml",
                   "<PAMDataset><GeoTransform>0,1,0,0,0,-1</GeoTransform><Metadata><MDI "
                   "key=\"WHAT\">another</MDI></Metadata></PAMDataset>");
  const StackHead head = read_stack_head(path, bounds);
  EXPECT_EQ(head.items.at("WHAT"), "a \"chip\" & <more>");
  EXPECT_EQ(head.grid, grid);
}

TEST_F(RasterStackTest, RefusesWhatIsNotWithinBounds) {
  const auto refusal = [&](const std::string& bytes, StackBounds within = bounds) {
    const std::string path = put(bytes);
    const auto message = message_of<DataError>([&] { read_raster_stack(path, within); });
    EXPECT_THAT(message, StartsWith(path + ": "));
    return message;
  };
  EXPECT_THAT(refusal(example(grid, 3)), HasSubstr("has 3 bands, not 2"));
  EXPECT_THAT(refusal(example(grid, 1)), HasSubstr("has 1 bands, not 2"));
  EXPECT_THAT(refusal(example({"EPSG:32638", {0, 0}, 10, 65, 2})), HasSubstr("65 x 2 pixels"));
  EXPECT_THAT(refusal(example({"EPSG:32638", {0, 0}, 10, 2, 65})), HasSubstr("2 x 65 pixels"));
  const std::string bytes = example(grid);
  EXPECT_THAT(refusal(bytes, {bytes.size() - 1, 64, 2}), HasSubstr("bytes"));
  EXPECT_THAT(refusal("not a raster"), HasSubstr("is no GeoTIFF"));
  EXPECT_THAT(refusal(bytes.substr(0, bytes.size() - 30)), HasSubstr("cannot be read"));
  EXPECT_THAT(message_of<DataError>([&] { read_raster_stack(folder_ / "none.tif", bounds); }),
              HasSubstr("is not there"));
  std::filesystem::create_symlink(put(bytes), folder_ / "link.tif");
  EXPECT_THAT(message_of<DataError>([&] { read_raster_stack(folder_ / "link.tif", bounds); }), HasSubstr("is a link"));
}

/// Every cut, and every byte changed: an error of ours or a stack, never anything else.
TEST_F(RasterStackTest, SurvivesAnyByteChangedAndAnyCut) {
  const std::string whole = example(grid);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string bytes = whole;
    constexpr std::array flips{0xFF, 0x01, 0x80};
    bytes[i] = static_cast<char>(bytes[i] ^ flips[i % flips.size()]);
    try {
      const RasterStack read = read_raster_stack(put(bytes), bounds);
      EXPECT_EQ(read.bands.size(), 2U);
      EXPECT_LE(read.head.grid.width, 64);
      EXPECT_LE(read.head.grid.height, 64);
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), StartsWith(folder_ / "stack.tif"));
    }
    EXPECT_THROW(read_raster_stack(put(whole.substr(0, i)), bounds), DataError) << i;
  }
}

TEST_F(RasterStackTest, RefusesBlocksThatAreLargerThanTheirRaster) {
  std::string bytes = example(grid);
  // RowsPerStrip (278) is a number of its own; what a reader would make room for follows from it.
  const std::string entry("\x16\x01\x04\x00\x01\x00\x00\x00\x05\x00\x00\x00", 12);
  const std::size_t at = bytes.find(entry);
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, entry.size(), std::string("\x16\x01\x04\x00\x01\x00\x00\x00\xff\xff\xff\x7f", 12));
  try {
    EXPECT_EQ(read_raster_stack(put(bytes), bounds).bands.size(), 2U);  // GDAL takes it for all rows
  } catch (const DataError&) {
  }
}

TEST_F(RasterStackTest, RefusesToWriteWhatIsNone) {
  const Plane<std::uint16_t> plane = numbers(7, 5, 0);
  const StackBand band{"B02", 1, 0, plane.view()};
  const std::vector<StackBand> many(65, band);
  const auto write = [&](const Grid& on, std::span<const StackBand> bands) { geotiff_of_stack(on, bands, 0, {}); };
  EXPECT_THROW(write(grid, {}), DataError);
  EXPECT_THROW(write(grid, many), DataError);
  EXPECT_NO_THROW(write(grid, std::span(many).first(64)));
  Grid wider = grid;
  wider.width = 8;
  EXPECT_THROW(write(wider, {&band, 1}), DataError);
  Grid lower = grid;
  lower.height = 4;
  EXPECT_THROW(write(lower, {&band, 1}), DataError);
  for (const char* const crs : {"", "EPSG:", "EPSG:12", "EPSG:40000", "PROJCS[...]"}) {
    Grid other = grid;
    other.crs = crs;
    EXPECT_THAT(message_of<DataError>([&] { write(other, {&band, 1}); }), HasSubstr("has no EPSG code")) << crs;
  }
}

}  // namespace
}  // namespace pitwatch
