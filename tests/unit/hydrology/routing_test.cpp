#include "pipeline/hydrology/routing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/unit/hydrology/grids.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::no_elevation;
using test::plane_of;
using test::rows_of;
using Directions = std::vector<std::vector<FlowDirection>>;
using Counts = std::vector<std::vector<std::uint32_t>>;

Directions directions_of(const std::vector<std::vector<float>>& rows) {
  return rows_of(flow_directions(plane_of(rows).view()));
}

TEST(Accumulation, IsAsPublished) {
  const fs::path folder = test::shared_data() / "hydrology/flow_accum";
  if (!fs::exists(folder)) GTEST_SKIP() << "no reference data at " << test::shared_data();
  // RichDEM counts directions clockwise from west.
  constexpr std::array<FlowDirection, 9> here{flow_ends, 4, 3, 2, 1, 8, 7, 6, 5};
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".d8") continue;
    ++files;
    int nodata = 0;
    Directions directions;
    for (const std::vector<int>& row : test::read_ascii_grid(entry.path(), nodata)) {
      directions.emplace_back();
      for (const int value : row) {
        directions.back().push_back(value == nodata ? flow_void : here.at(static_cast<std::size_t>(value)));
      }
    }
    Counts expected;
    for (const std::vector<int>& row :
         test::read_ascii_grid(fs::path(entry.path()).replace_extension(".out"), nodata)) {
      expected.emplace_back();
      for (const int value : row) expected.back().push_back(value == nodata ? 0U : static_cast<std::uint32_t>(value));
    }
    EXPECT_EQ(rows_of(flow_accumulation(plane_of(directions).view())), expected) << entry.path();
  }
  EXPECT_EQ(files, 24);
}

TEST(Accumulation, EndsInCircles) {
  EXPECT_EQ(rows_of(flow_accumulation(plane_of<FlowDirection>({{8, 8, 4, 8}}).view())), (Counts{{1, 2, 1, 1}}));
}

TEST(Directions, FollowTheSteepestFall) {
  // 3 down over a cell's diagonal is less steep than 2.2 over its side, and steeper than 2.1.
  EXPECT_EQ(directions_of({{9, 9, 7}, {9, 10, 7.8F}, {9, 9, 9}})[1][1], 8);
  EXPECT_EQ(directions_of({{9, 9, 7}, {9, 10, 7.9F}, {9, 9, 9}})[1][1], 1);
}

TEST(Directions, EveryNeighbourHasItsNumber) {
  for (std::size_t direction = 1; direction <= 8; ++direction) {
    Plane<float> plane = plane_of<float>({{9, 9, 9}, {9, 8, 9}, {9, 9, 9}});
    plane.at(1 + flow_steps[direction].x, 1 + flow_steps[direction].y) = 1;
    EXPECT_EQ(flow_directions(plane.view()).at(1, 1), direction);
  }
}

TEST(Directions, OppositeOnesLeadBack) {
  for (std::size_t direction = 1; direction <= 8; ++direction) {
    const FlowStep back = flow_steps[opposite(static_cast<FlowDirection>(direction))];
    EXPECT_EQ(back.x, -flow_steps[direction].x);
    EXPECT_EQ(back.y, -flow_steps[direction].y);
  }
}

TEST(Directions, EndAtTheEdgeBesideVoidsAndInPits) {
  const Directions directions =
      directions_of({{5, 5, 5, 5, 5, 5, 5}, {5, 3, 5, 5, no_elevation, 5, 5}, {5, 5, 5, 5, 5, 5, 5}});
  EXPECT_EQ(directions[1][1], flow_ends);  // pit
  EXPECT_EQ(directions[1][3], flow_ends);  // beside the void
  EXPECT_EQ(directions[1][4], flow_void);
  EXPECT_EQ(directions[0][6], flow_ends);  // edge
  EXPECT_EQ(directions[1][0], 8);          // from the edge to lower ground
}

TEST(Directions, LevelGroundDrainsAwayFromHigherTowardsLower) {
  // A terrace below a wall on the left, and its way out on the right. Rows above and below are walls as well.
  const Directions directions = directions_of({{9, 9, 9, 9, 9, 9, 9},
                                               {9, 5, 5, 5, 5, 5, 9},
                                               {9, 5, 5, 5, 5, 5, 1},
                                               {9, 5, 5, 5, 5, 5, 9},
                                               {9, 9, 9, 9, 9, 9, 9}});
  EXPECT_EQ(directions[2][5], 8);
  EXPECT_EQ(directions[1][5], 7);  // straight to the lower cell
  EXPECT_EQ(directions[3][5], 1);
  EXPECT_EQ(directions[2][1], 8);
  EXPECT_EQ(directions[1][1], 7);  // to the middle, away from the wall
  EXPECT_EQ(directions[3][1], 1);
}

TEST(Routing, DrainsAllGroundAndCountsIt) {
  for (const DepressionRule rule : {DepressionRule::fill, DepressionRule::breach}) {
    Plane<float> ground =
        plane_of<float>({{9, 9, 9, 9, 9}, {9, 4, 3, 4, 9}, {9, 4, 2, 4, 9}, {9, 5, 5, 5, 9}, {9, 9, 6, 9, 9}});
    const Drainage drainage = route(ground.view(), rule);
    EXPECT_EQ(drainage.directions.at(2, 4), flow_ends);
    // All but the corners and the cells of the edge beside the outlet, which are nobody's way up.
    EXPECT_EQ(drainage.cells.at(2, 4), 25U);
  }
}

TEST(FlowSum, AddsUpWhatCellsBring) {
  const Plane<float> plane = plane_of<float>({{9, 8, 7}, {6, 5, 4}, {3, 2, no_elevation}});
  const Plane<FlowDirection> directions = flow_directions(plane.view());
  const Plane<std::uint32_t> cells = flow_accumulation(directions.view());
  Plane<float> ones = plane_of<float>({{1, 1, 1}, {1, 1, 1}, {1, 1, 1}});
  Plane<double> sums = flow_sum(directions.view(), ones.view());
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < 3; ++x) EXPECT_EQ(sums.at(x, y), cells.at(x, y));
  }
  ones.at(0, 0) = 2.5F;
  ones.at(1, 0) = no_elevation;
  sums = flow_sum(directions.view(), ones.view());
  EXPECT_EQ(sums.at(0, 0), 2.5);
  EXPECT_EQ(sums.at(1, 0), 0);
  EXPECT_EQ(sums.at(2, 2), 0);
}

}  // namespace
}  // namespace pitwatch
