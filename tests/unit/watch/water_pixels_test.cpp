#include "pipeline/watch/water_pixels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/context/alert_grid.hpp"

namespace pitwatch {
namespace {

const std::string zone = "EPSG:32638";
constexpr int first_column = 1000;  // of the site in the zone's grid
constexpr int first_row = 2000;

/// A pane that has `margin` pixels around its core of 40 x 30 that lies `across` pixels from the site's first.
Pane pane_at(int across = 0, int margin = 0, const std::string& crs = zone) {
  const Grid grid = zone_grid(crs);
  Pane pane;
  pane.left = across - margin;
  pane.top = -margin;
  pane.core = {across, 0, 40, 30};
  pane.grid = {crs,
               {grid.origin.x + 10.0 * (first_column + pane.left), grid.origin.y - 10.0 * (first_row + pane.top)},
               10,
               40 + 2 * margin,
               30 + 2 * margin};
  return pane;
}

/// Pixels of a pane as columns and rows of the site.
std::set<std::pair<int, int>> on_site(const PanePixels& pixels, const Pane& pane) {
  std::set<std::pair<int, int>> places;
  for (const std::size_t pixel : pixels) {
    const auto width = static_cast<std::size_t>(pane.grid.width);
    places.insert({static_cast<int>(pixel % width) + pane.left, static_cast<int>(pixel / width) + pane.top});
  }
  EXPECT_EQ(places.size(), pixels.size());
  EXPECT_TRUE(std::is_sorted(pixels.begin(), pixels.end()));
  return places;
}

/// Columns and rows of the site.
GridPoint at(double x, double y) { return {first_column + x, first_row + y}; }

GridBox box_of_points(const std::vector<GridPoint>& points) {
  GridBox box{1e9, 1e9, -1e9, -1e9};
  for (const GridPoint& point : points) {
    box = {std::min(box.left, point.x), std::min(box.top, point.y), std::max(box.right, point.x),
           std::max(box.bottom, point.y)};
  }
  return box;
}

FlowPlace lake(double left, double top, double right, double bottom, const std::string& name = "lake") {
  FlowPlace place{LayerRole::surface_water, "waters", name, {"1"}, {}, {}};
  const std::vector<GridPoint> ring{at(left, top), at(right, top), at(right, bottom), at(left, bottom)};
  place.shape.areas = {{ring, {}}};
  place.box = box_of_points(ring);
  return place;
}

FlowPlace river(double x0, double y0, double x1, double y1) {
  FlowPlace place{LayerRole::surface_water, "waters", "river", {"2"}, {}, {}};
  place.shape.lines = {{at(x0, y0), at(x1, y1)}};
  place.box = box_of_points(place.shape.lines.front());
  return place;
}

std::set<std::pair<int, int>> rectangle(int left, int top, int right, int bottom) {
  std::set<std::pair<int, int>> places;
  for (int y = top; y < bottom; ++y) {
    for (int x = left; x < right; ++x) places.insert({x, y});
  }
  return places;
}

TEST(WaterPixels, OfAPolygonAreThoseWhollyInIt) {
  const Pane pane = pane_at();
  EXPECT_EQ(on_site(place_pixels(lake(3, 4, 9, 8), pane), pane), rectangle(3, 4, 9, 8));
  EXPECT_EQ(on_site(place_pixels(lake(3.5, 4.5, 9.5, 8.5), pane), pane), rectangle(4, 5, 9, 8));
  EXPECT_TRUE(place_pixels(lake(100, 100, 110, 110), pane).empty());
}

TEST(WaterPixels, OfALineAreThoseWithinAPixelOfIt) {
  const Pane pane = pane_at();
  EXPECT_EQ(on_site(place_pixels(river(5.5, 10.5, 12.5, 10.5), pane), pane), rectangle(4, 9, 14, 12));
}

TEST(WaterPixels, AreEachInOnePane) {
  const FlowPlace both = lake(30, 5, 50, 9);
  std::set<std::pair<int, int>> all;
  std::size_t count = 0;
  for (const int across : {0, 40}) {
    const Pane pane = pane_at(across, 8);
    const std::set<std::pair<int, int>> found = on_site(place_pixels(both, pane), pane);
    count += found.size();
    all.insert(found.begin(), found.end());
  }
  EXPECT_EQ(all, rectangle(30, 5, 50, 9));
  EXPECT_EQ(count, all.size());
}

TEST(WaterPixels, OfAnAlertAreThoseItHasHalfOf) {
  AlertPixels alert{{first_column + 38, first_row + 2, 4, 2}, Plane<double>(4, 2), 1};
  for (int y = 0; y < 2; ++y) std::fill_n(alert.shares.row(y), 4, 1.0);
  alert.shares.at(0, 0) = 0.49;
  alert.shares.at(1, 0) = 0.5;
  const Pane pane = pane_at(0, 8);
  const std::set<std::pair<int, int>> expected{{39, 2}, {38, 3}, {39, 3}};
  EXPECT_EQ(on_site(alert_pixels(alert, pane), pane), expected) << "in the core of the pane";
}

/// Cells of 30 m of the zone at columns and rows of the site, in pixels.
std::pair<int, int> cell_at(int x, int y) { return {(first_column + x) / 3, (first_row + y) / 3}; }

TEST(WaterReaches, HavePixelsOnAndBesideTheirCells) {
  const Pane pane = pane_at(0, 8);
  const FlowPlace place = lake(0, 0, 40, 30);
  const std::vector<PaneWater> waters{{&place, place_pixels(place, pane)}};
  // The site's first column and row are the second of a cell: 1000 = 3 * 333 + 1, 2000 = 3 * 666 + 2.
  AlertReach reach{"PW-1", "waters", "lake", "1", zone, 30, {cell_at(11, 13)}, {cell_at(29, 13)}};
  const PaneReaches found = reaches_on(std::vector{reach}, waters, pane);
  ASSERT_EQ(found.reaches.size(), 1U);
  const auto places = [&](const std::vector<std::uint32_t>& positions) {
    PanePixels pixels;
    for (const std::uint32_t position : positions) pixels.push_back(found.pixels[position]);
    return on_site(pixels, pane);
  };
  EXPECT_EQ(places(found.reaches[0].downstream), rectangle(8, 10, 17, 19));
  EXPECT_EQ(places(found.reaches[0].upstream), rectangle(26, 10, 35, 19));
  EXPECT_EQ(found.pixels.size(), 162U);
}

TEST(WaterReaches, HaveNoPixelOnBothSides) {
  const Pane pane = pane_at();
  const FlowPlace place = lake(0, 0, 40, 30);
  const std::vector<PaneWater> waters{{&place, place_pixels(place, pane)}};
  const AlertReach near{"PW-1", "waters", "lake", "1", zone, 30, {cell_at(11, 13)}, {cell_at(14, 13)}};
  const PaneReaches found = reaches_on(std::vector{near}, waters, pane);
  ASSERT_EQ(found.reaches.size(), 1U);
  EXPECT_EQ(found.reaches[0].downstream.size(), 27U) << "a column of cells that are not beside the other";
  EXPECT_EQ(found.reaches[0].upstream.size(), 27U);
}

TEST(WaterReaches, BelowAreOfTheirWaterAndAboveOfAnyWater) {
  const Pane pane = pane_at();
  const FlowPlace place = lake(0, 0, 40, 30, "other");
  const std::vector<PaneWater> waters{{&place, place_pixels(place, pane)}};
  const AlertReach reach{"PW-1", "waters", "lake", "1", zone, 30, {cell_at(11, 13)}, {cell_at(29, 13)}};
  const AlertReach abroad{"PW-2", "waters", "other", "1", "EPSG:32639", 30, {cell_at(11, 13)}, {}};
  const PaneReaches found = reaches_on(std::vector{abroad, reach}, waters, pane);
  ASSERT_EQ(found.reaches.size(), 1U);
  EXPECT_EQ(found.reaches[0].number, 1U);
  EXPECT_TRUE(found.reaches[0].downstream.empty());
  EXPECT_EQ(found.reaches[0].upstream.size(), 81U);
}

}  // namespace
}  // namespace pitwatch
