// Shares of pixels, attribution and nearest features, against definitions that are slow.

#include "pipeline/context/attribution.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "pipeline/context/nearest.hpp"
#include "pipeline/context/pixel_division.hpp"
#include "tests/property/context/shapes.hpp"
#include "tests/property/polygons/random.hpp"

namespace pitwatch {
namespace {

using test::area_in_pixel;
using test::random_real;
using test::random_shape;

GridPoint random_point(std::mt19937& random, double from, double to) {
  return {random_real(random, from, to), random_real(random, from, to)};
}

TEST(CoverageLaws, SharesAreTheAreasOfThePolygonInThePixels) {
  std::mt19937 random(test_seed());
  for (int i = 0; i < 400; ++i) {
    const GridShape shape = random_shape(random, random_point(random, 95, 115), random_real(random, 0.5, 9));
    const Window window{random_int(random, 90, 105), random_int(random, 90, 105), random_int(random, 1, 20),
                        random_int(random, 1, 20)};
    const Plane<double> shares = coverage(shape, window);
    for (int y = 0; y < window.height; ++y) {
      for (int x = 0; x < window.width; ++x) {
        ASSERT_NEAR(shares.at(x, y), area_in_pixel(shape, window.x + x, window.y + y), 1e-9) << x << ' ' << y;
      }
    }
  }
}

GridShape transposed(GridShape shape) {
  for (GridPolygon& polygon : shape) {
    for (GridPoint& point : polygon.outer) std::swap(point.x, point.y);
    for (GridRing& hole : polygon.holes) {
      for (GridPoint& point : hole) std::swap(point.x, point.y);
    }
  }
  return shape;
}

GridShape random_rectangle(std::mt19937& random, GridPoint corner, double size) {
  const GridPoint other{corner.x + random_real(random, 0, size), corner.y + random_real(random, 0, size)};
  return {{GridRing{corner, {other.x, corner.y}, other, {corner.x, other.y}}, {}}};
}

TEST(PixelDivisionLaws, RowsDivideAsColumnsDo) {
  std::mt19937 random(test_seed());
  int crossed = 0;
  for (int i = 0; i < 2000; ++i) {
    std::vector<GridShape> shapes;
    std::vector<GridShape> turned;
    for (int k = random_int(random, 1, 4); k > 0; --k) {
      const bool upright = random_int(random, 0, 3) == 0;
      shapes.push_back(upright ? random_rectangle(random, random_point(random, 4, 7), 3)
                               : random_shape(random, random_point(random, 4.5, 7.5), random_real(random, 0.2, 2)));
      turned.push_back(transposed(shapes.back()));
    }
    const auto divide = [](const std::vector<GridShape>& all, int x, int y) {
      std::vector<const GridShape*> each;
      for (const GridShape& shape : all) each.push_back(&shape);
      return divide_pixel(each, x, y);
    };
    PixelDivision difference = divide(shapes, 5, 6);
    crossed += difference.size() > 2 ? 1 : 0;
    double all = 0;
    for (const auto& [members, share] : difference) all += share;
    ASSERT_NEAR(all, 1, 1e-12);
    for (std::size_t k = 0; k < shapes.size(); ++k) {
      double of_shape = 0;
      for (const auto& [members, share] : difference) {
        of_shape += std::find(members.begin(), members.end(), k) == members.end() ? 0 : share;
      }
      ASSERT_NEAR(of_shape, area_in_pixel(shapes[k], 5, 6), 1e-9) << i;
    }
    for (const auto& [members, share] : divide(turned, 6, 5)) difference[members] -= share;
    for (const auto& [members, share] : difference) ASSERT_NEAR(share, 0, 1e-9) << i;
  }
  EXPECT_GT(crossed, 500);
}

AlertPixels random_alert(std::mt19937& random) {
  AlertPixels alert;
  alert.window = {100, 100, random_int(random, 1, 12), random_int(random, 1, 12)};
  alert.shares.reshape(alert.window.width, alert.window.height);
  double pixels = 0;
  for (int y = 0; y < alert.window.height; ++y) {
    for (int x = 0; x < alert.window.width; ++x) {
      alert.shares.at(x, y) = (x == 0 && y == 0) || random_int(random, 0, 3) > 0 ? 1 : 0;
      pixels += alert.shares.at(x, y);
    }
  }
  alert.area_ha = pixels * 0.01;
  return alert;
}

GroundFeature feature_of(const GridShape& shape) { return {shape, box_of(shape), 0.5}; }

TEST(AttributionLaws, PartsAddUpToTheAlertAndToEachFeature) {
  std::mt19937 random(test_seed());
  for (int i = 0; i < 100; ++i) {
    const AlertPixels alert = random_alert(random);
    std::vector<GroundFeature> features;
    for (int k = random_int(random, 0, 4); k > 0; --k) {
      features.push_back(feature_of(random_shape(random, random_point(random, 97, 115), random_real(random, 1, 8))));
    }
    const Attribution ground = attribute_ground(alert, features, {0.5}, 0.01);
    double all = 0;
    double inside = 0;
    std::map<std::size_t, double> of_parts;
    for (const GroundPart& part : ground.parts) {
      all += part.area_ha;
      inside += part.features.empty() ? 0 : part.area_ha;
      for (const std::size_t feature : part.features) of_parts[feature] += part.area_ha;
    }
    std::map<std::size_t, double> of_feature;
    for (const FeatureGround& one : ground.features) of_feature[one.feature] = one.area_ha;
    const double crumbs = 0.5e-4 * ((1 << features.size()) - 1);  // of parts that are too small to be told
    ASSERT_NEAR(all, alert.area_ha, 1e-9);
    ASSERT_NEAR(inside, ground.inside_ha, 1e-9);
    for (std::size_t k = 0; k < features.size(); ++k) {
      double expected = 0;
      for (int y = 0; y < alert.window.height; ++y) {
        for (int x = 0; x < alert.window.width; ++x) {
          expected +=
              0.01 * alert.shares.at(x, y) * area_in_pixel(features[k].shape, alert.window.x + x, alert.window.y + y);
        }
      }
      if (of_feature.contains(k) || expected > 0.5e-4) {
        ASSERT_NEAR(of_feature[k], expected, 1e-9) << k;
      }
      ASSERT_NEAR(of_parts[k], expected, crumbs + 1e-9) << k;
    }
  }
}

TEST(AttributionLaws, NoBoundaryThatMovesALittleTurnsInsideIntoOutside) {
  std::mt19937 random(test_seed());
  int inside = 0;
  for (int i = 0; i < 3000; ++i) {
    const AlertPixels alert = random_alert(random);
    const GridShape shape = random_shape(random, random_point(random, 95, 117), random_real(random, 2, 12));
    const BoundaryTolerance tolerance{random_real(random, 0, 1)};
    const double least_ha = random_real(random, 0, 0.05);
    GridShape moved = shape;
    const double angle = random_real(random, 0, 6.3);
    for (GridPolygon& polygon : moved) {
      const auto move = [&](GridRing& ring) {
        for (GridPoint& point : ring) point = {point.x + 0.5 * std::cos(angle), point.y + 0.5 * std::sin(angle)};
      };
      move(polygon.outer);
      for (GridRing& hole : polygon.holes) move(hole);
    }
    const BoundaryVerdict before = attribute_ground(alert, {feature_of(shape)}, tolerance, least_ha).verdict;
    const BoundaryVerdict after = attribute_ground(alert, {feature_of(moved)}, tolerance, least_ha).verdict;
    if (before == BoundaryVerdict::inside) {
      ++inside;
      ASSERT_NE(after, BoundaryVerdict::outside);
    }
    if (before == BoundaryVerdict::outside) {
      ASSERT_NE(after, BoundaryVerdict::inside);
    }
  }
  EXPECT_GT(inside, 50);
}

GridShape polygon(GridRing ring) { return {{std::move(ring), {}}}; }

/// Two areas with a corridor between them, or an enclave, or a common border, of any width; turned as a whole.
std::vector<GroundFeature> neighbours(std::mt19937& random, double gap, double accuracy_px) {
  const double angle = random_real(random, 0, 6.3);
  const GridPoint middle = random_point(random, 100, 112);
  const double far = 60;
  const auto placed = [&](const GridRing& ring) {
    GridRing turned;
    for (const GridPoint& point : ring) {
      turned.push_back({middle.x + point.x * std::cos(angle) - point.y * std::sin(angle),
                        middle.y + point.x * std::sin(angle) + point.y * std::cos(angle)});
    }
    const GridShape shape = polygon(turned);
    return GroundFeature{shape, box_of(shape), accuracy_px};
  };
  const double half = gap / 2;
  if (random_int(random, 0, 1) == 0) {
    return {placed({{-far, -far}, {-half, -far}, {-half, far}, {-far, far}}),
            placed({{half, -far}, {far, -far}, {far, far}, {half, far}})};
  }
  return {
      placed({{-far, 0}, {-half, 0}, {-half, half}, {half, half}, {half, 0}, {far, 0}, {far, far}, {-far, far}}),
      placed({{-far, 0}, {-half, 0}, {-half, -half}, {half, -half}, {half, 0}, {far, 0}, {far, -far}, {-far, -far}})};
}

TEST(AttributionLaws, InsideIsMostlyCoveredAndOutsideMostlyNot) {
  std::mt19937 random(test_seed());
  std::map<BoundaryVerdict, int> met;
  for (int i = 0; i < 4000; ++i) {
    const AlertPixels alert = random_alert(random);
    const double accuracy_px = random_real(random, 0, 10);
    std::vector<GroundFeature> features;
    if (random_int(random, 0, 1) == 0) {
      features = neighbours(random, random_real(random, 0, 12), accuracy_px);
    } else {
      for (int k = random_int(random, 1, 4); k > 0; --k) {
        features.push_back(feature_of(random_shape(random, random_point(random, 97, 115), random_real(random, 1, 12))));
        features.back().accuracy_px = accuracy_px;
      }
    }
    const Attribution ground = attribute_ground(alert, features, {random_real(random, 0, 1)}, 0.01);
    ++met[ground.verdict];
    const double half = alert.area_ha / 2;
    if (ground.verdict == BoundaryVerdict::inside) {
      ASSERT_GT(ground.inside_ha, half - 1e-6) << i;
    }
    if (ground.verdict == BoundaryVerdict::outside) {
      ASSERT_LT(ground.inside_ha, half + 1e-6) << i;
    }
    for (const FeatureGround& one : ground.features) {
      if (one.verdict == BoundaryVerdict::inside) {
        ASSERT_GT(one.area_ha, half - 1e-6) << i;
      }
    }
  }
  EXPECT_GT(met[BoundaryVerdict::inside], 50);
  EXPECT_GT(met[BoundaryVerdict::outside], 50);
}

TEST(AttributionLaws, NeighboursThatTouchOrNearlyDoAreAsOne) {
  std::mt19937 random(test_seed());
  for (int i = 0; i < 500; ++i) {
    const std::vector<GroundFeature> features = neighbours(random, random_real(random, 0, 0.02), 8);
    ASSERT_EQ(attribute_ground(random_alert(random), features, {0.5}, 0.001).verdict, BoundaryVerdict::inside) << i;
  }
}

double distance(const GridPoint& point, const GridPoint& a, const GridPoint& b) {
  const double length = std::hypot(b.x - a.x, b.y - a.y);
  const double to_ends = std::min(std::hypot(point.x - a.x, point.y - a.y), std::hypot(point.x - b.x, point.y - b.y));
  if (length == 0) return to_ends;
  const double along = ((point.x - a.x) * (b.x - a.x) + (point.y - a.y) * (b.y - a.y)) / length;
  if (along < 0 || along > length) return to_ends;
  return std::abs((point.x - a.x) * (b.y - a.y) - (point.y - a.y) * (b.x - a.x)) / length;
}

TEST(NearestLaws, NoFeatureIsNearerThanTheOneFound) {
  std::mt19937 random(test_seed());
  for (int i = 0; i < 40; ++i) {
    GridShape shape{{test::random_star(random, random_point(random, 0, 20), 1, 3), {}}};
    std::vector<NearFeature> features;
    std::vector<double> expected;
    for (int k = random_int(random, 1, 5); k > 0; --k) {
      NearFeature feature;
      std::vector<std::pair<GridPoint, GridPoint>> edges;
      if (random_int(random, 0, 1) == 0) {
        feature.points.push_back(random_point(random, -20, 40));
        edges.emplace_back(feature.points[0], feature.points[0]);
      } else {
        feature.lines.emplace_back();
        for (int n = random_int(random, 2, 24); n > 0; --n) feature.lines[0].push_back(random_point(random, -20, 40));
        for (std::size_t n = 0; n + 1 < feature.lines[0].size(); ++n) {
          edges.emplace_back(feature.lines[0][n], feature.lines[0][n + 1]);
        }
      }
      double least = std::numeric_limits<double>::infinity();
      const GridRing& ring = shape[0].outer;
      for (const auto& [a, b] : edges) {
        if (contains(shape, a)) least = 0;
        for (std::size_t n = 0; n < ring.size(); ++n) {
          const GridPoint& c = ring[n];
          const GridPoint& d = ring[(n + 1) % ring.size()];
          least = std::min({least, distance(c, a, b), distance(a, c, d), distance(b, c, d)});
          for (int s = 0; s <= 50; ++s) {
            const GridPoint on{c.x + (d.x - c.x) * s / 50, c.y + (d.y - c.y) * s / 50};
            least = std::min(least, distance(on, a, b));
          }
        }
      }
      expected.push_back(least);
      features.push_back(std::move(feature));
    }
    const std::optional<Nearest> nearest = NearestFinder(features).find(shape);
    ASSERT_TRUE(nearest.has_value());
    const double least = *std::min_element(expected.begin(), expected.end());
    ASSERT_LE(nearest->distance_px, least + 1e-9);
    ASSERT_NEAR(nearest->distance_px, least, 0.06);
    ASSERT_NEAR(expected[nearest->feature], least, 0.06);
    ASSERT_NEAR(std::hypot(nearest->from.x - nearest->to.x, nearest->from.y - nearest->to.y), nearest->distance_px,
                1e-9);
  }
}

}  // namespace
}  // namespace pitwatch
