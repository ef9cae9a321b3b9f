#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pipeline/polygons/clean.hpp"
#include "tests/unit/polygons/pictures.hpp"

namespace pitwatch {
namespace {

using Runs = std::vector<Run>;  // in a test, Run is something of GoogleTest's
using Picture = std::vector<std::string>;

TEST(PolygonsClean, NothingComesFromNothing) {
  EXPECT_TRUE(fill_small_holes({}, 9).empty());
  EXPECT_TRUE(opened({}, Element::cross).empty());
  EXPECT_TRUE(closed({}, Element::square).empty());
  EXPECT_TRUE(split_components({}).empty());
}

TEST(PolygonsClean, FillsHolesUpToTheLimit) {
  const Picture ring{"#######", "#.#..##", "#######"};
  EXPECT_EQ(picture_of(fill_small_holes(runs_of(ring), 0), ring), ring);
  EXPECT_EQ(picture_of(fill_small_holes(runs_of(ring), 1), ring), (Picture{"#######", "###..##", "#######"}));
  EXPECT_EQ(picture_of(fill_small_holes(runs_of(ring), 2), ring), (Picture{"#######", "#######", "#######"}));
}

TEST(PolygonsClean, DiagonalGapsDoNotOpenAHole) {
  const Picture diamond{".#.", "#.#", ".#."};
  EXPECT_EQ(picture_of(fill_small_holes(runs_of(diamond), 1), diamond), (Picture{".#.", "###", ".#."}));
  const Picture two_holes{"####", "#.##", "##.#", "####"};
  EXPECT_EQ(picture_of(fill_small_holes(runs_of(two_holes), 1), two_holes), (Picture(4, "####")));
}

TEST(PolygonsClean, BaysAreNoHoles) {
  const Picture bay{"###", "#..", "###"};
  EXPECT_EQ(picture_of(fill_small_holes(runs_of(bay), 99), bay), bay);
}

TEST(PolygonsClean, OpeningRemovesWhatIsThinAndCanSplit) {
  const Picture dumbbell{"###...###", "#########", "###...###"};
  const Runs square = opened(runs_of(dumbbell), Element::square);
  EXPECT_EQ(picture_of(square, dumbbell), (Picture{"###...###", "###...###", "###...###"}));
  const std::vector<Runs> parts = split_components(square);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(count_pixels(parts[0]), 9);
  EXPECT_EQ(parts[1].front(), (pitwatch::Run{0, 6, 9}));
  const Runs cross = opened(runs_of(dumbbell), Element::cross);
  EXPECT_EQ(picture_of(cross, dumbbell), (Picture{".##...##.", "####.####", ".##...##."}));
  EXPECT_TRUE(opened(runs_of({"##", "##"}), Element::cross).empty());
}

TEST(PolygonsClean, ClosingBridgesGapsWithinTheBoundingBox) {
  const Picture gap{"###.###", "###.###", "###.###"};
  EXPECT_EQ(picture_of(closed(runs_of(gap), Element::square), gap), (Picture(3, "#######")));
  EXPECT_EQ(picture_of(closed(runs_of(gap), Element::cross), gap), (Picture{"###.###", "#######", "###.###"}));
  const Picture pixel{"#"};
  EXPECT_EQ(closed(runs_of(pixel), Element::square), runs_of(pixel));
}

TEST(PolygonsClean, SplitsIntoEightConnectedParts) {
  EXPECT_EQ(split_components(runs_of({"#.#", ".#.", "#.#"})).size(), 1U);
  EXPECT_EQ(split_components(runs_of({"#.#", "...", "#.#"})).size(), 4U);
}

}  // namespace
}  // namespace pitwatch
