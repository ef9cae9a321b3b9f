// Areas and overlaps on the ground, against areas known otherwise.

#include "pipeline/io/geo/lonlat_shapes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using ::testing::HasSubstr;

const Grid grid{"EPSG:32638", {637000, 4446000}, 10, 200, 200};

/// A rectangle of pixels of the grid, in longitude and latitude.
LonLatMultiPolygon pixels(int x, int y, int width, int height) {
  ToWgs84 to_wgs84(grid.crs);
  LonLatRing ring;
  for (const auto& [column, row] : {std::pair{x, y}, {x, y + height}, {x + width, y + height}, {x + width, y}}) {
    ring.push_back(to_wgs84(grid.to_map(column, row)));
  }
  return {{ring, {}}};
}

LonLat centre() { return pixels(0, 0, 1, 1)[0].outer[0]; }

TEST(LonLatShapes, AreasAreTrue) {
  PolygonLayer layer(centre());
  layer.add("a", pixels(20, 30, 10, 10));
  const double geodesic = geodesic_area_m2({{{{20, 30}, {20, 40}, {30, 40}, {30, 30}}, {}}}, grid);
  EXPECT_NEAR(layer.area_m2(0) / geodesic, 1, 1e-6);
  LonLatMultiPolygon with_hole = pixels(0, 0, 10, 10);
  with_hole[0].holes.push_back(pixels(2, 2, 5, 4)[0].outer);
  layer.add("hole", with_hole);
  EXPECT_NEAR(layer.area_m2(1) / layer.area_m2(0), 0.8, 1e-5);
}

TEST(LonLatShapes, OverlapsArePairsThatShareArea) {
  PolygonLayer alerts(centre()), events(centre());
  alerts.add("0", pixels(0, 0, 10, 10));
  alerts.add("1", pixels(50, 50, 10, 10));
  alerts.add("2", pixels(100, 0, 30, 10));
  events.add("0", pixels(100, 0, 10, 10));
  events.add("1", pixels(120, 0, 20, 10));
  events.add("2", pixels(1, 0, 10, 10));    // shifted by one
  events.add("3", pixels(60, 50, 10, 10));  // shares a border alone
  const std::vector<PolygonOverlap> found = overlaps(alerts, events);
  ASSERT_EQ(found.size(), 3U);
  const double pixel_m2 = alerts.area_m2(0) / 100;
  const auto expect = [&](std::size_t k, std::size_t first, std::size_t second, double expected_pixels) {
    EXPECT_EQ(found[k].first, first);
    EXPECT_EQ(found[k].second, second);
    EXPECT_NEAR(found[k].intersection_m2 / pixel_m2, expected_pixels, 0.01);
  };
  expect(0, 0, 2, 90);
  expect(1, 2, 0, 100);
  expect(2, 2, 1, 100);
  EXPECT_TRUE(overlaps(PolygonLayer(centre()), events).empty());
  EXPECT_TRUE(overlaps(alerts, PolygonLayer(centre())).empty());
}

TEST(LonLatShapes, AUnionCountsGroundOnce) {
  PolygonLayer alerts(centre()), events(centre());
  alerts.add("0", pixels(0, 0, 10, 10));
  alerts.add("1", pixels(5, 0, 10, 10));
  events.add("0", pixels(0, 0, 12, 10));
  const std::vector<std::size_t> both{0, 1};
  const UnionOverlap together = union_overlap(alerts, both, events, 0);
  const double pixel_m2 = alerts.area_m2(0) / 100;
  EXPECT_NEAR(together.union_m2 / pixel_m2, 150, 0.01);
  EXPECT_NEAR(together.intersection_m2 / pixel_m2, 120, 0.01);
  EXPECT_EQ(union_overlap(alerts, {}, events, 0).union_m2, 0);
}

TEST(LonLatShapes, InvalidShapesAreRepairedOrRefused) {
  // A bow tie: two triangles that meet in the middle, each a quarter of the square.
  LonLatMultiPolygon bow_tie = pixels(0, 0, 10, 10);
  std::swap(bow_tie[0].outer[2], bow_tie[0].outer[3]);
  PolygonLayer layer(centre());
  layer.add("square", pixels(0, 0, 10, 10));
  layer.add("bow tie", bow_tie);
  EXPECT_NEAR(layer.area_m2(1) / layer.area_m2(0), 0.5, 1e-4);
  PolygonLayer other(centre());
  other.add("left half", pixels(0, 0, 5, 10));
  EXPECT_EQ(overlaps(layer, other).size(), 2U);

  const LonLat place = centre();
  const LonLatMultiPolygon line{{{place, {place.lon + 0.001, place.lat}, place}, {}}};
  EXPECT_THAT(message_of<DataError>([&] { layer.add("flat", line); }), HasSubstr("'flat': has no area"));
  EXPECT_EQ(layer.size(), 2U);
}

TEST(LonLatShapes, PartsThatOverlapAreUnited) {
  const auto together = [](std::vector<LonLatMultiPolygon> parts) {
    LonLatMultiPolygon all;
    for (const LonLatMultiPolygon& part : parts) all.push_back(part[0]);
    return all;
  };
  PolygonLayer layer(centre());
  layer.add("square", pixels(0, 0, 10, 10));
  const double pixel_m2 = layer.area_m2(0) / 100;
  LonLatMultiPolygon bow_tie = pixels(20, 0, 10, 10);
  std::swap(bow_tie[0].outer[2], bow_tie[0].outer[3]);
  LonLatMultiPolygon ring = pixels(0, 0, 10, 10);
  ring[0].holes.push_back(pixels(2, 2, 6, 6)[0].outer);
  layer.add("half a part", together({pixels(0, 0, 10, 10), pixels(5, 0, 10, 10)}));
  layer.add("part within a part", together({pixels(0, 0, 10, 10), pixels(2, 2, 5, 5)}));
  layer.add("the same twice", together({pixels(0, 0, 10, 10), pixels(0, 0, 10, 10)}));
  layer.add("three", together({pixels(0, 0, 10, 10), pixels(4, 0, 10, 10), pixels(8, 0, 10, 10)}));
  layer.add("side by side", together({pixels(0, 0, 10, 10), pixels(10, 0, 10, 10)}));
  layer.add("in a hole and over its edge", together({ring, pixels(1, 4, 3, 2)}));
  layer.add("and one that crosses itself", together({pixels(0, 0, 10, 10), bow_tie}));
  int k = 0;
  for (const double expected : {100, 150, 100, 100, 180, 200, 68, 150}) {
    EXPECT_NEAR(layer.area_m2(static_cast<std::size_t>(k)) / pixel_m2, expected, 0.02) << k;
    ++k;
  }
  PolygonLayer other(centre());
  other.add("within what they share", pixels(5, 3, 2, 2));
  EXPECT_EQ(overlaps(layer, other).size(), 7U);  // not in the hole
}

TEST(LonLatShapes, BurnsPixelCentres) {
  const LonLatMultiPolygon inside = pixels(20, 30, 3, 2), over_the_corner = pixels(-5, -5, 7, 6),
                           beside = pixels(-50, 30, 10, 10), far_away{{{{0, 0}, {1, 0}, {1, 1}}, {}}};
  const std::vector shapes{&inside, &over_the_corner, &beside, &far_away};
  const std::vector<BurntShape> burnt = burn_shapes(shapes, grid);
  ASSERT_EQ(burnt.size(), 4U);
  const auto count = [&](const BurntShape& shape) {
    int sum = 0;
    for (int y = 0; y < shape.window.height; ++y) {
      for (int x = 0; x < shape.window.width; ++x) {
        if (shape.inside.at(x, y) == 0) continue;
        ++sum;
        EXPECT_TRUE(&shape != &burnt[0] || (shape.window.x + x >= 20 && shape.window.x + x < 23));
      }
    }
    return sum;
  };
  EXPECT_EQ(count(burnt[0]), 6);
  EXPECT_EQ(count(burnt[1]), 2);  // columns 0 and 1 of row 0
  EXPECT_TRUE(burnt[2].window.empty());
  EXPECT_TRUE(burnt[3].window.empty());
}

}  // namespace
}  // namespace pitwatch
