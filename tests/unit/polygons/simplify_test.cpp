#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/polygons/simplify.hpp"
#include "pipeline/polygons/trace.hpp"
#include "tests/unit/polygons/pictures.hpp"

namespace pitwatch {
namespace {

TEST(PolygonsSimplify, RefusesBadTolerances) {
  std::vector<PixelMultiPolygon> shapes;
  EXPECT_THROW(simplify(shapes, -1), ConfigError);
  EXPECT_THROW(simplify(shapes, std::nan("")), ConfigError);
  EXPECT_NO_THROW(simplify(shapes, 1));
}

TEST(PolygonsSimplify, RectanglesStayAtAnyTolerance) {
  std::vector<PixelMultiPolygon> shapes{trace(runs_of({"#"})), trace(runs_of({"....", "..##"}))};
  const std::vector<PixelMultiPolygon> before = shapes;
  simplify(shapes, 1000);
  EXPECT_EQ(shapes[0][0].outer, before[0][0].outer);
  EXPECT_EQ(shapes[1][0].outer, before[1][0].outer);
}

TEST(PolygonsSimplify, StaircaseBecomesALine) {
  std::vector<PixelMultiPolygon> shapes{
      trace(runs_of({"#......", "##.....", "###....", "####...", "#####..", "######."}))};
  simplify(shapes, 1);
  EXPECT_LE(shapes[0][0].outer.size(), 5U);
  EXPECT_GE(shapes[0][0].outer.size(), 4U);
}

TEST(PolygonsSimplify, RemovesCollinearVerticesAtToleranceZero) {
  std::vector<PixelMultiPolygon> shapes{{{{{0, 0}, {0, 1}, {0, 2}, {2, 2}, {2, 0}}, {}}}};
  simplify(shapes, 0);
  EXPECT_EQ(shapes[0][0].outer, (Ring{{0, 0}, {0, 2}, {2, 2}, {2, 0}}));
}

TEST(PolygonsSimplify, AddsTheCornersOfNeighboursToLongEdges) {
  // B lies at the middle of A's right border; seen from A there is no vertex.
  std::vector<PixelMultiPolygon> shapes{trace(runs_of({"##", "##", "##"})), trace(runs_of({"....", "..##"}))};
  simplify(shapes, 0);
  EXPECT_EQ(shapes[0][0].outer, (Ring{{0, 0}, {0, 3}, {2, 3}, {2, 2}, {2, 1}, {2, 0}}));
  EXPECT_EQ(shapes[1][0].outer, (Ring{{2, 1}, {2, 2}, {4, 2}, {4, 1}}));
}

TEST(PolygonsSimplify, SharedStaircaseStaysShared) {
  std::vector<PixelMultiPolygon> shapes{
      trace(runs_of({"#......", "##.....", "###....", "####...", "#####..", "######."})),
      trace(runs_of({".######", "..#####", "...####", "....###", ".....##", "......#"}))};
  simplify(shapes, 1);
  EXPECT_EQ(area_pixels(shapes[0]) + area_pixels(shapes[1]), 42);  // the outer borders are straight
  EXPECT_LT(shapes[0][0].outer.size() + shapes[1][0].outer.size(), 12U);
}

// Even-odd rule.
bool contains(const Ring& ring, double x, double y) {
  bool inside = false;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const PixelPoint p = ring[i];
    const PixelPoint q = ring[(i + 1) % ring.size()];
    if ((p.y > y) != (q.y > y) && x < p.x + (y - p.y) * (q.x - p.x) / (q.y - p.y)) inside = !inside;
  }
  return inside;
}

TEST(PolygonsSimplify, DoesNotPullABorderOverAnIsland) {
  std::vector<std::string> picture(6, "###########");
  picture.insert(picture.end(), 2, "###.....###");
  const PixelMultiPolygon bay = trace(runs_of(picture));
  const PixelMultiPolygon island = trace(std::vector<pitwatch::Run>{{7, 5, 6}});
  std::vector<PixelMultiPolygon> alone{bay};
  simplify(alone, 2);
  EXPECT_TRUE(contains(alone[0][0].outer, 5.5, 7.5));  // the bay is cut off
  std::vector<PixelMultiPolygon> together{bay, island};
  simplify(together, 2);
  EXPECT_FALSE(contains(together[0][0].outer, 5.5, 7.5));
}

TEST(PolygonsSimplify, TouchingCornersStay) {
  const PixelMultiPolygon before = trace(runs_of({"###..", "###..", "##.##", "..###", "..###"}));
  std::vector<PixelMultiPolygon> shapes{before};
  simplify(shapes, 0.5);
  EXPECT_EQ(shapes[0].size(), before.size());
}

}  // namespace
}  // namespace pitwatch
