#include "pipeline/context/nearest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace pitwatch {
namespace {

constexpr std::size_t edges_per_pack = 16;

double gap(double low_a, double high_a, double low_b, double high_b) {
  return std::max({0.0, low_b - high_a, low_a - high_b});
}

double gap(const GridBox& a, const GridBox& b) {
  return std::hypot(gap(a.left, a.right, b.left, b.right), gap(a.top, a.bottom, b.top, b.bottom));
}

GridBox box_of_edge(const GridPoint& a, const GridPoint& b) {
  return {std::min(a.x, b.x), std::min(a.y, b.y), std::max(a.x, b.x), std::max(a.y, b.y)};
}

GridBox together(const GridBox& a, const GridBox& b) {
  return {std::min(a.left, b.left), std::min(a.top, b.top), std::max(a.right, b.right), std::max(a.bottom, b.bottom)};
}

GridPoint nearest_on(const GridPoint& a, const GridPoint& b, const GridPoint& point) {
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double length = dx * dx + dy * dy;
  const double t = length > 0 ? std::clamp(((point.x - a.x) * dx + (point.y - a.y) * dy) / length, 0.0, 1.0) : 0.0;
  return {a.x + t * dx, a.y + t * dy};
}

double cross(const GridPoint& o, const GridPoint& a, const GridPoint& b) {
  return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
}

/// Whether two edges cross within both, and where.
std::optional<GridPoint> crossing(const GridPoint& a, const GridPoint& b, const GridPoint& c, const GridPoint& d) {
  const double c_side = cross(a, b, c);
  const double d_side = cross(a, b, d);
  const double a_side = cross(c, d, a);
  const double b_side = cross(c, d, b);
  if ((c_side > 0) == (d_side > 0) || (a_side > 0) == (b_side > 0)) return std::nullopt;
  const double t = a_side / (a_side - b_side);
  return GridPoint{a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)};
}

}  // namespace

NearestFinder::NearestFinder(const std::vector<NearFeature>& features) {
  for (std::size_t i = 0; i < features.size(); ++i) {
    for (const GridPoint& point : features[i].points) add_path(i, {point}, false);
    for (const std::vector<GridPoint>& line : features[i].lines) add_path(i, line, false);
    for (const GridPolygon& polygon : features[i].areas) {
      add_path(i, polygon.outer, true);
      for (const GridRing& hole : polygon.holes) add_path(i, hole, true);
    }
    if (!features[i].areas.empty()) areas_.emplace_back(i, features[i].areas);
  }
}

void NearestFinder::add_path(std::size_t feature, const std::vector<GridPoint>& path, bool closed) {
  if (path.empty()) return;
  const std::size_t count = path.size() == 1 ? 1 : closed ? path.size() : path.size() - 1;
  std::size_t first = edges_.size();
  for (std::size_t i = 0; i < count; ++i) {
    edges_.push_back({path[i], path[(i + 1) % path.size()]});
    if (edges_.size() - first < edges_per_pack) continue;
    add_pack(feature, first);
    first = edges_.size();
  }
  if (first < edges_.size()) add_pack(feature, first);
}

void NearestFinder::add_pack(std::size_t feature, std::size_t first) {
  GridBox box = box_of_edge(edges_[first].a, edges_[first].b);
  for (std::size_t i = first; i < edges_.size(); ++i) box = together(box, box_of_edge(edges_[i].a, edges_[i].b));
  packs_.push_back({box, feature, first, edges_.size()});
}

std::optional<Nearest> NearestFinder::find(const GridShape& shape) const {
  std::vector<Edge> own;
  for (const GridPolygon& polygon : shape) {
    const auto add = [&](const GridRing& ring) {
      for (std::size_t i = 0; i < ring.size(); ++i) own.push_back({ring[i], ring[(i + 1) % ring.size()]});
    };
    add(polygon.outer);
    for (const GridRing& hole : polygon.holes) add(hole);
  }
  if (own.empty() || packs_.empty()) return std::nullopt;
  const GridBox box = box_of(shape);
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t i = 0; i < packs_.size(); ++i) order.emplace_back(gap(box, packs_[i].box), i);
  std::make_heap(order.begin(), order.end(), std::greater<>());
  Nearest best;
  best.distance_px = std::numeric_limits<double>::infinity();
  const auto take = [&](std::size_t feature, const GridPoint& from, const GridPoint& to) {
    const double distance = std::hypot(from.x - to.x, from.y - to.y);
    if (distance < best.distance_px || (distance == best.distance_px && feature < best.feature)) {
      best = {feature, distance, from, to};
    }
  };
  // One inside the other has no near edges.
  for (const auto& [feature, areas] : areas_) {
    const GridBox area = box_of(areas);
    const GridPoint& corner = own.front().a;
    if (gap(box, area) <= 0 && contains(areas, corner)) take(feature, corner, corner);
  }
  while (!order.empty() && order.front().first <= best.distance_px) {
    std::pop_heap(order.begin(), order.end(), std::greater<>());
    const Pack& pack = packs_[order.back().second];
    order.pop_back();
    if (contains(shape, edges_[pack.first].a)) take(pack.feature, edges_[pack.first].a, edges_[pack.first].a);
    for (std::size_t i = pack.first; i < pack.last; ++i) {
      const Edge& other = edges_[i];
      for (const Edge& edge : own) {
        if (gap(box_of_edge(edge.a, edge.b), box_of_edge(other.a, other.b)) > best.distance_px) continue;
        if (const auto at = crossing(edge.a, edge.b, other.a, other.b)) take(pack.feature, *at, *at);
        take(pack.feature, edge.a, nearest_on(other.a, other.b, edge.a));
        take(pack.feature, nearest_on(edge.a, edge.b, other.a), other.a);
        take(pack.feature, nearest_on(edge.a, edge.b, other.b), other.b);
      }
    }
  }
  return best;
}

}  // namespace pitwatch
