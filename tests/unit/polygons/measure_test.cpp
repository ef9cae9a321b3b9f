#include "pipeline/polygons/measure.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "pipeline/polygons/trace.hpp"

namespace pitwatch {
namespace {

TEST(Measure, CountsThePixelsOfAnArea) {
  const Grid tens{"EPSG:32638", {0, 0}, 10, 100, 100};  // a pixel is a hundredth of a hectare
  EXPECT_EQ(min_pixels(0.05, tens), 5);
  EXPECT_EQ(min_pixels(0.0501, tens), 6);
  EXPECT_EQ(min_pixels(0.1, tens), 10);  // not 11 by rounding
  EXPECT_EQ(min_pixels(0, tens), 1);
  const Grid twenties{"EPSG:32638", {0, 0}, 20, 100, 100};
  EXPECT_EQ(min_pixels(0.1, twenties), 3);
}

TEST(Measure, FindsTheMiddleOfPixels) {
  EXPECT_EQ(middle_of({{3, 5, 6}}), (std::pair{5.5, 3.5}));
  // An L: three pixels in one row, one below the first.
  const auto [column, row] = middle_of({{0, 0, 3}, {1, 0, 1}});
  EXPECT_DOUBLE_EQ(column, (0.5 + 1.5 + 2.5 + 0.5) / 4);
  EXPECT_DOUBLE_EQ(row, (3 * 0.5 + 1.5) / 4);
}

TEST(Measure, IsUncertainByTheRootOfTheOutline) {
  const PixelMultiPolygon square = trace(std::vector<pitwatch::Run>{{0, 0, 4}, {1, 0, 4}, {2, 0, 4}, {3, 0, 4}});
  EXPECT_DOUBLE_EQ(area_uncertainty_px(square), 0.5 * std::sqrt(16.0));
  const PixelMultiPolygon ring = trace(std::vector<pitwatch::Run>{{0, 0, 3}, {1, 0, 1}, {1, 2, 3}, {2, 0, 3}});
  EXPECT_DOUBLE_EQ(area_uncertainty_px(ring), 0.5 * std::sqrt(12.0 + 4.0));  // its hole too
}

}  // namespace
}  // namespace pitwatch
