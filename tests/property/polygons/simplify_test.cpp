// Simplified outlines: valid and without overlaps or gaps by GEOS's judgement, near to the given ones.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "pipeline/polygons/clean.hpp"
#include "pipeline/polygons/simplify.hpp"
#include "pipeline/polygons/trace.hpp"
#include "tests/property/polygons/geos.hpp"
#include "tests/property/polygons/random.hpp"

namespace pitwatch {
namespace {

using Runs = std::vector<Run>;  // in a test, Run is something of GoogleTest's

// The regions of a raster of random classes: neighbours share borders of all kinds. Class 0 is left out if not
// `filled`.
std::vector<PixelMultiPolygon> random_partition(std::mt19937& random, int width, int height, bool filled) {
  const std::vector<double> field = random_field(random, width, height, random_int(random, 0, 4));
  const int classes = random_int(random, 2, 6);
  std::vector<PixelMultiPolygon> shapes;
  for (int c = filled ? 0 : 1; c < classes; ++c) {
    const Runs runs = runs_where(width, height, [&](int x, int y) {
      const double value =
          field[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
      return std::min(static_cast<int>(value * classes), classes - 1) == c;
    });
    for (const Runs& part : split_components(runs)) shapes.push_back(trace(part));
  }
  return shapes;
}

std::vector<Ring> rings_of(const PixelMultiPolygon& shape) {
  std::vector<Ring> rings;
  for (const PixelPolygon& polygon : shape) {
    rings.push_back(polygon.outer);
    rings.insert(rings.end(), polygon.holes.begin(), polygon.holes.end());
  }
  return rings;
}

double distance(PixelPoint p, const Ring& ring) {
  double nearest = std::numeric_limits<double>::max();
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const PixelPoint a = ring[i];
    const PixelPoint b = ring[(i + 1) % ring.size()];
    const double dx = b.x - a.x;
    const double dy = b.y - a.y;
    const double t = std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy), 0.0, 1.0);
    nearest = std::min(nearest, std::hypot(a.x + t * dx - p.x, a.y + t * dy - p.y));
  }
  return nearest;
}

struct Totals {
  std::size_t vertices_before = 0;
  std::size_t vertices_after = 0;
};

void check_shapes(const std::vector<PixelMultiPolygon>& before, const std::vector<PixelMultiPolygon>& after,
                  double tolerance, Totals& totals) {
  std::set<PixelPoint> given;
  for (const PixelMultiPolygon& shape : before) {
    for (const Ring& ring : rings_of(shape)) given.insert(ring.begin(), ring.end());
  }
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    ASSERT_EQ(after[i].size(), before[i].size()) << "polygons vanished";
    const std::vector<Ring> old_rings = rings_of(before[i]);
    const std::vector<Ring> new_rings = rings_of(after[i]);
    ASSERT_EQ(new_rings.size(), old_rings.size()) << "rings vanished";
    for (std::size_t r = 0; r < new_rings.size(); ++r) {
      totals.vertices_before += old_rings[r].size();
      totals.vertices_after += new_rings[r].size();
      ASSERT_GE(new_rings[r].size(), 4U);
      ASSERT_EQ(std::set<PixelPoint>(new_rings[r].begin(), new_rings[r].end()).size(), new_rings[r].size());
      ASSERT_EQ(area_pixels({{new_rings[r], {}}}) > 0, area_pixels({{old_rings[r], {}}}) > 0) << "orientation";
      for (const PixelPoint& vertex : new_rings[r]) ASSERT_EQ(given.count(vertex), 1U) << "a new vertex";
      for (const PixelPoint& vertex : old_rings[r]) ASSERT_LE(distance(vertex, new_rings[r]), tolerance + 1e-9);
    }
  }
}

// Where borders are shared, both sides have all vertices: none lies within an edge of another ring.
void check_shared_vertices(const std::vector<PixelMultiPolygon>& shapes) {
  std::set<PixelPoint> vertices;
  for (const PixelMultiPolygon& shape : shapes) {
    for (const Ring& ring : rings_of(shape)) vertices.insert(ring.begin(), ring.end());
  }
  for (const PixelMultiPolygon& shape : shapes) {
    for (const Ring& ring : rings_of(shape)) {
      for (std::size_t i = 0; i < ring.size(); ++i) {
        const PixelPoint p = ring[i];
        const PixelPoint q = ring[(i + 1) % ring.size()];
        const int steps = std::gcd(q.x - p.x, q.y - p.y);
        for (int k = 1; k < steps; ++k) {
          ASSERT_EQ(vertices.count({p.x + (q.x - p.x) / steps * k, p.y + (q.y - p.y) / steps * k}), 0U);
        }
      }
    }
  }
}

void check_geometry(const Geos& geos, const std::vector<PixelMultiPolygon>& shapes, bool filled) {
  ASSERT_NO_FATAL_FAILURE(check_shared_vertices(shapes));
  std::vector<Geos::Geometry> geometries;
  double sum = 0;
  for (const PixelMultiPolygon& shape : shapes) {
    geometries.push_back(geos.geometry(shape));
    ASSERT_EQ(geos.why_invalid(geometries.back()), "");
    sum += geos.area(geometries.back());
  }
  for (std::size_t i = 0; i < geometries.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!geos.envelopes_meet(geometries[i], geometries[j])) continue;
      ASSERT_LE(geos.intersection_area(geometries[i], geometries[j]), 1e-9) << "shapes " << j << " and " << i;
    }
  }
  if (geometries.empty()) return;
  const Geos::Geometry all = geos.united(geometries);
  ASSERT_NEAR(geos.area(all), sum, 1e-6) << "overlaps";
  if (filled) {
    ASSERT_EQ(geos.count_holes(all), 0) << "gaps between shapes that shared borders";
  }
}

TEST(PolygonsSimplifyProperty, KeepsValidityBordersAndDistance) {
  const Geos geos;
  std::mt19937 random(test_seed());
  Totals totals;
  for (int round = 0; round < 120; ++round) {
    const bool filled = round % 2 == 0;
    const std::vector<PixelMultiPolygon> before =
        random_partition(random, random_int(random, 1, 48), random_int(random, 1, 48), filled);
    const double tolerance =
        std::array{0.0, 0.8, 1.0, 1.5, 3.0, 1000.0}[static_cast<std::size_t>(random_int(random, 0, 5))];
    std::vector<PixelMultiPolygon> after = before;
    simplify(after, tolerance);
    ASSERT_NO_FATAL_FAILURE(check_shapes(before, after, tolerance, totals)) << round;
    ASSERT_NO_FATAL_FAILURE(check_geometry(geos, after, filled)) << "round " << round << ", tolerance " << tolerance;

    // A second time: general polygons now, no longer along pixel edges.
    std::vector<PixelMultiPolygon> twice = after;
    simplify(twice, 2.0);
    ASSERT_NO_FATAL_FAILURE(check_shapes(after, twice, 2.0, totals)) << round;
    ASSERT_NO_FATAL_FAILURE(check_geometry(geos, twice, filled)) << round;
  }
  std::cout << totals.vertices_before << " vertices, then " << totals.vertices_after << '\n';
}

TEST(PolygonsSimplifyProperty, OrderOfShapesDoesNotMatter) {
  std::mt19937 random(test_seed());
  for (int round = 0; round < 50; ++round) {
    const std::vector<PixelMultiPolygon> before = random_partition(random, 40, 30, round % 2 == 0);
    std::vector<std::size_t> order(before.size());
    std::iota(order.begin(), order.end(), 0U);
    std::shuffle(order.begin(), order.end(), random);
    std::vector<PixelMultiPolygon> shuffled;
    for (const std::size_t i : order) shuffled.push_back(before[i]);
    std::vector<PixelMultiPolygon> straight = before;
    simplify(straight, 1.2);
    simplify(shuffled, 1.2);
    for (std::size_t i = 0; i < order.size(); ++i)
      ASSERT_EQ(rings_of(shuffled[i]), rings_of(straight[order[i]])) << round;
  }
}

}  // namespace
}  // namespace pitwatch
