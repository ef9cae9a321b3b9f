#include "pipeline/compare/block_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/raster/geotiff_writer.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::TemporaryFolder;

constexpr int width = 700;
constexpr int height = 520;
constexpr std::int64_t block_bytes = 256 * 256 * 2;

std::uint16_t value_at(int x, int y) { return static_cast<std::uint16_t>(1 + x * 7 + y * 31); }

class BlockStoreTest : public testing::Test {
 protected:
  BlockStoreTest() {
    Plane<std::uint16_t> plane(width, height);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) plane.at(x, y) = value_at(x, y);
    }
    const Grid grid{"EPSG:32638", {600000, 4500000}, 10, width, height};
    write_geotiff_u16(path_, grid, plane.view(), 0);
  }

  static void expect_pixels(const BlockStore::Lease& lease, const Window& window) {
    for (int y = window.y; y < window.bottom(); ++y) {
      lease.for_each_stretch(0, y, window.x, window.right(), [&](int x, const std::uint16_t* pixels, int count) {
        for (int i = 0; i < count; ++i) ASSERT_EQ(pixels[i], value_at(x + i, y)) << x + i << " " << y;
      });
    }
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "band.tif";
};

TEST_F(BlockStoreTest, GivesTheFilesPixelsToManyThreads) {
  const BandFile file(path_);
  BlockStore store({{&file, "band"}});
  std::vector<Window> windows;
  for (int y = 0; y < height; y += 130) {
    for (int x = 0; x < width; x += 100) {
      windows.push_back(intersection(Window{x, y, 100, 130}.grown(40), {0, 0, width, height}));
    }
  }
  for (const Window& window : windows) store.announce({&window, 1});
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (std::size_t i = next++; i < windows.size(); i = next++) {
        expect_pixels(store.lease({&windows[i], 1}), windows[i]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(store.peak_bytes(), 9 * block_bytes);
  EXPECT_GE(store.peak_bytes(), block_bytes);
}

TEST_F(BlockStoreTest, KeepsABlockOnlyWhileALeaseIsToCome) {
  const BandFile file(path_);
  BlockStore store({{&file, "band"}});
  const std::array<Window, 3> one_block_each{{{0, 0, 10, 10}, {300, 0, 10, 10}, {600, 300, 10, 10}}};
  for (const Window& window : one_block_each) store.announce({&window, 1});
  for (const Window& window : one_block_each) expect_pixels(store.lease({&window, 1}), window);
  EXPECT_EQ(store.peak_bytes(), block_bytes);
}

TEST_F(BlockStoreTest, EachLeaseOfABrokenBlockFailsAndNamesTheFile) {
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 2000);
  const BandFile file(path_);
  BlockStore store({{&file, "AFTER band B04"}});
  const Window last{width - 5, height - 5, 5, 5};
  for (int i = 0; i < 2; ++i) store.announce({&last, 1});
  for (int i = 0; i < 2; ++i) {
    try {
      store.lease({&last, 1});
      ADD_FAILURE() << "read";
    } catch (const DataError& error) {
      EXPECT_THAT(error_chain(error), testing::AllOf(testing::StartsWith("AFTER band B04: " + path_),
                                                     testing::HasSubstr("cannot read block 2,2")));
    }
  }
}

}  // namespace
}  // namespace pitwatch
