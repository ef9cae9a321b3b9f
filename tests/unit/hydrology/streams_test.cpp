#include "pipeline/hydrology/streams.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "pipeline/core/error.hpp"
#include "tests/unit/hydrology/grids.hpp"

namespace pitwatch {
namespace {

using test::no_elevation;
using test::plane_of;
using test::rows_of;
using Cells = std::vector<std::vector<std::uint8_t>>;
using Labels = std::vector<std::vector<std::uint32_t>>;

Cells drawn(const GridLine& line, int width, int height) {
  Plane<std::uint8_t> cells(width, height);
  for (int y = 0; y < height; ++y) std::fill_n(cells.row(y), width, std::uint8_t{0});
  draw_line(cells.view(), line, 7);
  return rows_of(cells);
}

TEST(Streams, BeginWhereEnoughGroundDrains) {
  EXPECT_EQ(rows_of(streams_by_threshold(plane_of<std::uint32_t>({{0, 1, 4, 5, 6}}).view(), 5)),
            (Cells{{0, 0, 0, 1, 1}}));
  EXPECT_EQ(rows_of(streams_by_threshold(plane_of<std::uint32_t>({{0, 1}}).view(), 0)), (Cells{{0, 1}}));  // no void
}

TEST(Streams, LinesPassFromSideToSide) {
  EXPECT_EQ(drawn({{0.5, 0.5}, {3.5, 1.5}}, 4, 2), (Cells{{7, 7, 0, 0}, {0, 7, 7, 7}}));
  EXPECT_EQ(drawn({{2.5, 1.5}, {0.2, 1.2}, {0.2, 0.2}}, 4, 2), (Cells{{7, 0, 0, 0}, {7, 7, 7, 0}}));
  EXPECT_EQ(drawn({{1.5, 1.5}, {1.5, 1.5}}, 3, 2), (Cells{{0, 0, 0}, {0, 7, 0}}));
  EXPECT_EQ(drawn({}, 2, 1), (Cells{{0, 0}}));
}

TEST(Streams, LinesFromFarAwayAreClipped) {
  EXPECT_EQ(drawn({{-1e15, 0.5}, {1e15, 0.5}}, 3, 2), (Cells{{7, 7, 7}, {0, 0, 0}}));
  EXPECT_EQ(drawn({{-1e15, -5.5}, {1e15, -5.5}}, 3, 2), (Cells{{0, 0, 0}, {0, 0, 0}}));
}

TEST(Streams, BurntInLowerTheirCells) {
  Plane<float> ground = plane_of<float>({{5, 5, no_elevation}});
  burn_streams(ground.view(), plane_of<std::uint8_t>({{0, 1, 1}}).view(), 2);
  EXPECT_EQ(ground.at(0, 0), 5);
  EXPECT_EQ(ground.at(1, 0), 3);
  EXPECT_TRUE(std::isnan(ground.at(2, 0)));
}

TEST(Catchments, BelongToTheFirstOutletOnTheWay) {
  const Plane<FlowDirection> directions = plane_of<FlowDirection>({{8, 8, 8, 8, 0}, {2, 7, flow_void, 4, 4}});
  const std::vector<FlowCell> outlets{{3, 0}, {1, 0}, {2, 1}, {3, 0}, {9, 9}};
  EXPECT_EQ(rows_of(catchments(directions.view(), outlets)), (Labels{{2, 2, 1, 1, 0}, {2, 0, 0, 0, 0}}));
}

TEST(FlowPaths, HaveLengthDropAndSlope) {
  const Plane<float> ground = plane_of<float>({{20, 18, 9}, {9, 9, 12}, {9, 9, 6}});
  const Plane<FlowDirection> directions = plane_of<FlowDirection>({{8, 7, 0}, {0, 0, 6}, {0, 0, 0}});
  const FlowPath path = flow_path(ground.view(), directions.view(), {}, 10, {0, 0});
  EXPECT_EQ(path.cells, (std::vector<FlowCell>{{0, 0}, {1, 0}, {2, 1}, {2, 2}}));
  EXPECT_DOUBLE_EQ(path.length_m, 20 + 10 * std::numbers::sqrt2);
  EXPECT_DOUBLE_EQ(path.drop_m, 14);
  EXPECT_DOUBLE_EQ(path.slope(), 14 / (20 + 10 * std::numbers::sqrt2));
  EXPECT_EQ(path.end, PathEnd::outside);
}

TEST(FlowPaths, EndAtTargetsPitsAndEdges) {
  const Plane<float> ground = plane_of<float>({{9, 9, 9, 9}, {9, 8, 7, 9}, {9, 9, 9, 9}});
  const Plane<FlowDirection> directions = plane_of<FlowDirection>({{0, 0, 0, 0}, {8, 8, 0, 8}, {0, 0, 0, 0}});
  EXPECT_EQ(flow_path(ground.view(), directions.view(), {}, 1, {0, 1}).end, PathEnd::pit);
  const Plane<std::uint8_t> targets = plane_of<std::uint8_t>({{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}});
  const FlowPath path = flow_path(ground.view(), directions.view(), targets.view(), 1, {0, 1});
  EXPECT_EQ(path.end, PathEnd::target);
  EXPECT_EQ(path.cells.size(), 2U);
  EXPECT_EQ(flow_path(ground.view(), directions.view(), {}, 1, {3, 1}).end, PathEnd::outside);
  EXPECT_EQ(flow_path(ground.view(), directions.view(), {}, 1, {3, 1}).slope(), 0);
}

TEST(FlowPaths, CirclesAreRefused) {
  const Plane<float> ground = plane_of<float>({{1, 1}});
  EXPECT_THROW(flow_path(ground.view(), plane_of<FlowDirection>({{8, 4}}).view(), {}, 1, {0, 0}), DataError);
}

TEST(HeightAboveStreams, IsThatAboveTheStreamCellBelow) {
  const Plane<float> ground = plane_of<float>({{20, 15, 10, 9, 30}, {3, no_elevation, 8, 7, 5}});
  const Plane<FlowDirection> directions = plane_of<FlowDirection>({{8, 8, 8, 6, 0}, {8, flow_void, 0, 0, 4}});
  const Plane<std::uint8_t> streams = plane_of<std::uint8_t>({{0, 0, 0, 0, 0}, {0, 0, 1, 1, 0}});
  const Plane<float> heights = height_above_streams(ground.view(), directions.view(), streams.view());
  EXPECT_EQ(heights.at(0, 0), 13);
  EXPECT_EQ(heights.at(3, 0), 2);
  EXPECT_EQ(heights.at(2, 1), 0);
  EXPECT_EQ(heights.at(4, 1), 0);  // below its stream
  EXPECT_TRUE(std::isnan(heights.at(4, 0)));
  EXPECT_TRUE(std::isnan(heights.at(0, 1)));  // into the void
  EXPECT_TRUE(std::isnan(heights.at(1, 1)));
}

}  // namespace
}  // namespace pitwatch
