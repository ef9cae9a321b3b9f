#include "pipeline/hydrology/voids.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/hydrology/grids.hpp"

namespace pitwatch {
namespace {

using test::no_elevation;

Plane<float> tilted(int side) {
  Plane<float> plane(side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) plane.at(x, y) = static_cast<float>(100 + 2 * x - 3 * y);
  }
  return plane;
}

TEST(Voids, OfAPlaneAreThePlane) {
  const Plane<float> whole = tilted(12);
  Plane<float> holed = tilted(12);
  for (int y = 4; y < 8; ++y) {
    for (int x = 3; x < 9; ++x) holed.at(x, y) = no_elevation;
  }
  const FilledVoids filled = fill_voids(holed.view(), 24);
  EXPECT_EQ(filled.cells, 24);
  EXPECT_EQ(filled.cells_left, 0);
  for (int y = 0; y < 12; ++y) {
    for (int x = 0; x < 12; ++x) EXPECT_NEAR(holed.at(x, y), whole.at(x, y), 0.01);
  }
}

TEST(Voids, ThatAreLargeOrOpenAreLeft) {
  Plane<float> holed = tilted(12);
  holed.at(0, 5) = no_elevation;  // at the edge, with what touches it
  holed.at(1, 6) = no_elevation;
  for (int x = 4; x < 9; ++x) holed.at(x, 8) = no_elevation;
  holed.at(6, 3) = no_elevation;
  const FilledVoids filled = fill_voids(holed.view(), 4);
  EXPECT_EQ(filled.cells, 1);
  EXPECT_EQ(filled.cells_left, 7);
  EXPECT_TRUE(std::isnan(holed.at(1, 6)));
  EXPECT_TRUE(std::isnan(holed.at(4, 8)));
  EXPECT_NEAR(holed.at(6, 3), 103, 0.01);
}

TEST(Voids, OfNothingElseStay) {
  Plane<float> none(5, 5);
  for (int y = 0; y < 5; ++y) {
    for (int x = 0; x < 5; ++x) none.at(x, y) = no_elevation;
  }
  EXPECT_EQ(fill_voids(none.view(), 100).cells, 0);
}

}  // namespace
}  // namespace pitwatch
