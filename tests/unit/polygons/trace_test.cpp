#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pipeline/polygons/trace.hpp"
#include "tests/unit/polygons/pictures.hpp"

namespace pitwatch {
namespace {

PixelMultiPolygon trace_picture(const std::vector<std::string>& picture) { return trace(runs_of(picture)); }

TEST(PolygonsTrace, NothingComesFromNothing) { EXPECT_TRUE(trace({}).empty()); }

TEST(PolygonsTrace, SinglePixelIsCounterClockwiseOnTheMap) {
  const PixelMultiPolygon shape = trace_picture({"#"});
  ASSERT_EQ(shape.size(), 1U);
  EXPECT_EQ(shape[0].outer, (Ring{{0, 0}, {0, 1}, {1, 1}, {1, 0}}));
  EXPECT_TRUE(shape[0].holes.empty());
  EXPECT_EQ(area_pixels(shape), 1);
}

TEST(PolygonsTrace, FullRasterHasFourVertices) {
  const PixelMultiPolygon shape = trace_picture({"####", "####", "####"});
  ASSERT_EQ(shape.size(), 1U);
  EXPECT_EQ(shape[0].outer, (Ring{{0, 0}, {0, 3}, {4, 3}, {4, 0}}));
}

TEST(PolygonsTrace, RingWithHole) {
  const PixelMultiPolygon shape = trace_picture({"###", "#.#", "###"});
  ASSERT_EQ(shape.size(), 1U);
  EXPECT_EQ(shape[0].outer, (Ring{{0, 0}, {0, 3}, {3, 3}, {3, 0}}));
  ASSERT_EQ(shape[0].holes.size(), 1U);
  EXPECT_EQ(shape[0].holes[0], (Ring{{1, 1}, {2, 1}, {2, 2}, {1, 2}}));  // clockwise
  EXPECT_EQ(area_pixels(shape), 8);
}

TEST(PolygonsTrace, PixelsThatTouchDiagonallyAreTwoPolygons) {
  const PixelMultiPolygon down = trace_picture({"#.", ".#"});
  ASSERT_EQ(down.size(), 2U);
  EXPECT_EQ(down[0].outer, (Ring{{0, 0}, {0, 1}, {1, 1}, {1, 0}}));
  EXPECT_EQ(down[1].outer, (Ring{{1, 1}, {1, 2}, {2, 2}, {2, 1}}));
  const PixelMultiPolygon up = trace_picture({".#", "#."});
  ASSERT_EQ(up.size(), 2U);
  EXPECT_EQ(up[0].outer, (Ring{{1, 0}, {1, 1}, {2, 1}, {2, 0}}));
  EXPECT_EQ(up[1].outer, (Ring{{0, 1}, {0, 2}, {1, 2}, {1, 1}}));
}

TEST(PolygonsTrace, CheckerboardIsOnePolygonPerPixel) {
  const PixelMultiPolygon shape = trace_picture({"#.#.", ".#.#", "#.#."});
  EXPECT_EQ(shape.size(), 6U);
  for (const PixelPolygon& polygon : shape) EXPECT_EQ(polygon.outer.size(), 4U);
  EXPECT_EQ(area_pixels(shape), 6);
}

TEST(PolygonsTrace, CheckerboardOfHolesInOnePolygon) {
  const PixelMultiPolygon shape = trace_picture({"#####", "#.#.#", "##.##", "#.#.#", "#####"});
  ASSERT_EQ(shape.size(), 1U);
  EXPECT_EQ(shape[0].holes.size(), 5U);
  EXPECT_EQ(area_pixels(shape), 20);
}

TEST(PolygonsTrace, PinchedHoleIsTwoHoles) {
  const PixelMultiPolygon shape = trace_picture({"####", "#.##", "##.#", "####"});
  ASSERT_EQ(shape.size(), 1U);
  ASSERT_EQ(shape[0].holes.size(), 2U);
  EXPECT_EQ(shape[0].holes[0], (Ring{{1, 1}, {2, 1}, {2, 2}, {1, 2}}));
  EXPECT_EQ(shape[0].holes[1], (Ring{{2, 2}, {3, 2}, {3, 3}, {2, 3}}));
}

TEST(PolygonsTrace, OutlineThatTouchesItselfIsAnOuterRingAndAHole) {
  // The bay at (1, 1) is connected with the outside by a corner only, at (1, 1), of all four orientations.
  for (const std::vector<std::string>& picture : {std::vector<std::string>{".##", "#.#", "###"},
                                                  {"##.", "#.#", "###"},
                                                  {"###", "#.#", "##."},
                                                  {"###", "#.#", ".##"}}) {
    const PixelMultiPolygon shape = trace_picture(picture);
    ASSERT_EQ(shape.size(), 1U);
    EXPECT_EQ(shape[0].outer.size(), 6U);
    ASSERT_EQ(shape[0].holes.size(), 1U);
    EXPECT_EQ(shape[0].holes[0], (Ring{{1, 1}, {2, 1}, {2, 2}, {1, 2}}));
    EXPECT_EQ(area_pixels(shape), 7);
  }
}

TEST(PolygonsTrace, DiamondIsFourPolygonsWithoutHole) {
  const PixelMultiPolygon shape = trace_picture({".#.", "#.#", ".#."});
  EXPECT_EQ(shape.size(), 4U);
  for (const PixelPolygon& polygon : shape) EXPECT_TRUE(polygon.holes.empty());
}

TEST(PolygonsTrace, HolesBelongToTheirPolygonAndIslandsToNone) {
  const PixelMultiPolygon shape = trace_picture({"#####..###", "#...#..#.#", "#.#.#..###", "#...#.....", "#####....."});
  ASSERT_EQ(shape.size(), 3U);
  EXPECT_EQ(shape[0].holes.size(), 1U);
  EXPECT_EQ(shape[1].holes.size(), 1U);
  EXPECT_EQ(shape[1].outer.front(), (PixelPoint{7, 0}));
  EXPECT_TRUE(shape[2].holes.empty());
  EXPECT_EQ(shape[2].outer.front(), (PixelPoint{2, 2}));
}

TEST(PolygonsTrace, RowsMayBeMissing) {
  const PixelMultiPolygon shape = trace_picture({"##", "..", "..", "##"});
  ASSERT_EQ(shape.size(), 2U);
  EXPECT_EQ(area_pixels(shape), 4);
}

}  // namespace
}  // namespace pitwatch
