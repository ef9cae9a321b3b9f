#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/polygons/components.hpp"
#include "tests/unit/polygons/pictures.hpp"

namespace pitwatch {
namespace {

using Picture = std::vector<std::string>;

// Digits are scores in tens, '.' is 0, '?' is not judged.
Plane<std::uint8_t> scores_of(const Picture& picture) {
  Plane<std::uint8_t> scores(static_cast<int>(picture.front().size()), static_cast<int>(picture.size()));
  for (int y = 0; y < scores.height(); ++y) {
    for (int x = 0; x < scores.width(); ++x) {
      const char c = picture[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)];
      scores.at(x, y) = c == '?' ? score_not_judged : static_cast<std::uint8_t>(c == '.' ? 0 : (c - '0') * 10);
    }
  }
  return scores;
}

constexpr Hysteresis everything{10, 10, 1};

std::vector<Component> label_whole(const Picture& picture, const Hysteresis& hysteresis) {
  const Plane<std::uint8_t> scores = scores_of(picture);
  const Window extent{0, 0, scores.width(), scores.height()};
  return label_tile(scores.view(), extent, extent, hysteresis);
}

std::vector<Component> stitch(const Picture& picture, int tile_size, const Hysteresis& hysteresis,
                              bool last_tile_first = false) {
  Plane<std::uint8_t> scores = scores_of(picture);
  const Window extent{0, 0, scores.width(), scores.height()};
  std::vector<Window> tiles;
  for (int y = 0; y < extent.height; y += tile_size) {
    for (int x = 0; x < extent.width; x += tile_size) {
      tiles.push_back(intersection({x, y, tile_size, tile_size}, extent));
    }
  }
  if (last_tile_first) std::reverse(tiles.begin(), tiles.end());
  Stitcher stitcher;
  for (const Window& tile : tiles) {
    const PlaneView<const std::uint8_t> view{scores.row(tile.y) + tile.x, tile.width, tile.height, scores.stride()};
    stitcher.add(tile, label_tile(view, tile, extent, hysteresis));
  }
  return stitcher.finish(hysteresis);
}

TEST(PolygonsLabelTile, NothingInAnEmptyRaster) { EXPECT_TRUE(label_whole({"....", "...."}, everything).empty()); }

TEST(PolygonsLabelTile, SinglePixel) {
  const std::vector<Component> expected{{{{1, 2, 3}}, 1, 50}};
  EXPECT_EQ(label_whole({"....", "..5.", "...."}, everything), expected);
}

TEST(PolygonsLabelTile, FullRaster) {
  const std::vector<Component> expected{{{{0, 0, 3}, {1, 0, 3}}, 6, 90}};
  EXPECT_EQ(label_whole({"555", "595"}, everything), expected);
}

TEST(PolygonsLabelTile, DiagonalNeighboursAreConnected) {
  EXPECT_EQ(label_whole({"5.5.5", ".5.5.", "5.5.5"}, everything).size(), 1U);
  EXPECT_EQ(label_whole({"5...5", "..5..", "5...5"}, everything).size(), 5U);
}

TEST(PolygonsLabelTile, NotJudgedPixelsSeparate) {
  EXPECT_EQ(label_whole({"55?55"}, everything).size(), 2U);
  // Not even with the lowest threshold there is.
  EXPECT_EQ(label_whole({"55?55"}, {0, 0, 1}).size(), 2U);
}

TEST(PolygonsLabelTile, HysteresisKeepsWhatReachesHigh) {
  const std::vector<Component> components = label_whole({"3583..3443..9"}, {30, 80, 2});
  ASSERT_EQ(components.size(), 1U);
  EXPECT_EQ(components[0], (Component{{{0, 0, 4}}, 4, 80}));
}

TEST(PolygonsLabelTile, RunsAcrossTheSixtyFourPixelsOfAStep) {
  for (const int width : {63, 64, 65, 127, 128, 129, 200}) {
    const std::string full(static_cast<std::size_t>(width), '5');
    EXPECT_EQ(label_whole({full}, everything), (std::vector<Component>{{{{0, 0, width}}, width, 50}})) << width;
    std::string holed = full;
    holed[static_cast<std::size_t>(width / 2)] = '.';
    EXPECT_EQ(label_whole({holed}, everything).size(), 2U) << width;
  }
}

TEST(PolygonsLabelTile, EveryCodeAgainstEveryThreshold) {
  Plane<std::uint8_t> scores(256, 1);
  for (int x = 0; x < 256; ++x) scores.at(x, 0) = static_cast<std::uint8_t>(x);
  const Window extent{0, 0, 256, 1};
  for (int low = 0; low <= 255; ++low) {
    const Hysteresis hysteresis{static_cast<std::uint8_t>(low), 0, 1};
    const std::vector<Component> components = label_tile(scores.view(), extent, extent, hysteresis);
    if (low > score_max) {
      EXPECT_TRUE(components.empty()) << low;
    } else {
      EXPECT_EQ(components, (std::vector<Component>{{{{0, low, 251}}, 251 - low, score_max}})) << low;
    }
  }
}

TEST(PolygonsLabelTile, DropsEarlyOnlyWhatCannotGoOn) {
  const Plane<std::uint8_t> scores = scores_of({"5...5", ".....", "..5..", ".....", "5...5"});
  const Hysteresis big{10, 10, 2};
  EXPECT_TRUE(label_tile(scores.view(), {0, 0, 5, 5}, {0, 0, 5, 5}, big).empty());
  // In the grid's upper left corner, only the pixels on the right and lower border can have neighbours next door.
  EXPECT_EQ(label_tile(scores.view(), {0, 0, 5, 5}, {0, 0, 10, 10}, big).size(), 3U);
  EXPECT_EQ(label_tile(scores.view(), {5, 5, 5, 5}, {0, 0, 10, 10}, big).size(), 3U);
  EXPECT_EQ(label_tile(scores.view(), {5, 5, 5, 5}, {0, 0, 20, 20}, big).size(), 4U);
}

TEST(PolygonsStitcher, UAcrossATileBorder) {
  const Picture u{"5..5", "5..5", "5..9", "5555"};
  for (const int tile_size : {1, 2, 3, 4}) {
    const std::vector<Component> components = stitch(u, tile_size, {10, 90, 10});
    ASSERT_EQ(components.size(), 1U) << tile_size;
    EXPECT_EQ(components, label_whole(u, {10, 90, 10}));
  }
}

TEST(PolygonsStitcher, DiagonalsAtTheCornerOfFourTiles) {
  const Picture down{"5...", ".5..", "..5.", "...5"};
  const Picture up{"...5", "..5.", ".5..", "5..."};
  const Picture both{"5..5", ".55.", ".55.", "5..5"};
  for (const Picture& picture : {down, up, both}) {
    EXPECT_EQ(stitch(picture, 2, everything), label_whole(picture, everything));
    EXPECT_EQ(stitch(picture, 2, everything, true), label_whole(picture, everything));
    EXPECT_EQ(stitch(picture, 2, everything).size(), 1U);
  }
}

TEST(PolygonsStitcher, NeighbouringTilesDoNotJoinWhatIsApart) {
  const Picture apart{"5...5", ".....", "..5..", ".....", "5...5"};
  for (const int tile_size : {1, 2, 3, 4}) EXPECT_EQ(stitch(apart, tile_size, everything).size(), 5U) << tile_size;
}

TEST(PolygonsStitcher, PeakAndSizeOfTheWholeDecide) {
  const Picture picture{"3339", "....", "3333"};
  EXPECT_EQ(stitch(picture, 2, {30, 90, 4}), label_whole(picture, {30, 90, 4}));
  EXPECT_EQ(stitch(picture, 2, {30, 90, 4}).size(), 1U);
  EXPECT_TRUE(stitch(picture, 2, {30, 90, 5}).empty());
}

TEST(PolygonsStitcher, CoalescesRunsAtVerticalBorders) {
  const std::vector<Component> expected{{{{0, 0, 5}, {1, 0, 5}}, 10, 50}};
  for (const int tile_size : {1, 2, 3, 5}) EXPECT_EQ(stitch({"55555", "55555"}, tile_size, everything), expected);
}

TEST(PolygonsStitcher, IsEmptyAfterFinish) {
  Stitcher stitcher;
  stitcher.add({0, 0, 2, 1}, {{{{0, 0, 2}}, 2, 50}});
  EXPECT_EQ(stitcher.finish(everything).size(), 1U);
  EXPECT_TRUE(stitcher.finish(everything).empty());
}

}  // namespace
}  // namespace pitwatch
