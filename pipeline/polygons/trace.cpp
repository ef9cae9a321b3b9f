#include "pipeline/polygons/trace.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "pipeline/polygons/run_labels.hpp"

namespace pitwatch {
namespace {

// A corner of the outline. One vertical and one horizontal edge meet here; rings follow `next`, with the region on
// their left hand: down along the first pixels of runs, up along their last ones. Where two pixels of the region touch
// diagonally two corners lie at one point, one around each of these pixels: they are each other's twins.
struct Corner {
  PixelPoint point;
  std::size_t run = 0;  // the run whose outline this is
  bool leaves_vertically = false;
  std::size_t next = 0;
  std::size_t twin = 0;  // itself where there is none
};

enum class Side { begin, end };

// Finds the corners of the outline in one sweep down the rows, which needs no lookup of any kind: on the line between
// two rows, horizontal edges join successive corners in pairs; vertical edges go down from corner to corner.
class OutlineSweep {
 public:
  explicit OutlineSweep(std::span<const Run> runs) : runs_(runs), vertical_from_(2 * runs.size()) {}

  std::vector<Corner> corners() {
    std::size_t upper = 0;  // first run of the row above the line
    std::size_t lower = 0;  // first run of the row below it
    while (upper < runs_.size()) {
      const int y = lower < runs_.size() ? std::min(runs_[upper].row + 1, runs_[lower].row) : runs_[upper].row + 1;
      const std::size_t upper_end = end_of_row(upper, y - 1);
      const std::size_t lower_end = end_of_row(lower, y);
      sweep_line(y, upper, upper_end, lower, lower_end);
      upper = upper_end;
      lower = lower_end;
    }
    return std::move(corners_);
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  std::size_t end_of_row(std::size_t i, int row) const {
    while (i < runs_.size() && runs_[i].row == row) ++i;
    return i;
  }

  // The vertical borders of the runs are numbered: 2 i is where run i begins, 2 i + 1 where it ends.
  static Side side(std::size_t border) { return border % 2 == 0 ? Side::begin : Side::end; }
  int column(std::size_t border) const {
    const Run& run = runs_[border / 2];
    return side(border) == Side::begin ? run.begin : run.end;
  }

  void sweep_line(int y, std::size_t upper_run, std::size_t upper_run_end, std::size_t lower_run,
                  std::size_t lower_run_end) {
    std::size_t upper = 2 * upper_run;
    std::size_t lower = 2 * lower_run;
    std::size_t open = none;  // the corner whose horizontal edge goes on to the right
    while (upper < 2 * upper_run_end || lower < 2 * lower_run_end) {
      const int nowhere = std::numeric_limits<int>::max();
      const int upper_x = upper < 2 * upper_run_end ? column(upper) : nowhere;
      const int lower_x = lower < 2 * lower_run_end ? column(lower) : nowhere;
      const int x = std::min(upper_x, lower_x);
      const bool from_above = upper_x == x;
      const bool to_below = lower_x == x;
      if (from_above && to_below && side(upper) == side(lower)) {
        vertical_from_[lower++] = vertical_from_[upper++];  // straight on
        continue;
      }
      // An end above a begin: pixels touch at their lower right and upper left corner, so the corner from above has its
      // horizontal edge to the left. A begin above an end: the other way round.
      const bool above_is_left = from_above && side(upper) == Side::end;
      const std::size_t above = from_above ? end_vertical({x, y}, upper++) : none;
      const std::size_t below = to_below ? begin_vertical({x, y}, lower++) : none;
      if (from_above && to_below) {
        corners_[above].twin = below;
        corners_[below].twin = above;
        join_horizontally(open, above_is_left ? above : below);
        open = above_is_left ? below : above;
      } else {
        const std::size_t corner = from_above ? above : below;
        if (open != none) join_horizontally(open, corner);
        open = open != none ? none : corner;
      }
    }
  }

  std::size_t add(PixelPoint point, std::size_t border, bool leaves_vertically) {
    const std::size_t corner = corners_.size();
    corners_.push_back({point, border / 2, leaves_vertically, corner, corner});
    return corner;
  }

  std::size_t begin_vertical(PixelPoint point, std::size_t border) {
    const std::size_t corner = add(point, border, side(border) == Side::begin);
    vertical_from_[border] = corner;
    return corner;
  }

  std::size_t end_vertical(PixelPoint point, std::size_t border) {
    const std::size_t corner = add(point, border, side(border) == Side::end);
    const std::size_t top = vertical_from_[border];
    if (side(border) == Side::begin) {
      corners_[top].next = corner;
    } else {
      corners_[corner].next = top;
    }
    return corner;
  }

  void join_horizontally(std::size_t left, std::size_t right) {
    if (corners_[left].leaves_vertically) {
      corners_[right].next = left;
    } else {
      corners_[left].next = right;
    }
  }

  std::span<const Run> runs_;
  std::vector<std::size_t> vertical_from_;  // by border: the corner where its vertical edge starts at the top
  std::vector<Corner> corners_;
};

// The rings of a sweep, simple ones only: an outline that comes back to a point closes a ring there.
class RingWalk {
 public:
  explicit RingWalk(const std::vector<Corner>& corners)
      : corners_(corners), position_(corners.size(), off_path), visited_(corners.size(), false) {}

  // Calls found(ring, run whose outline it is) for each ring.
  template <typename Found>
  void walk(Found found) {
    for (std::size_t start = 0; start < corners_.size(); ++start) {
      if (visited_[start]) continue;
      std::size_t corner = start;
      do {
        visited_[corner] = true;
        const std::size_t same_point = position_[corners_[corner].twin];
        if (same_point != off_path) close_ring(same_point, found);
        position_[corner] = path_.size();
        path_.push_back(corner);
        corner = corners_[corner].next;
      } while (corner != start);
      close_ring(0, found);
    }
  }

 private:
  static constexpr std::size_t off_path = std::numeric_limits<std::size_t>::max();

  // Takes the path from `first` on as a ring.
  template <typename Found>
  void close_ring(std::size_t first, Found& found) {
    const auto begin = path_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto begin_of_ring = std::min_element(begin, path_.end(), [&](std::size_t a, std::size_t b) {
      const PixelPoint p = corners_[a].point;
      const PixelPoint q = corners_[b].point;
      return std::pair(p.y, p.x) < std::pair(q.y, q.x);
    });
    Ring ring;
    ring.reserve(static_cast<std::size_t>(path_.end() - begin));
    for (auto i = begin_of_ring; i != path_.end(); ++i) ring.push_back(corners_[*i].point);
    for (auto i = begin; i != begin_of_ring; ++i) ring.push_back(corners_[*i].point);
    for (auto i = begin; i != path_.end(); ++i) position_[*i] = off_path;
    const std::size_t run = corners_[*begin].run;
    path_.resize(first);
    found(std::move(ring), run);
  }

  const std::vector<Corner>& corners_;
  std::vector<std::size_t> path_;      // corners walked and in no ring yet
  std::vector<std::size_t> position_;  // by corner: where in path_
  std::vector<bool> visited_;
};

// The first vertex is the topmost, then leftmost: with the region on the left hand an outer ring goes down from there,
// a hole to the right.
bool is_outer(const Ring& ring) { return ring[1].x == ring[0].x; }

std::int64_t doubled_area(const Ring& ring) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const PixelPoint& p = ring[i];
    const PixelPoint& q = ring[i + 1 < ring.size() ? i + 1 : 0];
    sum += static_cast<std::int64_t>(p.y) * q.x - static_cast<std::int64_t>(p.x) * q.y;  // y counts downwards
  }
  return sum;
}

}  // namespace

PixelMultiPolygon trace(std::span<const Run> runs) {
  // A ring belongs to the polygon of its 4-connected part, whose interior is connected: it has one outer ring.
  const RunLabels parts = label_runs(runs, Connectivity::four);
  PixelMultiPolygon shape(static_cast<std::size_t>(parts.count));
  const std::vector<Corner> corners = OutlineSweep(runs).corners();
  RingWalk(corners).walk([&](Ring ring, std::size_t run) {
    PixelPolygon& polygon = shape[static_cast<std::size_t>(parts.of_run[run])];
    if (is_outer(ring)) {
      polygon.outer = std::move(ring);
    } else {
      polygon.holes.push_back(std::move(ring));
    }
  });
  for (PixelPolygon& polygon : shape) {
    std::sort(polygon.holes.begin(), polygon.holes.end(),
              [](const Ring& a, const Ring& b) { return std::pair(a[0].y, a[0].x) < std::pair(b[0].y, b[0].x); });
  }
  return shape;
}

std::int64_t area_pixels(const PixelMultiPolygon& shape) {
  std::int64_t sum = 0;
  for (const PixelPolygon& polygon : shape) {
    sum += doubled_area(polygon.outer);
    for (const Ring& hole : polygon.holes) sum += doubled_area(hole);
  }
  return sum / 2;
}

}  // namespace pitwatch
