#include "pipeline/water/windows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pitwatch {
namespace {

using ::testing::ElementsAre;

/// A box of 100 m at a place of the zone's grid, pixels of 10 m.
GridBox box_at(double x, double y) { return {x, y, x + 10, y + 10}; }

TEST(AlertWindows, ReachAllAround) {
  const std::vector<AlertWindow> windows = alert_windows({box_at(50'000, 600'000)}, 30, 1000);
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_EQ(windows[0].cells.cell_m, 30);
  // 499 000 to 501 100 m and 5 999 000 to 6 001 100 m.
  EXPECT_EQ(windows[0].cells.window, (Window{16633, 199966, 71, 71}));
}

TEST(AlertWindows, AreSharedWhereThatIsNoMore) {
  const std::vector<AlertWindow> windows =
      alert_windows({box_at(50'000, 600'000), box_at(70'000, 600'000), box_at(50'050, 600'050)}, 30, 1000);
  ASSERT_EQ(windows.size(), 2U);
  EXPECT_THAT(windows[0].alerts, ElementsAre(0U, 2U));
  EXPECT_THAT(windows[1].alerts, ElementsAre(1U));
  EXPECT_EQ(windows[0].cells.window, (Window{16633, 199966, 87, 88}));
  EXPECT_EQ(windows[1].cells.window.width, 70);
}

TEST(AlertWindows, OfTooManyCellsHaveLargerOnes) {
  const std::vector<AlertWindow> windows = alert_windows({box_at(50'000, 600'000)}, 1, 5000);
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_EQ(windows[0].cells.cell_m, 8);  // 10 100 m: 102 million cells of 1 m, 25 of 2 m, 6.4 of 4 m
  EXPECT_LE(static_cast<double>(windows[0].cells.window.width) * windows[0].cells.window.height, most_window_cells);
}

TEST(WideWindow, HasTheSameMiddle) {
  const CellWindow wide = wide_window({30, {1000, 2000, 100, 60}}, 4, 1e6);
  EXPECT_EQ(wide.cell_m, 30);
  EXPECT_EQ(wide.window, (Window{850, 1910, 400, 240}));
  const CellWindow coarse = wide_window({30, {1000, 2000, 1000, 1000}}, 4, 1e6);
  EXPECT_EQ(coarse.cell_m, 120);
  EXPECT_EQ(coarse.window, (Window{-125, 125, 1000, 1000}));
}

}  // namespace
}  // namespace pitwatch
