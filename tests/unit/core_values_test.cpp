// Windows, grids, planes, bands, and the text of errors.

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {
namespace {

TEST(Window, Intersection) {
  const Window a{0, 0, 10, 10};
  EXPECT_EQ(intersection(a, {5, 5, 10, 10}), (Window{5, 5, 5, 5}));
  EXPECT_EQ(intersection(a, {-5, -5, 100, 100}), a);
  EXPECT_TRUE(intersection(a, {10, 0, 5, 5}).empty());
  EXPECT_TRUE(intersection(a, {-5, -5, 2, 2}).empty());
  EXPECT_EQ(a.grown(2), (Window{-2, -2, 14, 14}));
}

TEST(Grid, ToMap) {
  const Grid grid{"EPSG:32638", {600000, 4700000}, 10, 100, 50};
  EXPECT_EQ(grid.to_map(0, 0).x, 600000);
  EXPECT_EQ(grid.to_map(100, 50).x, 601000);
  EXPECT_EQ(grid.to_map(100, 50).y, 4699500);
}

TEST(Plane, RowsStartAlignedAndAllocationIsKept) {
  Plane<std::uint16_t> plane(33, 5);
  for (int y = 0; y < 5; ++y) EXPECT_EQ(reinterpret_cast<std::uintptr_t>(plane.row(y)) % 64, 0U);
  const std::uint16_t* const before = plane.row(0);
  plane.reshape(20, 3);
  EXPECT_EQ(plane.row(0), before);
  EXPECT_EQ(plane.width(), 20);
  EXPECT_EQ(plane.view().stride, plane.stride());
}

TEST(Band, EveryBandIsFoundByItsNames) {
  for (const BandInfo& band : band_infos) {
    EXPECT_EQ(info(band.band).name, band.name);
    EXPECT_EQ(band_from_name(band.name), band.band);
    EXPECT_EQ(band_from_common_name(band.common_name), band.band);
  }
  EXPECT_EQ(band_from_name("B4"), Band::B04);
  EXPECT_EQ(band_from_name("b8a"), Band::B8A);
  EXPECT_TRUE(is_reflectance(Band::B12));
  EXPECT_FALSE(is_reflectance(Band::SCL) || is_reflectance(Band::CLD) || is_reflectance(Band::SNW));
  EXPECT_EQ(band_from_name("B13"), std::nullopt);
  EXPECT_EQ(band_from_name(""), std::nullopt);
  EXPECT_EQ(band_from_common_name("visual"), std::nullopt);
}

TEST(ChangeClass, NamesStandAtTheirCodes) {
  for (const ChangeClassName& entry : change_class_names) EXPECT_EQ(name(entry.change_class), entry.name);
}

TEST(Error, ChainIsOneLine) {
  try {
    try {
      throw DataError("no\nsuch\r\nfile");
    } catch (...) {
      rethrow_with_context("BEFORE band B04");
    }
  } catch (const DataError& error) {
    EXPECT_EQ(error_chain(error), "BEFORE band B04: no such  file");
  }
}

TEST(Error, ContextKeepsTheTypeOfOurs) {
  const auto rethrown = [](auto&& error) {
    try {
      throw error;
    } catch (...) {
      rethrow_with_context("context");
    }
  };
  EXPECT_THROW(rethrown(ConfigError("x")), ConfigError);
  EXPECT_THROW(rethrown(DataError("x")), DataError);
  EXPECT_THROW(rethrown(IoError("x")), IoError);
  EXPECT_THROW(rethrown(std::out_of_range("x")), std::runtime_error);
}

TEST(Error, WhatIsNoExceptionIsSaidToBeUnknown) {
  try {
    try {
      throw 7;
    } catch (...) {
      rethrow_with_context("context");
    }
  } catch (const std::exception& error) {
    EXPECT_EQ(error_chain(error), "context: unknown error");
  }
}

}  // namespace
}  // namespace pitwatch
