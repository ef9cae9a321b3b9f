#include "pipeline/context/coverage.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace pitwatch {
namespace {

/// Calls `visit(a, b)` for the edges of a ring.
template <typename Visit>
void each_edge(const GridRing& ring, const Visit& visit) {
  for (std::size_t i = 0; i < ring.size(); ++i) visit(ring[i], ring[(i + 1) % ring.size()]);
}

template <typename Visit>
void each_edge(const GridShape& shape, const Visit& visit) {
  for (const GridPolygon& polygon : shape) {
    each_edge(polygon.outer, visit);
    for (const GridRing& hole : polygon.holes) each_edge(hole, visit);
  }
}

double signed_area(const GridRing& ring) {
  // From the first vertex, so that what is far from the corner of the grid loses nothing.
  double twice = 0;
  each_edge(ring, [&](const GridPoint& a, const GridPoint& b) {
    twice += (a.x - ring[0].x) * (b.y - ring[0].y) - (b.x - ring[0].x) * (a.y - ring[0].y);
  });
  return twice / 2;
}

/// Differences along rows, of which the running sum is the share covered.
class Differences {
 public:
  explicit Differences(const Window& window)
      : window_(window), columns_(window.width + 2), sums_(columns_, window.height) {
    for (int y = 0; y < window.height; ++y) std::fill_n(sums_.row(y), columns_, 0.0);
  }

  /// An edge of a ring that runs so that its inside counts by `sign`.
  void add(GridPoint a, GridPoint b, double sign) {
    if (a.y == b.y) return;
    if (a.y > b.y) {
      std::swap(a, b);
      sign = -sign;
    }
    const double slope = (b.x - a.x) / (b.y - a.y);
    const double top = std::max(a.y, static_cast<double>(window_.y));
    const double bottom = std::min(b.y, static_cast<double>(window_.bottom()));
    if (!(top < bottom)) return;
    const auto x_at = [&](double y) { return y == a.y ? a.x : y == b.y ? b.x : a.x + (y - a.y) * slope; };
    for (int row = static_cast<int>(std::floor(top)); row < bottom; ++row) {
      const double from = std::max(top, static_cast<double>(row));
      const double to = std::min(bottom, row + 1.0);
      if (from < to) add_in_row(row - window_.y, x_at(from) - window_.x, x_at(to) - window_.x, sign * (to - from));
    }
  }

  Plane<double> shares() const {
    Plane<double> shares(window_.width, window_.height);
    for (int y = 0; y < window_.height; ++y) {
      double sum = 0;
      for (int x = 0; x < window_.width; ++x) {
        sum += sums_.at(x, y);
        shares.at(x, y) = std::clamp(sum, 0.0, 1.0);
      }
    }
    return shares;
  }

 private:
  /// A piece of an edge within a row, from x0 to x1, of that height.
  void add_in_row(int row, double x0, double x1, double height) {
    if (x0 > x1) std::swap(x0, x1);
    const double width = window_.width;
    if (x0 >= width) return;
    if (x1 <= 0) {
      sums_.at(0, row) += height;
      return;
    }
    // What lies beside the window counts whole before it and not at all behind it.
    const double length = x1 - x0;
    if (x0 < 0) {
      sums_.at(0, row) += height * (-x0 / length);
      height *= x1 / length;
      x0 = 0;
    }
    const double inside = x1 - x0;
    if (x1 > width) {
      height *= (width - x0) / inside;
      x1 = width;
    }
    const int first = std::min(static_cast<int>(x0), window_.width - 1);
    const int last = std::min(static_cast<int>(x1), window_.width - 1);
    if (first == last) {
      put(first, row, height, (x0 + x1) / 2 - first);
      return;
    }
    const double per_column = height / (x1 - x0);
    put(first, row, per_column * (first + 1 - x0), (x0 + first + 1) / 2 - first);
    for (int column = first + 1; column < last; ++column) put(column, row, per_column, 0.5);
    put(last, row, per_column * (x1 - last), (x1 - last) / 2);
  }

  /// A piece within one pixel: right of it, from its middle on, the pixel is covered.
  void put(int column, int row, double height, double middle) {
    sums_.at(column, row) += height * (1 - middle);
    sums_.at(column + 1, row) += height * middle;
  }

  Window window_;
  int columns_;
  Plane<double> sums_;
};

}  // namespace

GridBox box_of(const GridShape& shape) {
  constexpr double far = std::numeric_limits<double>::infinity();
  GridBox box{far, far, -far, -far};
  for (const GridPolygon& polygon : shape) {
    for (const GridPoint& point : polygon.outer) {
      box = {std::min(box.left, point.x), std::min(box.top, point.y), std::max(box.right, point.x),
             std::max(box.bottom, point.y)};
    }
  }
  return box;
}

Plane<double> coverage(const GridShape& shape, const Window& window) {
  Differences differences(window);
  const auto add = [&](const GridRing& ring, double sign) {
    // Edges that run down (y grows) on the right of the inside take it away: the area is positive then.
    if (ring.size() < 3) return;
    const double turn = signed_area(ring) > 0 ? -sign : sign;
    each_edge(ring, [&](const GridPoint& a, const GridPoint& b) { differences.add(a, b, turn); });
  };
  for (const GridPolygon& polygon : shape) {
    add(polygon.outer, 1);
    for (const GridRing& hole : polygon.holes) add(hole, -1);
  }
  return differences.shares();
}

bool contains(const GridShape& shape, GridPoint point) {
  bool inside = false;
  each_edge(shape, [&](const GridPoint& a, const GridPoint& b) {
    if ((a.y > point.y) == (b.y > point.y)) return;
    if (point.x < a.x + (point.y - a.y) / (b.y - a.y) * (b.x - a.x)) inside = !inside;
  });
  return inside;
}

std::vector<GridEdge> edges_in(const GridShape& shape, const GridBox& box) {
  std::vector<GridEdge> edges;
  each_edge(shape, [&](const GridPoint& a, const GridPoint& b) {
    if (std::max(a.x, b.x) < box.left || std::min(a.x, b.x) > box.right) return;
    if (std::max(a.y, b.y) < box.top || std::min(a.y, b.y) > box.bottom) return;
    edges.emplace_back(a, b);
  });
  return edges;
}

std::optional<GridEdge> clipped(const GridEdge& edge, const GridBox& box) {
  const auto& [a, b] = edge;
  double from = 0;
  double to = 1;
  const auto cut = [&](double start, double step, double low, double high) {
    if (step == 0) {
      if (start < low || start > high) to = -1;
      return;
    }
    const double first = (low - start) / step;
    const double second = (high - start) / step;
    from = std::max(from, std::min(first, second));
    to = std::min(to, std::max(first, second));
  };
  cut(a.x, b.x - a.x, box.left, box.right);
  cut(a.y, b.y - a.y, box.top, box.bottom);
  if (!(from < to)) return std::nullopt;
  const auto at = [&, &start = a, &end = b](double t) {
    return GridPoint{start.x + t * (end.x - start.x), start.y + t * (end.y - start.y)};
  };
  return GridEdge{at(from), at(to)};
}

double distance_to(const std::vector<GridEdge>& edges, GridPoint point) {
  double least = std::numeric_limits<double>::infinity();
  for (const auto& [a, b] : edges) {
    const double dx = b.x - a.x;
    const double dy = b.y - a.y;
    const double length = dx * dx + dy * dy;
    const double along = length > 0 ? ((point.x - a.x) * dx + (point.y - a.y) * dy) / length : 0;
    const double t = std::clamp(along, 0.0, 1.0);
    const double away_x = point.x - a.x - t * dx;
    const double away_y = point.y - a.y - t * dy;
    least = std::min(least, away_x * away_x + away_y * away_y);
  }
  return std::sqrt(least);
}

}  // namespace pitwatch
