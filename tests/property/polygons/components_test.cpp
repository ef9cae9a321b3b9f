// Components against a flood fill, and cleaning against pixel-wise definitions.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "pipeline/polygons/clean.hpp"
#include "pipeline/polygons/components.hpp"
#include "tests/property/polygons/random.hpp"

namespace pitwatch {
namespace {

using Runs = std::vector<Run>;  // in a test, Run is something of GoogleTest's

using Pixels = std::set<std::pair<int, int>>;  // (row, column)

Runs runs_of(const Pixels& pixels) {
  Runs runs;
  for (const auto& [y, x] : pixels) {
    if (!runs.empty() && runs.back().row == y && runs.back().end == x) {
      ++runs.back().end;
    } else {
      runs.push_back({y, x, x + 1});
    }
  }
  return runs;
}

Pixels pixels_of(const Runs& runs) {
  Pixels pixels;
  for (const Run& run : runs) {
    for (int x = run.begin; x < run.end; ++x) pixels.emplace(run.row, x);
  }
  return pixels;
}

// Takes the region of the first pixel out of `pixels`.
Pixels take_region(Pixels& pixels, bool diagonally) {
  Pixels region;
  std::vector<std::pair<int, int>> stack{*pixels.begin()};
  pixels.erase(pixels.begin());
  while (!stack.empty()) {
    const auto [y, x] = stack.back();
    stack.pop_back();
    region.emplace(y, x);
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        if (!diagonally && dy != 0 && dx != 0) continue;
        if (pixels.erase({y + dy, x + dx}) > 0) stack.emplace_back(y + dy, x + dx);
      }
    }
  }
  return region;
}

std::vector<Component> flood_fill(const Plane<std::uint8_t>& scores, const Hysteresis& hysteresis) {
  Pixels pixels = pixels_of(runs_where(scores.width(), scores.height(), [&](int x, int y) {
    return scores.at(x, y) >= hysteresis.low && scores.at(x, y) <= score_max;
  }));
  std::vector<Component> components;
  while (!pixels.empty()) {
    const Pixels region = take_region(pixels, true);
    Component component{runs_of(region), static_cast<std::int64_t>(region.size()), 0};
    for (const auto& [y, x] : region) component.peak = std::max(component.peak, scores.at(x, y));
    if (component.peak >= hysteresis.high && component.pixels >= hysteresis.min_pixels) components.push_back(component);
  }
  return components;
}

TEST(PolygonsComponentsProperty, TilesOfAnySizeInAnyOrderEqualAFloodFill) {
  std::mt19937 random(test_seed());
  for (int round = 0; round < 150; ++round) {
    const int width = random_int(random, 1, 150);
    const int height = random_int(random, 1, 60);
    const Plane<std::uint8_t> scores = random_scores(random, width, height);
    const int low = random_int(random, 0, 250);
    const Hysteresis hysteresis{static_cast<std::uint8_t>(low), static_cast<std::uint8_t>(random_int(random, low, 250)),
                                random_int(random, 1, 12)};
    const std::vector<Component> expected = flood_fill(scores, hysteresis);
    const Window extent{0, 0, width, height};
    for (const auto& [tile_width, tile_height] : {std::pair(width, height),
                                                  {1, 1},
                                                  {random_int(random, 1, 9), random_int(random, 1, 9)},
                                                  {random_int(random, 1, width), random_int(random, 1, height)},
                                                  {64, 16},
                                                  {width, 1},
                                                  {1, height}}) {
      std::vector<Window> tiles;
      for (int y = 0; y < height; y += tile_height) {
        for (int x = 0; x < width; x += tile_width) {
          tiles.push_back(intersection({x, y, tile_width, tile_height}, extent));
        }
      }
      std::shuffle(tiles.begin(), tiles.end(), random);
      Stitcher stitcher;
      for (const Window& tile : tiles) {
        const PlaneView<const std::uint8_t> view{scores.row(tile.y) + tile.x, tile.width, tile.height, scores.stride()};
        stitcher.add(tile, label_tile(view, tile, extent, hysteresis));
      }
      ASSERT_EQ(stitcher.finish(hysteresis), expected)
          << "round " << round << ", " << width << " x " << height << ", tiles " << tile_width << " x " << tile_height;
    }
  }
}

bool covers(Element element, int dy, int dx) { return element == Element::square || dy == 0 || dx == 0; }

Pixels dilated(const Pixels& pixels, Element element) {
  Pixels result;
  for (const auto& [y, x] : pixels) {
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        if (covers(element, dy, dx)) result.emplace(y + dy, x + dx);
      }
    }
  }
  return result;
}

Pixels eroded(const Pixels& pixels, Element element) {
  Pixels result;
  for (const auto& [y, x] : pixels) {
    bool inside = true;
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        if (covers(element, dy, dx) && pixels.count({y + dy, x + dx}) == 0) inside = false;
      }
    }
    if (inside) result.emplace(y, x);
  }
  return result;
}

TEST(PolygonsCleanProperty, EqualsThePixelwiseDefinitions) {
  std::mt19937 random(test_seed());
  for (int round = 0; round < 150; ++round) {
    const int width = random_int(random, 1, 50);
    const int height = random_int(random, 1, 40);
    const Plane<std::uint8_t> scores = random_scores(random, width, height);
    const int low = random_int(random, 30, 200);
    const Runs runs = runs_where(width, height, [&](int x, int y) { return scores.at(x, y) >= low; });
    const Pixels pixels = pixels_of(runs);
    for (const Element element : {Element::cross, Element::square}) {
      ASSERT_EQ(opened(runs, element), runs_of(dilated(eroded(pixels, element), element))) << round;
      ASSERT_EQ(closed(runs, element), runs_of(eroded(dilated(pixels, element), element))) << round;
    }

    Pixels background;
    for (int y = -1; y <= height; ++y) {
      for (int x = -1; x <= width; ++x) {
        if (pixels.count({y, x}) == 0) background.emplace(y, x);
      }
    }
    take_region(background, false);  // the outside
    const int max_hole_pixels = random_int(random, 0, 9);
    Pixels filled = pixels;
    while (!background.empty()) {
      const Pixels hole = take_region(background, false);
      if (static_cast<int>(hole.size()) <= max_hole_pixels) filled.insert(hole.begin(), hole.end());
    }
    ASSERT_EQ(fill_small_holes(runs, max_hole_pixels), runs_of(filled)) << round;

    Pixels rest = pixels;
    std::vector<Runs> parts;
    while (!rest.empty()) parts.push_back(runs_of(take_region(rest, true)));
    ASSERT_EQ(split_components(runs), parts) << round;
    ASSERT_EQ(count_pixels(runs), static_cast<std::int64_t>(pixels.size()));
  }
}

}  // namespace
}  // namespace pitwatch
