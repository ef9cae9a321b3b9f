// Outlines: valid by GEOS's judgement, and the same pixels when filled again.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "pipeline/polygons/clean.hpp"
#include "pipeline/polygons/trace.hpp"
#include "tests/property/polygons/geos.hpp"
#include "tests/property/polygons/random.hpp"

namespace pitwatch {
namespace {

using Runs = std::vector<Run>;  // in a test, Run is something of GoogleTest's

// Even-odd rule at pixel centres: vertical edges left of the centre.
Runs rasterised(const PixelMultiPolygon& shape, int width, int height) {
  std::vector<std::vector<int>> crossings(static_cast<std::size_t>(height));
  const auto add = [&](const Ring& ring) {
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const PixelPoint p = ring[i];
      const PixelPoint q = ring[(i + 1) % ring.size()];
      if (p.x != q.x) continue;
      for (int y = std::min(p.y, q.y); y < std::max(p.y, q.y); ++y)
        crossings[static_cast<std::size_t>(y)].push_back(p.x);
    }
  };
  for (const PixelPolygon& polygon : shape) {
    add(polygon.outer);
    for (const Ring& hole : polygon.holes) add(hole);
  }
  return runs_where(width, height, [&](int x, int y) {
    const std::vector<int>& row = crossings[static_cast<std::size_t>(y)];
    return std::count_if(row.begin(), row.end(), [&](int crossing) { return crossing <= x; }) % 2 == 1;
  });
}

std::int64_t doubled_area(const Ring& ring) { return 2 * area_pixels({{ring, {}}}); }

void expect_well_formed(const Ring& ring, bool outer) {
  std::set<std::pair<int, int>> distinct;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    distinct.emplace(ring[i].y, ring[i].x);
    const PixelPoint p = ring[i];
    const PixelPoint q = ring[(i + 1) % ring.size()];
    const PixelPoint r = ring[(i + 2) % ring.size()];
    ASSERT_TRUE((p.x == q.x) != (p.y == q.y));
    ASSERT_TRUE((p.x == q.x) == (q.y == r.y)) << "collinear vertices";
  }
  ASSERT_EQ(distinct.size(), ring.size()) << "a vertex is repeated";
  ASSERT_EQ(*distinct.begin(), std::pair(ring[0].y, ring[0].x)) << "start vertex";
  ASSERT_EQ(doubled_area(ring) > 0, outer) << "orientation";
}

bool starts_before(const Ring& a, const Ring& b) { return std::pair(a[0].y, a[0].x) < std::pair(b[0].y, b[0].x); }

TEST(PolygonsTraceProperty, OutlinesAreValidAndExact) {
  const Geos geos;
  std::mt19937 random(test_seed());
  for (int round = 0; round < 400; ++round) {
    const int width = random_int(random, 1, round % 2 == 0 ? 8 : 60);
    const int height = random_int(random, 1, round % 2 == 0 ? 8 : 50);
    const Plane<std::uint8_t> scores = random_scores(random, width, height);
    const int low = random_int(random, 20, 230);
    const Runs mask = runs_where(width, height, [&](int x, int y) { return scores.at(x, y) >= low; });
    std::vector<Runs> regions = split_components(mask);
    regions.push_back(mask);
    for (const Runs& runs : regions) {
      const PixelMultiPolygon shape = trace(runs);
      ASSERT_EQ(area_pixels(shape), count_pixels(runs)) << round;
      ASSERT_EQ(rasterised(shape, width, height), runs) << round;
      ASSERT_EQ(geos.why_invalid(geos.geometry(shape)), "") << round;
      for (std::size_t i = 0; i < shape.size(); ++i) {
        ASSERT_NO_FATAL_FAILURE(expect_well_formed(shape[i].outer, true)) << round;
        for (const Ring& hole : shape[i].holes) ASSERT_NO_FATAL_FAILURE(expect_well_formed(hole, false)) << round;
        ASSERT_TRUE(std::is_sorted(shape[i].holes.begin(), shape[i].holes.end(), starts_before));
        ASSERT_TRUE(i == 0 || starts_before(shape[i - 1].outer, shape[i].outer));
      }
    }
  }
}

std::vector<PixelMultiPolygon> polygons_by_tiles(const Plane<std::uint8_t>& scores, int tile_size,
                                                 const Hysteresis& hysteresis) {
  const Window extent{0, 0, scores.width(), scores.height()};
  Stitcher stitcher;
  for (int y = 0; y < extent.height; y += tile_size) {
    for (int x = 0; x < extent.width; x += tile_size) {
      const Window tile = intersection({x, y, tile_size, tile_size}, extent);
      const PlaneView<const std::uint8_t> view{scores.row(y) + x, tile.width, tile.height, scores.stride()};
      stitcher.add(tile, label_tile(view, tile, extent, hysteresis));
    }
  }
  std::vector<PixelMultiPolygon> shapes;
  for (const Component& component : stitcher.finish(hysteresis)) shapes.push_back(trace(component.runs));
  return shapes;
}

bool equal(const PixelMultiPolygon& a, const PixelMultiPolygon& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const PixelPolygon& p, const PixelPolygon& q) {
    return p.outer == q.outer && p.holes == q.holes;
  });
}

TEST(PolygonsTraceProperty, TileSizeDoesNotMatter) {
  std::mt19937 random(test_seed());
  for (int round = 0; round < 40; ++round) {
    const Plane<std::uint8_t> scores = random_scores(random, random_int(random, 1, 120), random_int(random, 1, 90));
    const Hysteresis hysteresis{static_cast<std::uint8_t>(random_int(random, 60, 200)), 200, 2};
    const std::vector<PixelMultiPolygon> whole = polygons_by_tiles(scores, 1000, hysteresis);
    for (const int tile_size : {1, 2, 3, 7, 32, 64, 100}) {
      const std::vector<PixelMultiPolygon> tiled = polygons_by_tiles(scores, tile_size, hysteresis);
      ASSERT_TRUE(std::equal(tiled.begin(), tiled.end(), whole.begin(), whole.end(), equal))
          << round << ' ' << tile_size;
    }
  }
}

}  // namespace
}  // namespace pitwatch
