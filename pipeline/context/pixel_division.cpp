#include "pipeline/context/pixel_division.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace pitwatch {
namespace {

constexpr std::size_t most_edges = 64;  // whose crossings are looked for: their number grows with the square
constexpr int equal_columns = 1024;

/// An edge from the left to the right.
struct Line {
  std::size_t shape = 0;
  GridPoint from;
  GridPoint to;

  bool spans(double x) const { return from.x <= x && x < to.x; }
  double y_at(double x) const { return from.y + (x - from.x) / (to.x - from.x) * (to.y - from.y); }
};

/// What decides the ground between the sides of a pixel: edges above it and in it. An upright one spans nothing, and is
/// where ground to its left ends and that to its right begins.
std::vector<Line> lines_above(const std::vector<const GridShape*>& shapes, const GridBox& pixel) {
  const GridBox above{pixel.left, -std::numeric_limits<double>::infinity(), pixel.right, pixel.bottom};
  std::vector<Line> lines;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    for (auto [from, to] : edges_in(*shapes[i], above)) {
      if (from.x > to.x) std::swap(from, to);
      lines.push_back({i, from, to});
    }
  }
  return lines;
}

/// Where two lines cross, if not at an end of either.
std::optional<double> crossing(const Line& a, const Line& b) {
  const double from = std::max(a.from.x, b.from.x);
  const double to = std::min(a.to.x, b.to.x);
  if (!(from < to)) return std::nullopt;
  const double before = a.y_at(from) - b.y_at(from);
  const double behind = a.y_at(to) - b.y_at(to);
  if ((before > 0) == (behind > 0) || before == 0 || behind == 0) return std::nullopt;
  return from + (to - from) * (before / (before - behind));
}

/// Columns of the pixel between which the lines in it neither begin nor end nor cross; ascending.
std::vector<double> columns_of(const std::vector<Line>& lines, const GridBox& pixel) {
  std::vector<double> columns{pixel.left, pixel.right};
  std::vector<Line> within;
  for (const Line& line : lines) {
    const std::optional<GridEdge> piece = clipped({line.from, line.to}, pixel);
    if (!piece) continue;
    within.push_back({line.shape, piece->first, piece->second});
    columns.push_back(piece->first.x);
    columns.push_back(piece->second.x);
  }
  if (within.size() > most_edges) {
    columns.clear();
    for (int i = 0; i <= equal_columns; ++i) columns.push_back(pixel.left + static_cast<double>(i) / equal_columns);
    return columns;
  }
  for (std::size_t i = 0; i < within.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (const auto at = crossing(within[i], within[k])) columns.push_back(*at);
    }
  }
  for (double& column : columns) column = std::clamp(column, pixel.left, pixel.right);
  std::sort(columns.begin(), columns.end());
  return columns;
}

/// The shapes that hold a point of the column, as it goes down: each line changes sides with its shape.
class Members {
 public:
  explicit Members(std::size_t shapes) : holds_(shapes) {}
  void cross(std::size_t shape) { holds_[shape] = !holds_[shape]; }

  std::vector<std::size_t> list() const {
    std::vector<std::size_t> list;
    for (std::size_t i = 0; i < holds_.size(); ++i) {
      if (holds_[i]) list.push_back(i);
    }
    return list;
  }

 private:
  std::vector<bool> holds_;
};

}  // namespace

PixelDivision divide_pixel(const std::vector<const GridShape*>& shapes, int x, int y) {
  const GridBox pixel{static_cast<double>(x), static_cast<double>(y), x + 1.0, y + 1.0};
  const std::vector<Line> lines = lines_above(shapes, pixel);
  const std::vector<double> columns = columns_of(lines, pixel);
  PixelDivision division;
  std::vector<std::pair<double, std::size_t>> met;  // in the pixel, at the middle of a slab: rows and shapes
  for (std::size_t i = 0; i + 1 < columns.size(); ++i) {
    const double width = columns[i + 1] - columns[i];
    if (!(width > 0)) continue;
    const double middle = columns[i] + width / 2;
    Members members(shapes.size());
    met.clear();
    for (const Line& line : lines) {
      if (!line.spans(middle)) continue;
      const double row = line.y_at(middle);
      if (row <= pixel.top) {
        members.cross(line.shape);
      } else if (row < pixel.bottom) {
        met.emplace_back(row, line.shape);
      }
    }
    std::sort(met.begin(), met.end());
    double top = pixel.top;
    const auto down_to = [&](double row) {
      if (row > top) division[members.list()] += width * (row - top);
      top = row;
    };
    for (const auto& [row, shape] : met) {
      down_to(row);
      members.cross(shape);
    }
    down_to(pixel.bottom);
  }
  return division;
}

}  // namespace pitwatch
