// Windows, grids, planes, bands, and the text of errors.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/large_buffer.hpp"
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

TEST(KeptPixels, GoToWhoeverWantsAsMuchNext) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "memory that is freed is left to AddressSanitizer";
#endif
  constexpr std::size_t size = std::size_t{8} << 20;
  const KeptPixels kept;
  PixelArray<std::uint8_t> first = make_pixels<std::uint8_t>(size);
  PixelArray<std::uint8_t> second = make_pixels<std::uint8_t>(size);
  const void* const memory = second.get();
  second.reset();
  second = make_pixels<std::uint8_t>(size + size / 10);
  EXPECT_EQ(second.get(), memory) << "a little more fits in, too";
  second[size + size / 10 - 1] = 1;
  second.reset();
  // Half as much would waste the rest, and both together would be more than was once in use.
  second = make_pixels<std::uint8_t>(size / 2);
  EXPECT_NE(second.get(), memory);
}

TEST(KeptPixels, ManyThreadsTakeAndGiveBack) {
  const KeptPixels kept;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      for (int i = 0; i < 200; ++i) {
        const std::size_t size = (std::size_t{2} << 20) + random() % (std::size_t{2} << 20);
        const PixelArray<std::uint8_t> pixels = make_pixels<std::uint8_t>(size);
        pixels[0] = pixels[size - 1] = static_cast<std::uint8_t>(t);
        std::this_thread::yield();
        wrong += pixels[0] != t || pixels[size - 1] != t;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
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
