#include "pipeline/polygons/simplify.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <queue>
#include <utility>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

using VertexId = int;
constexpr VertexId no_vertex = -1;

bool above_or_left(PixelPoint a, PixelPoint b) { return std::pair(a.y, a.x) < std::pair(b.y, b.x); }

// (b - a) x (c - a): twice the signed area of the triangle.
std::int64_t cross(PixelPoint a, PixelPoint b, PixelPoint c) {
  return (static_cast<std::int64_t>(b.x) - a.x) * (static_cast<std::int64_t>(c.y) - a.y) -
         (static_cast<std::int64_t>(b.y) - a.y) * (static_cast<std::int64_t>(c.x) - a.x);
}

bool in_closed_triangle(PixelPoint p, PixelPoint a, PixelPoint b, PixelPoint c) {
  const std::int64_t ab = cross(a, b, p);
  const std::int64_t bc = cross(b, c, p);
  const std::int64_t ca = cross(c, a, p);
  const bool inside = (ab >= 0 && bc >= 0 && ca >= 0) || (ab <= 0 && bc <= 0 && ca <= 0);
  // All three are zero for any point on the line of a triangle without area.
  return inside && p.x >= std::min({a.x, b.x, c.x}) && p.x <= std::max({a.x, b.x, c.x}) &&
         p.y >= std::min({a.y, b.y, c.y}) && p.y <= std::max({a.y, b.y, c.y});
}

double squared_distance_to_segment(PixelPoint p, PixelPoint a, PixelPoint b) {
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double px = p.x - a.x;
  const double py = p.y - a.y;
  const double along = px * dx + py * dy;
  const double length2 = dx * dx + dy * dy;
  if (along <= 0) return px * px + py * py;
  if (along >= length2) return (px - dx) * (px - dx) + (py - dy) * (py - dy);
  const double across = px * dy - py * dx;
  return across * across / length2;
}

// The distinct vertices of all rings in reading order, found by point and by row.
class VertexIndex {
 public:
  explicit VertexIndex(std::vector<PixelPoint> points) : points_(std::move(points)) {
    std::sort(points_.begin(), points_.end(), above_or_left);
    points_.erase(std::unique(points_.begin(), points_.end()), points_.end());
    top_ = points_.empty() ? 0 : points_.front().y;
    const int rows = points_.empty() ? 0 : points_.back().y - top_ + 1;
    row_begin_.assign(static_cast<std::size_t>(rows) + 1, 0);
    for (const PixelPoint& point : points_) ++row_begin_[static_cast<std::size_t>(point.y - top_) + 1];
    std::partial_sum(row_begin_.begin(), row_begin_.end(), row_begin_.begin());
  }

  std::size_t size() const { return points_.size(); }
  PixelPoint operator[](VertexId id) const { return points_[static_cast<std::size_t>(id)]; }

  // The first vertex of row y at column x or right of it, and the end of the row. The row is one that has vertices
  // above or below it, or itself.
  std::pair<VertexId, VertexId> row_from(int x, int y) const {
    const auto row = static_cast<std::size_t>(y - top_);
    const auto begin = points_.begin() + row_begin_[row];
    const auto end = points_.begin() + row_begin_[row + 1];
    const auto first = std::lower_bound(begin, end, x, [](const PixelPoint& p, int value) { return p.x < value; });
    return {static_cast<VertexId>(first - points_.begin()), row_begin_[row + 1]};
  }

  VertexId find(PixelPoint point) const {
    const auto [first, end] = row_from(point.x, point.y);
    return first < end && (*this)[first] == point ? first : no_vertex;
  }

 private:
  std::vector<PixelPoint> points_;
  std::vector<int> row_begin_;
  int top_ = 0;
};

// Appends the vertices from `from` (included) to `to` (not included), with those of other rings that lie in between.
void append_edge(const VertexIndex& vertices, PixelPoint from, PixelPoint to, std::vector<VertexId>& ring) {
  ring.push_back(vertices.find(from));
  // Vertices are whole numbers, so they can only lie on the edge's lattice points.
  const int steps = std::gcd(to.x - from.x, to.y - from.y);
  for (int i = 1; i < steps; ++i) {
    const VertexId between =
        vertices.find({from.x + (to.x - from.x) / steps * i, from.y + (to.y - from.y) / steps * i});
    if (between != no_vertex) ring.push_back(between);
  }
}

// The planar graph of all borders: shared ones are in it once. A vertex where just two edges meet may go; then its
// neighbours become adjacent, for all rings that pass.
class BorderGraph {
 public:
  BorderGraph(const VertexIndex& vertices, const std::vector<std::vector<VertexId>>& rings)
      : vertices_(vertices), nodes_(vertices.size()), ring_sizes_(rings.size()) {
    std::vector<std::pair<VertexId, VertexId>> edges;  // in both directions
    for (std::size_t r = 0; r < rings.size(); ++r) {
      const std::vector<VertexId>& ring = rings[r];
      ring_sizes_[r] = ring.size();
      for (std::size_t i = 0; i < ring.size(); ++i) {
        const VertexId next = ring[i + 1 < ring.size() ? i + 1 : 0];
        edges.emplace_back(ring[i], next);
        edges.emplace_back(next, ring[i]);
        node(ring[i]).join(r);
      }
    }
    std::sort(edges.begin(), edges.end());
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
    for (const auto& [from, to] : edges) {
      if (node(from).degree++ == 0) node(from).first_neighbour = neighbours_.size();
      neighbours_.push_back(to);
    }
    // Which vertices follow in the given borders is needed to the end, for the distance bound.
    given_neighbours_ = neighbours_;
  }

  bool removed(VertexId id) const { return node(id).removed; }

  void simplify(double tolerance) {
    std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
    const auto enqueue = [&](VertexId id) {
      if (may_go(id)) queue.push(candidate_at(id));
    };
    for (std::size_t i = 0; i < nodes_.size(); ++i) enqueue(static_cast<VertexId>(i));
    while (!queue.empty()) {
      const Candidate candidate = queue.top();
      queue.pop();
      const VertexId id = candidate.id;
      if (node(id).removed || node(id).changes != candidate.changes) continue;
      if (!may_go(id)) continue;
      // A vertex without area lies on its neighbours' connection, so nothing moves when it goes. Walking the replaced
      // vertices each time would be quadratic on long straight staircases.
      const bool moves = candidate.doubled_area != 0;
      if (moves && (!is_close(id, tolerance * tolerance) || !is_free(id))) continue;
      remove(id);
      enqueue(neighbour(id, 0));
      enqueue(neighbour(id, 1));
    }
  }

 private:
  // Smallest area first; among equal ones the shortest new edge, so that staircases, full of equal areas, are worked on
  // everywhere and not from one end, which would be quadratic; then in reading order. All of this is independent of the
  // order of the shapes.
  struct Candidate {
    std::int64_t doubled_area = 0;
    std::int64_t squared_length = 0;
    VertexId id = no_vertex;
    int changes = 0;
    friend auto operator<=>(const Candidate&, const Candidate&) = default;
  };

  struct Node {
    static constexpr int max_rings = 2;  // an edge has two sides, so no more rings pass where just two edges meet
    std::array<std::size_t, max_rings> rings{};
    int ring_count = 0;
    int degree = 0;
    std::size_t first_neighbour = 0;  // in neighbours_
    int changes = 0;                  // of its neighbours so far
    bool removed = false;

    void join(std::size_t ring) {
      if (ring_count < max_rings) rings[static_cast<std::size_t>(ring_count)] = ring;
      ++ring_count;
    }
  };

  Node& node(VertexId id) { return nodes_[static_cast<std::size_t>(id)]; }
  const Node& node(VertexId id) const { return nodes_[static_cast<std::size_t>(id)]; }
  VertexId neighbour(VertexId id, std::size_t i) const { return neighbours_[node(id).first_neighbour + i]; }

  Candidate candidate_at(VertexId id) const {
    const PixelPoint a = vertices_[neighbour(id, 0)];
    const PixelPoint c = vertices_[neighbour(id, 1)];
    const std::int64_t area = cross(a, vertices_[id], c);
    const std::int64_t dx = static_cast<std::int64_t>(c.x) - a.x;
    const std::int64_t dy = static_cast<std::int64_t>(c.y) - a.y;
    return {area < 0 ? -area : area, dx * dx + dy * dy, id, node(id).changes};
  }

  bool may_go(VertexId id) const {
    const Node& candidate = node(id);
    if (candidate.degree != 2 || candidate.ring_count > Node::max_rings) return false;
    for (int i = 0; i < candidate.ring_count; ++i) {
      if (ring_sizes_[candidate.rings[static_cast<std::size_t>(i)]] <= 4) return false;
    }
    return true;
  }

  // Whether the given vertices between the neighbours of `id` lie at the edge that would replace them.
  bool is_close(VertexId id, double squared_tolerance) const {
    const PixelPoint a = vertices_[neighbour(id, 0)];
    const PixelPoint c = vertices_[neighbour(id, 1)];
    if (squared_distance_to_segment(vertices_[id], a, c) > squared_tolerance) return false;
    for (std::size_t direction = 0; direction < 2; ++direction) {
      VertexId before = id;
      VertexId at = given_neighbours_[node(id).first_neighbour + direction];
      while (node(at).removed) {
        if (squared_distance_to_segment(vertices_[at], a, c) > squared_tolerance) return false;
        const std::size_t first = node(at).first_neighbour;
        const VertexId next =
            given_neighbours_[first] == before ? given_neighbours_[first + 1] : given_neighbours_[first];
        before = at;
        at = next;
      }
    }
    return true;
  }

  // Whether the border can be pulled straight at `id` without meeting another one: no edge between the neighbours yet,
  // and no vertex in the triangle, hence no edge through it either.
  bool is_free(VertexId id) const {
    const VertexId from = neighbour(id, 0);
    const VertexId to = neighbour(id, 1);
    for (int i = 0; i < node(from).degree; ++i) {
      if (neighbour(from, static_cast<std::size_t>(i)) == to) return false;
    }
    const PixelPoint a = vertices_[from];
    const PixelPoint b = vertices_[id];
    const PixelPoint c = vertices_[to];
    const int top = std::min({a.y, b.y, c.y});
    const int bottom = std::max({a.y, b.y, c.y});
    for (int y = top; y <= bottom; ++y) {
      const auto [left, right] = columns_in_row(a, b, c, y);
      const auto [first, end] = vertices_.row_from(left, y);
      for (VertexId other = first; other < end && vertices_[other].x <= right; ++other) {
        if (other == from || other == id || other == to || node(other).removed) continue;
        if (in_closed_triangle(vertices_[other], a, b, c)) return false;
      }
    }
    return true;
  }

  // Columns that contain all of the triangle's points in row y.
  static std::pair<int, int> columns_in_row(PixelPoint a, PixelPoint b, PixelPoint c, int y) {
    int left = std::numeric_limits<int>::max();
    int right = std::numeric_limits<int>::min();
    for (const auto& [p, q] : {std::pair(a, b), std::pair(b, c), std::pair(c, a)}) {
      if (y < std::min(p.y, q.y) || y > std::max(p.y, q.y)) continue;
      if (p.y == q.y) {
        left = std::min({left, p.x, q.x});
        right = std::max({right, p.x, q.x});
        continue;
      }
      const std::int64_t rise = (static_cast<std::int64_t>(q.x) - p.x) * (static_cast<std::int64_t>(y) - p.y);
      const int x = p.x + static_cast<int>(rise / (q.y - p.y));  // rounded towards p
      left = std::min(left, x - 1);
      right = std::max(right, x + 1);
    }
    return {left, right};
  }

  void remove(VertexId id) {
    const VertexId from = neighbour(id, 0);
    const VertexId to = neighbour(id, 1);
    replace_neighbour(from, id, to);
    replace_neighbour(to, id, from);
    Node& gone = node(id);
    gone.removed = true;
    for (int i = 0; i < gone.ring_count; ++i) --ring_sizes_[gone.rings[static_cast<std::size_t>(i)]];
  }

  void replace_neighbour(VertexId at, VertexId old_neighbour, VertexId new_neighbour) {
    Node& changed = node(at);
    const auto first = neighbours_.begin() + static_cast<std::ptrdiff_t>(changed.first_neighbour);
    *std::find(first, first + changed.degree, old_neighbour) = new_neighbour;
    ++changed.changes;
  }

  const VertexIndex& vertices_;
  std::vector<Node> nodes_;
  std::vector<VertexId> neighbours_;
  std::vector<VertexId> given_neighbours_;
  std::vector<std::size_t> ring_sizes_;
};

template <typename Visit>
void for_each_ring(std::vector<PixelMultiPolygon>& shapes, Visit visit) {
  for (PixelMultiPolygon& shape : shapes) {
    for (PixelPolygon& polygon : shape) {
      visit(polygon.outer);
      for (Ring& hole : polygon.holes) visit(hole);
    }
  }
}

}  // namespace

void simplify(std::vector<PixelMultiPolygon>& shapes, double tolerance_pixels) {
  if (!(tolerance_pixels >= 0)) throw ConfigError("the tolerance of simplification must not be negative");

  std::vector<PixelPoint> points;
  for_each_ring(shapes, [&](const Ring& ring) { points.insert(points.end(), ring.begin(), ring.end()); });
  const VertexIndex vertices(std::move(points));

  std::vector<std::vector<VertexId>> rings;
  for_each_ring(shapes, [&](const Ring& ring) {
    std::vector<VertexId>& ids = rings.emplace_back();
    for (std::size_t i = 0; i < ring.size(); ++i) {
      append_edge(vertices, ring[i], ring[i + 1 < ring.size() ? i + 1 : 0], ids);
    }
  });

  BorderGraph graph(vertices, rings);
  graph.simplify(tolerance_pixels);

  std::size_t next_ring = 0;
  for_each_ring(shapes, [&](Ring& ring) {
    ring.clear();
    for (const VertexId id : rings[next_ring]) {
      if (!graph.removed(id)) ring.push_back(vertices[id]);
    }
    std::rotate(ring.begin(), std::min_element(ring.begin(), ring.end(), above_or_left), ring.end());
    ++next_ring;
  });
}

}  // namespace pitwatch
