#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/simulate/terrain.hpp"

namespace pitwatch {
namespace {

constexpr int site_px = 300;

Grid site_grid(int size = site_px) { return {"EPSG:32638", {500000, 4450000}, 10, size, size}; }

Terrain terrain_of(std::uint32_t seed, bool reservoir = true) {
  return Terrain({.seed = seed, .grid = site_grid(), .reservoir = reservoir});
}

TerrainPixels pixels_of(const Terrain& terrain, const Window& window) {
  TerrainPixels pixels;
  terrain.window(window, pixels);
  return pixels;
}

/// From one border of the plane to another one, through pixels with at least `least`, 8-connected.
bool crosses(const Plane<float>& plane, float least) {
  const int size = plane.width();
  std::vector<char> seen(static_cast<std::size_t>(size) * static_cast<std::size_t>(size), 0);
  const auto at = [&](PixelPoint p) -> char& { return seen[static_cast<std::size_t>(p.y * size + p.x)]; };
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      if (plane.at(x, y) < least || at({x, y}) != 0) continue;
      std::vector<PixelPoint> stack{{x, y}};
      at({x, y}) = 1;
      int longest = 0;
      int borders = 0;
      while (!stack.empty()) {
        const PixelPoint p = stack.back();
        stack.pop_back();
        longest = std::max({longest, std::abs(p.x - x), std::abs(p.y - y)});
        borders |= (p.x == 0 ? 1 : 0) | (p.y == 0 ? 2 : 0) | (p.x == size - 1 ? 4 : 0) | (p.y == size - 1 ? 8 : 0);
        for (int dy = -1; dy <= 1; ++dy) {
          for (int dx = -1; dx <= 1; ++dx) {
            const PixelPoint q{p.x + dx, p.y + dy};
            if (q.x < 0 || q.y < 0 || q.x >= size || q.y >= size || plane.at(q.x, q.y) < least || at(q) != 0) continue;
            at(q) = 1;
            stack.push_back(q);
          }
        }
      }
      if (longest > size / 2 && (borders & (borders - 1)) != 0) return true;
    }
  }
  return false;
}

TEST(SimulateTerrain, WindowsFitTogetherAndSeedsDiffer) {
  const Terrain terrain = terrain_of(5);
  const TerrainPixels whole = pixels_of(terrain, {-20, -20, site_px + 40, site_px + 40});
  for (const Window& part : {Window{0, 0, 64, 64}, Window{-7, 131, 33, 90}, Window{250, 250, 50, 50}}) {
    const TerrainPixels piece = pixels_of(terrain, part);
    Plane<float> elevation(part.width, part.height);
    terrain.elevation(part, elevation.view());
    for (int y = 0; y < part.height; ++y) {
      for (int x = 0; x < part.width; ++x) {
        const int wx = part.x + x + 20;
        const int wy = part.y + y + 20;
        ASSERT_EQ(piece.elevation.at(x, y), whole.elevation.at(wx, wy));
        ASSERT_EQ(piece.water.at(x, y), whole.water.at(wx, wy));
        ASSERT_EQ(piece.above_channel.at(x, y), whole.above_channel.at(wx, wy));
        ASSERT_EQ(piece.reservoir_depth.at(x, y), whole.reservoir_depth.at(wx, wy));
        ASSERT_EQ(elevation.at(x, y), piece.elevation.at(x, y));
      }
    }
  }
  const TerrainPixels again = pixels_of(terrain_of(5), {0, 0, 8, 8});
  const TerrainPixels other = pixels_of(terrain_of(6), {0, 0, 8, 8});
  EXPECT_EQ(again.elevation.at(3, 3), whole.elevation.at(23, 23));
  EXPECT_NE(other.elevation.at(3, 3), whole.elevation.at(23, 23));
}

TEST(SimulateTerrain, HeightsAndSlopesOfMountains) {
  for (const std::uint32_t seed : {1U, 2U, 3U, 4U}) {
    SCOPED_TRACE(seed);
    const TerrainPixels pixels = pixels_of(terrain_of(seed), site_grid().extent());
    float lowest = std::numeric_limits<float>::max();
    float highest = 0;
    std::vector<float> slopes;
    for (int y = 1; y + 1 < site_px; ++y) {
      for (int x = 1; x + 1 < site_px; ++x) {
        const Plane<float>& height = pixels.elevation;
        lowest = std::min(lowest, height.at(x, y));
        highest = std::max(highest, height.at(x, y));
        const float east = (height.at(x + 1, y) - height.at(x - 1, y)) / 20;
        const float south = (height.at(x, y + 1) - height.at(x, y - 1)) / 20;
        slopes.push_back(std::sqrt(east * east + south * south));
      }
    }
    EXPECT_NEAR(lowest, 550, 15);
    EXPECT_NEAR(highest - lowest, 3000.0F / 8, 40);
    std::sort(slopes.begin(), slopes.end());
    EXPECT_GT(slopes[slopes.size() / 2], 0.17F);        // 10 degrees
    EXPECT_LT(slopes[slopes.size() / 2], 0.58F);        // 30 degrees
    EXPECT_LT(slopes[slopes.size() * 98 / 100], 1.4F);  // 54 degrees
  }
}

TEST(SimulateTerrain, TheMainRiverCrossesTheSiteOnTheValleyFloor) {
  for (const std::uint32_t seed : {1U, 2U, 3U, 4U}) {
    SCOPED_TRACE(seed);
    const TerrainPixels pixels = pixels_of(terrain_of(seed, false), site_grid().extent());
    EXPECT_TRUE(crosses(pixels.water, 0.5F));
    double above_river = 0;
    double above_all = 0;
    double river = 0;
    for (int y = 0; y < site_px; ++y) {
      for (int x = 0; x < site_px; ++x) {
        ASSERT_GE(pixels.water.at(x, y), 0.0F);
        ASSERT_LE(pixels.water.at(x, y), 1.0F);
        ASSERT_GE(pixels.above_channel.at(x, y), 0.0F);
        ASSERT_LT(pixels.reservoir_depth.at(x, y), 0.0F);
        above_all += pixels.above_channel.at(x, y) / (site_px * site_px);
        if (pixels.water.at(x, y) > 0.9F) {
          ++river;
          above_river += pixels.above_channel.at(x, y);
        }
      }
    }
    EXPECT_GT(river, site_px / 2);  // two pixels wide
    EXPECT_LT(river, 8 * site_px);
    EXPECT_LT(above_river / river, 4);
    EXPECT_GT(above_all, 30);
  }
}

TEST(SimulateTerrain, TheReservoirFillsTheLowestGroundToOneLevel) {
  for (const std::uint32_t seed : {1U, 2U, 3U, 4U}) {
    SCOPED_TRACE(seed);
    const Terrain terrain = terrain_of(seed);
    const TerrainPixels pixels = pixels_of(terrain, site_grid().extent());
    int flooded = 0;
    for (int y = 0; y < site_px; ++y) {
      for (int x = 0; x < site_px; ++x) {
        ASSERT_EQ(pixels.reservoir_depth.at(x, y), terrain.reservoir_level_m() - pixels.elevation.at(x, y));
        flooded += pixels.reservoir_depth.at(x, y) > 0 ? 1 : 0;
      }
    }
    EXPECT_GT(flooded, site_px * site_px / 200);
    EXPECT_LT(flooded, site_px * site_px / 3);
  }
}

TEST(SimulateTerrain, CoarseGridSurroundsTheSite) {
  const Terrain terrain = terrain_of(1);
  const Grid& coarse = terrain.coarse_grid();
  EXPECT_EQ(coarse.pixel_size_m, 10.0 * terrain.cell_pixels());
  EXPECT_EQ(coarse.origin.x, 500000 + 10 * terrain.coarse_origin().x);
  EXPECT_EQ(coarse.origin.y, 4450000 - 10 * terrain.coarse_origin().y);
  EXPECT_LE(terrain.coarse_origin().x, -100);
  EXPECT_GE(terrain.coarse_origin().x + coarse.width * terrain.cell_pixels(), site_px + 100);
  // At 10 m the terrain is the coarse one but for fine detail.
  const TerrainPixels pixels = pixels_of(terrain, {100, 100, 1, 1});
  const int cell = (100 - terrain.coarse_origin().x) / terrain.cell_pixels();
  EXPECT_NEAR(pixels.elevation.at(0, 0), terrain.coarse_elevation().at(cell, cell), 15);
}

TEST(SimulateTerrain, RefusesOtherGrids) {
  Grid grid = site_grid();
  grid.pixel_size_m = 20;
  EXPECT_THROW(Terrain({.grid = grid}), ConfigError);
  EXPECT_THROW(Terrain({.grid = site_grid(0)}), ConfigError);
}

}  // namespace
}  // namespace pitwatch
