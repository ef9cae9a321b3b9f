#include "pipeline/hydrology/depressions.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "tests/unit/hydrology/grids.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::no_elevation;
using test::plane_of;
using test::rows_of;
using Rows = std::vector<std::vector<float>>;

Rows filled(const Rows& rows) {
  Plane<float> plane = plane_of(rows);
  fill_depressions(plane.view());
  return rows_of(plane);
}

Rows breached(const Rows& rows, const BreachLimits& limits = {}) {
  Plane<float> plane = plane_of(rows);
  breach_depressions(plane.view(), limits);
  return rows_of(plane);
}

Rows reference(const std::string& name) {
  const fs::path path = test::shared_data() / "hydrology" / name;
  int nodata = 0;
  Rows rows;
  for (const std::vector<int>& row : test::read_ascii_grid(path, nodata)) rows.emplace_back(row.begin(), row.end());
  return rows;
}

class HydrologyReference : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(test::shared_data() / "hydrology")) GTEST_SKIP() << "no reference data at " << test::shared_data();
  }
};

TEST_F(HydrologyReference, FillsAsPublished) {
  EXPECT_EQ(filled(reference("depressions/testdem1.dem")), reference("depressions/testdem1.all.out"));
}

TEST_F(HydrologyReference, FillsSmallDepressionsAsPublished) {
  for (const int cells : {1, 2}) {
    Plane<float> plane = plane_of(reference("depressions/testdem1.dem"));
    fill_small_depressions(plane.view(), cells);
    EXPECT_EQ(rows_of(plane), reference("depressions/testdem1." + std::to_string(cells) + ".out"));
  }
}

TEST_F(HydrologyReference, BreachesAsPublished) {
  const Rows ground = reference("breaching/testdem1.dem");
  EXPECT_EQ(breached(ground), reference("breaching/testdem1.complete.out"));
  EXPECT_EQ(breached(ground, {2, 9999}), reference("breaching/testdem1.selective-len2-depth9999.out"));
  EXPECT_EQ(breached(ground, {4, 9999}), reference("breaching/testdem1.selective-len4-depth9999.out"));
  EXPECT_EQ(breached(ground, {4, 8}), reference("breaching/testdem1.selective-len4-depth8.out"));
  EXPECT_EQ(breached(ground, {4, 2}), reference("breaching/testdem1.selective-len4-depth2.out"));
  EXPECT_EQ(breached(ground, {4, 3, true}), reference("breaching/testdem1.constrained-len4-depth3.out"));
  EXPECT_EQ(filled(breached(ground, {4, 2})), reference("breaching/testdem1.selective-len4-depth2-filldep.out"));
}

TEST(Depressions, AreFilledToTheirLowestOutlet) {
  EXPECT_EQ(filled({{9, 9, 9, 9}, {9, 1, 2, 9}, {9, 3, 5, 6}, {9, 9, 9, 9}}),
            (Rows{{9, 9, 9, 9}, {9, 6, 6, 9}, {9, 6, 6, 6}, {9, 9, 9, 9}}));
}

TEST(Depressions, DrainThroughDiagonalGaps) {
  EXPECT_EQ(filled({{9, 9, 2}, {9, 1, 9}, {9, 9, 9}}), (Rows{{9, 9, 2}, {9, 2, 9}, {9, 9, 9}}));
}

TEST(Depressions, GroundBelowTheSeaIsGroundToo) {
  EXPECT_EQ(filled({{-1, -1, -1}, {-1, -8, -1}, {-1, -2, -1}}), (Rows{{-1, -1, -1}, {-1, -2, -1}, {-1, -2, -1}}));
}

TEST(Depressions, AVoidDrainsThem) {
  Plane<float> plane = plane_of<float>({{9, 9, 9, 9, 9}, {9, 1, 4, no_elevation, 9}, {9, 9, 9, 9, 9}});
  fill_depressions(plane.view());
  EXPECT_EQ(plane.at(1, 1), 4);
  EXPECT_EQ(plane.at(2, 1), 4);
  EXPECT_TRUE(std::isnan(plane.at(3, 1)));
}

TEST(Depressions, NothingButVoidsStays) {
  Plane<float> plane = plane_of<float>({{no_elevation, no_elevation}});
  fill_depressions(plane.view());
  breach_depressions(plane.view());
  EXPECT_TRUE(std::isnan(plane.at(0, 0)));
  EXPECT_TRUE(std::isnan(plane.at(1, 0)));
}

TEST(Depressions, AChannelIsCutThroughTheLowestGround) {
  EXPECT_EQ(
      breached({{0, 0, 0, 0, 0}, {0, 9, 9, 9, 0}, {0, 9, 1, 7, 0}, {0, 9, 5, 9, 0}, {0, 9, 6, 9, 0}, {0, 0, 0, 0, 0}}),
      (Rows{{0, 0, 0, 0, 0}, {0, 9, 9, 9, 0}, {0, 9, 1, 7, 0}, {0, 9, 1, 9, 0}, {0, 9, 1, 9, 0}, {0, 0, 0, 0, 0}}));
}

TEST(Depressions, OneChannelDrainsALevelPit) {
  // The pit's cells lie at one level: its far end needs no channel of its own, however long the way is.
  const Rows ground{{9, 9, 9, 9, 9, 9}, {9, 2, 2, 2, 4, 1}, {9, 9, 9, 9, 9, 9}};
  EXPECT_EQ(breached(ground, {1, 9}), (Rows{{9, 9, 9, 9, 9, 9}, {9, 2, 2, 2, 2, 1}, {9, 9, 9, 9, 9, 9}}));
}

TEST(Depressions, LevelGroundThatDrainsIsNoPit) {
  // The shelf at 4 lies on the flood's way to the pit: it is cut once, for the pit.
  const Rows ground{{9, 9, 9, 9, 9, 9}, {5, 6, 4, 4, 3, 9}, {9, 9, 9, 9, 9, 9}};
  EXPECT_EQ(breached(ground, {2, 9}), ground);
  EXPECT_EQ(breached(ground, {4, 9}), (Rows{{9, 9, 9, 9, 9, 9}, {3, 3, 3, 3, 3, 9}, {9, 9, 9, 9, 9, 9}}));
}

TEST(Depressions, GridsBeyondTheLimitAreRefused) {
  float cell = 0;
  EXPECT_THROW(fill_depressions({&cell, 65536, 1, 65536}), DataError);
  EXPECT_THROW(breach_depressions({&cell, 1, 65536, 1}), DataError);
}

}  // namespace
}  // namespace pitwatch
