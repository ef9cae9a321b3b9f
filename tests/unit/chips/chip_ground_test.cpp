// Which ground a chip shows.

#include "pipeline/chips/chip_ground.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace pitwatch {

void PrintTo(const Window& window, std::ostream* out) {
  *out << window.x << ',' << window.y << ' ' << window.width << 'x' << window.height;
}

namespace {

constexpr Window extent{0, 0, 1000, 900};

TEST(ChipGround, IsAtLeastSoLargeAroundTheMiddle) {
  EXPECT_EQ(chip_window({500, 400, 2, 4}, extent), (Window{477, 378, 48, 48}));
  EXPECT_EQ(chip_window({500, 400, 20, 40}, extent), (Window{484, 384, 52, 72}));    // 16 on each side
  EXPECT_EQ(chip_window({500, 400, 100, 63}, extent), (Window{475, 384, 150, 95}));  // half as wide again
  EXPECT_EQ(chip_window({300, 400, 171, 3}, extent), (Window{258, 378, 256, 48}));
}

TEST(ChipGround, IsNeverTooLarge) {
  EXPECT_EQ(chip_window({300, 100, 400, 600}, extent), (Window{372, 272, 256, 256}));
}

TEST(ChipGround, StaysOnItsGrid) {
  EXPECT_EQ(chip_window({0, 899, 3, 1}, extent), (Window{0, 852, 48, 48}));
  EXPECT_EQ(chip_window({998, 0, 2, 2}, extent), (Window{952, 0, 48, 48}));
  EXPECT_EQ(chip_window({2, 3, 4, 5}, {0, 0, 30, 47}), (Window{0, 0, 30, 47}));
}

TEST(ChipGround, IsTheSameUntilTheGroundGrowsBeyond) {
  const Window first = chip_window({500, 400, 2, 4}, extent);
  EXPECT_EQ(chip_window_after(first, {477, 378, 48, 48}, extent), first);
  EXPECT_EQ(chip_window_after(first, {477, 380, 20, 5}, extent), first);
  EXPECT_EQ(chip_window_after(first, {490, 390, 36, 3}, extent), (Window{474, 368, 68, 58}));
  EXPECT_EQ(chip_window_after(first, {476, 400, 3, 3}, extent), (Window{454, 378, 71, 48}));
  // Together too large: that of the new ground alone.
  EXPECT_EQ(chip_window_after(first, {800, 400, 3, 3}, extent), chip_window({800, 400, 3, 3}, extent));
}

}  // namespace
}  // namespace pitwatch
