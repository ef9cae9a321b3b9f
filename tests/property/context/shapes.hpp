#pragma once
// Random shapes on a grid.

#include <cmath>
#include <numbers>
#include <random>

#include "pipeline/context/coverage.hpp"

namespace pitwatch::test {

inline double random_real(std::mt19937& random, double from, double to) {
  return std::uniform_real_distribution<>(from, to)(random);
}

/// A ring around a middle, at random distances, wound either way. Of large ones some corners are those of pixels, which
/// does not turn the order of corners around the middle.
inline GridRing random_star(std::mt19937& random, GridPoint middle, double least, double most) {
  const int count = std::uniform_int_distribution<>(3, 12)(random);
  const bool back = std::uniform_int_distribution<>(0, 1)(random) == 1;
  GridRing ring;
  for (int i = 0; i < count; ++i) {
    const double angle = 2 * std::numbers::pi * (back ? count - i : i) / count;
    const double distance = random_real(random, least, most);
    GridPoint point{middle.x + distance * std::cos(angle), middle.y + distance * std::sin(angle)};
    if (least >= 4 && std::uniform_int_distribution<>(0, 2)(random) == 0)
      point = {std::round(point.x), std::round(point.y)};
    ring.push_back(point);
  }
  return ring;
}

/// A star, with a hole now and then.
inline GridShape random_shape(std::mt19937& random, GridPoint middle, double size) {
  GridShape shape{{random_star(random, middle, size, 1.6 * size), {}}};
  if (std::uniform_int_distribution<>(0, 1)(random) == 1) {
    shape[0].holes.push_back(random_star(random, middle, 0.1 * size, 0.3 * size));
  }
  return shape;
}

/// The part of a ring within a pixel (Sutherland and Hodgman 1974), and its area.
inline double area_in_pixel(const GridRing& ring, int x, int y) {
  GridRing clipped = ring;
  const auto clip = [&](const auto& inside, const auto& cut) {
    GridRing next;
    for (std::size_t i = 0; i < clipped.size(); ++i) {
      const GridPoint& a = clipped[i];
      const GridPoint& b = clipped[(i + 1) % clipped.size()];
      if (inside(a)) next.push_back(a);
      if (inside(a) != inside(b)) next.push_back(cut(a, b));
    }
    clipped = next;
  };
  const auto at_x = [](double to) {
    return [to](const GridPoint& a, const GridPoint& b) {
      return GridPoint{to, a.y + (to - a.x) / (b.x - a.x) * (b.y - a.y)};
    };
  };
  const auto at_y = [](double to) {
    return [to](const GridPoint& a, const GridPoint& b) {
      return GridPoint{a.x + (to - a.y) / (b.y - a.y) * (b.x - a.x), to};
    };
  };
  clip([&](const GridPoint& p) { return p.x >= x; }, at_x(x));
  clip([&](const GridPoint& p) { return p.x <= x + 1; }, at_x(x + 1));
  clip([&](const GridPoint& p) { return p.y >= y; }, at_y(y));
  clip([&](const GridPoint& p) { return p.y <= y + 1; }, at_y(y + 1));
  double twice = 0;
  for (std::size_t i = 0; i < clipped.size(); ++i) {
    const GridPoint& a = clipped[i];
    const GridPoint& b = clipped[(i + 1) % clipped.size()];
    twice += (a.x - x) * (b.y - y) - (b.x - x) * (a.y - y);
  }
  return std::abs(twice) / 2;
}

inline double area_in_pixel(const GridShape& shape, int x, int y) {
  double area = 0;
  for (const GridPolygon& polygon : shape) {
    area += area_in_pixel(polygon.outer, x, y);
    for (const GridRing& hole : polygon.holes) area -= area_in_pixel(hole, x, y);
  }
  return area;
}

}  // namespace pitwatch::test
