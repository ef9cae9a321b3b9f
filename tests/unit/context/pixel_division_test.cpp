#include "pipeline/context/pixel_division.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

namespace pitwatch {
namespace {

using Members = std::vector<std::size_t>;

GridShape polygon(GridRing ring) { return {{std::move(ring), {}}}; }

double share(const PixelDivision& division, const Members& members) {
  const auto found = division.find(members);
  return found == division.end() ? 0 : found->second;
}

TEST(PixelDivisions, AreExactWhereBoundariesCross) {
  // One holds what is left of a line from the lower left to the upper right corner of the pixel (7, 3), the other what
  // is below the line between the other two corners.
  const GridShape left = polygon({{0, 2.5}, {8.5, 2.5}, {4, 7}, {0, 7}});
  const GridShape below = polygon({{3, -1}, {11, 7}, {3, 7}});
  const PixelDivision division = divide_pixel({&left, &below}, 7, 3);
  EXPECT_NEAR(share(division, {}), 0.25, 1e-12);
  EXPECT_NEAR(share(division, {0}), 0.25, 1e-12);
  EXPECT_NEAR(share(division, {1}), 0.25, 1e-12);
  EXPECT_NEAR(share(division, {0, 1}), 0.25, 1e-12);
}

TEST(PixelDivisions, KnowHolesAndCornersWithinThePixel) {
  GridShape whole = polygon({{-1, -1}, {2, -1}, {2, 2}, {-1, 2}});
  whole[0].holes.push_back({{0.25, 0.25}, {0.25, 0.75}, {0.75, 0.75}, {0.75, 0.25}});
  const GridShape triangle = polygon({{0.5, 0.5}, {1, 0.5}, {0.5, 1}});
  const PixelDivision division = divide_pixel({&whole, &triangle}, 0, 0);
  EXPECT_NEAR(share(division, {}), 0.25 - 0.0625, 1e-12);
  EXPECT_NEAR(share(division, {0}), 0.75 - 0.0625, 1e-12);
  EXPECT_NEAR(share(division, {1}), 0.0625, 1e-12);
  EXPECT_NEAR(share(division, {0, 1}), 0.0625, 1e-12);
}

TEST(PixelDivisions, OfNeighboursWithOneBorderHaveNothingInCommon) {
  const GridShape left = polygon({{-1, -1}, {0.3, -1}, {0.6, 2}, {-1, 2}});
  const GridShape right = polygon({{0.3, -1}, {2, -1}, {2, 2}, {0.6, 2}});
  const PixelDivision division = divide_pixel({&left, &right}, 0, 0);
  EXPECT_NEAR(share(division, {0}), 0.45, 1e-12);
  EXPECT_NEAR(share(division, {1}), 0.55, 1e-12);
  EXPECT_LT(share(division, {0, 1}), 1e-12);
  EXPECT_LT(share(division, {}), 1e-12);
}

TEST(PixelDivisions, WithoutShapesAreNobodys) { EXPECT_EQ(divide_pixel({}, 5, 6), (PixelDivision{{Members{}, 1.0}})); }

TEST(PixelDivisions, OfVeryManyEdgesAreByColumns) {
  // A comb whose teeth have 0.65 of its upper quarter.
  GridRing comb{{0, 2}};
  constexpr int count = 247;
  for (int i = 0; i < count; ++i) {
    const auto at = [&](double part) { return (i + part) / count; };
    comb.insert(comb.end(), {{at(0), 0.5}, {at(0.1), 0}, {at(0.7), 0}, {at(0.8), 0.5}});
  }
  comb.push_back({1, 0.5});
  comb.push_back({1, 2});
  const GridShape teeth = polygon(comb);
  const GridShape upper = polygon({{-1, -1}, {2, -1}, {2, 0.25}, {-1, 0.25}});
  const PixelDivision division = divide_pixel({&teeth, &upper}, 0, 0);
  EXPECT_NEAR(share(division, {0, 1}), 0.25 * 0.65, 2e-3);
  EXPECT_NEAR(share(division, {1}), 0.25 * 0.35, 2e-3);
  EXPECT_NEAR(share(division, {0}) + share(division, {0, 1}), coverage(teeth, {0, 0, 1, 1}).at(0, 0), 2e-3);
  // Columns, not crossings: what is exact elsewhere is not here.
  EXPECT_GT(std::abs(share(division, {0, 1}) - 0.25 * 0.65), 1e-9);
}

}  // namespace
}  // namespace pitwatch
