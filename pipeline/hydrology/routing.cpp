#include "pipeline/hydrology/routing.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <numbers>
#include <vector>

#include "pipeline/hydrology/cells.hpp"
#include "pipeline/hydrology/depressions.hpp"

namespace pitwatch {
namespace {

// Level ground while it is worked on: not decided yet, or decided with a bit that both share.
constexpr FlowDirection undecided = 254;
constexpr FlowDirection level_bit = 16;

/// The direction of the steepest fall; flow_ends where no neighbour is lower.
template <bool inside>
FlowDirection steepest(PlaneView<const float> elevation, int x, int y) {
  const double here = elevation.at(x, y);
  double most = 0;
  FlowDirection direction = flow_ends;
  for (std::size_t i = 1; i <= 8; ++i) {
    const int nx = x + flow_steps[i].x;
    const int ny = y + flow_steps[i].y;
    if (!inside && !on_grid(elevation, nx, ny)) continue;
    const double fall =
        (here - elevation.at(nx, ny)) * (is_diagonal(static_cast<FlowDirection>(i)) ? std::numbers::sqrt2 / 2 : 1.0);
    if (fall > most) {  // not for voids: NaN
      most = fall;
      direction = static_cast<FlowDirection>(i);
    }
  }
  return direction;
}

/// Directions on level ground. Each of its cells gets a height of its own that falls towards where the ground ends by
/// twice its distance from there, and away from higher ground by the distance from that: neighbours' distances from
/// higher ground differ by one at most, so that a cell nearer to the end is always lower.
class LevelGround {
 public:
  LevelGround(PlaneView<const float> elevation, PlaneView<FlowDirection> directions)
      : elevation_(elevation), directions_(directions), heights_(elevation.width, elevation.height) {}

  void resolve() {
    std::vector<FlowCell> beside_higher;
    std::vector<FlowCell> beside_end;
    find_borders(beside_higher, beside_end);
    if (beside_end.empty()) return;
    measure_from_higher(std::move(beside_higher));
    const std::vector<FlowCell> in_order = measure_from_end(std::move(beside_end));
    for (const FlowCell& cell : in_order) directions_.at(cell.x, cell.y) = lowest(cell) | level_bit;
    for (const FlowCell& cell : in_order) directions_.at(cell.x, cell.y) &= static_cast<FlowDirection>(~level_bit);
  }

 private:
  static constexpr std::uint32_t measured = 0x8000'0000U;  // of the distance from the end, too

  template <typename Visit>
  void each_level_neighbour(FlowCell cell, const Visit& visit) const {
    const float ground = elevation_.at(cell.x, cell.y);
    for (std::size_t i = 1; i <= 8; ++i) {
      const int x = cell.x + flow_steps[i].x;
      const int y = cell.y + flow_steps[i].y;
      if (on_grid(elevation_, x, y) && elevation_.at(x, y) == ground) visit(x, y, static_cast<FlowDirection>(i));
    }
  }

  bool is_undecided(int x, int y) const { return directions_.at(x, y) == undecided; }

  void find_borders(std::vector<FlowCell>& beside_higher, std::vector<FlowCell>& beside_end) {
    for (int y = 0; y < elevation_.height; ++y) {
      const void* found = std::memchr(directions_.row(y), undecided, static_cast<std::size_t>(elevation_.width));
      if (found == nullptr) continue;
      for (int x = static_cast<int>(static_cast<const FlowDirection*>(found) - directions_.row(y));
           x < elevation_.width; ++x) {
        if (!is_undecided(x, y)) continue;
        heights_.at(x, y) = 0;
        const float ground = elevation_.at(x, y);
        bool higher = false;
        bool end = false;
        for (std::size_t i = 1; i <= 8; ++i) {  // undecided cells are neither at the edge nor beside voids
          const int nx = x + flow_steps[i].x;
          const int ny = y + flow_steps[i].y;
          const float other = elevation_.at(nx, ny);
          higher = higher || other > ground;
          end = end || (other == ground && !is_undecided(nx, ny));
        }
        if (higher) beside_higher.push_back(flow_cell(x, y));
        if (end) beside_end.push_back(flow_cell(x, y));
      }
    }
  }

  /// Heights are the distances from higher ground, 1 beside it and 0 where there is none.
  void measure_from_higher(std::vector<FlowCell> front) {
    for (const FlowCell& cell : front) heights_.at(cell.x, cell.y) = 1;
    std::vector<FlowCell> next;
    for (std::uint32_t distance = 2; !front.empty(); ++distance) {
      furthest_ = distance;
      next.clear();
      for (const FlowCell& cell : front) {
        each_level_neighbour(cell, [&](int x, int y, FlowDirection) {
          if (!is_undecided(x, y) || heights_.at(x, y) != 0) return;
          heights_.at(x, y) = distance;
          next.push_back(flow_cell(x, y));
        });
      }
      front.swap(next);
    }
  }

  /// Gives cells that level ground leads to an end from their heights, and returns them, nearest first.
  std::vector<FlowCell> measure_from_end(std::vector<FlowCell> cells) {
    for (const FlowCell& cell : cells) set_height(cell.x, cell.y, 1);
    std::size_t from = 0;
    for (std::uint32_t distance = 2; from < cells.size(); ++distance) {
      for (const std::size_t to = cells.size(); from < to; ++from) {
        each_level_neighbour(cells[from], [&](int x, int y, FlowDirection) {
          if (!is_undecided(x, y) || (heights_.at(x, y) & measured) != 0) return;
          set_height(x, y, distance);
          cells.push_back(flow_cell(x, y));
        });
      }
    }
    return cells;
  }

  void set_height(int x, int y, std::uint32_t distance) {
    heights_.at(x, y) = (2 * distance + furthest_ - heights_.at(x, y)) | measured;
  }

  /// Towards an end where one is beside the cell, else down the heights; of equals, straight before diagonal.
  FlowDirection lowest(FlowCell cell) const {
    FlowDirection best = flow_ends;
    std::uint32_t least = heights_.at(cell.x, cell.y);
    each_level_neighbour(cell, [&](int x, int y, FlowDirection direction) {
      const bool end = (directions_.at(x, y) & level_bit) == 0;
      const std::uint32_t height = end ? 0 : heights_.at(x, y);
      if (height < least || (height == least && flows_on(best) && is_diagonal(best) && !is_diagonal(direction))) {
        least = height;
        best = direction;
      }
    });
    return best;
  }

  PlaneView<const float> elevation_;
  PlaneView<FlowDirection> directions_;
  Plane<std::uint32_t> heights_;
  std::uint32_t furthest_ = 0;
};

}  // namespace

Plane<FlowDirection> flow_directions(PlaneView<const float> elevation) {
  check_side(elevation);
  Plane<FlowDirection> directions(elevation.width, elevation.height);
  bool level = false;
  for (int y = 0; y < elevation.height; ++y) {
    const bool edge_row = y == 0 || y == elevation.height - 1;
    FlowDirection* const row = directions.row(y);
    for (int x = 0; x < elevation.width; ++x) {
      if (std::isnan(elevation.at(x, y))) {
        row[x] = flow_void;
        continue;
      }
      const bool inside = !edge_row && x != 0 && x != elevation.width - 1;
      row[x] = inside ? steepest<true>(elevation, x, y) : steepest<false>(elevation, x, y);
      if (row[x] != flow_ends || at_outside(elevation, x, y)) continue;
      row[x] = undecided;
      level = true;
    }
  }
  if (!level) return directions;
  LevelGround(elevation, directions.view()).resolve();
  for (int y = 0; y < elevation.height; ++y) {  // what is left are pits
    std::replace(directions.row(y), directions.row(y) + elevation.width, undecided, flow_ends);
  }
  return directions;
}

namespace {

/// From each cell that none drains to, downstream as far as all that drains there is added up. `sums` holds what each
/// cell brings itself.
template <typename Sum>
void add_up(PlaneView<const FlowDirection> directions, PlaneView<Sum> sums) {
  Plane<std::uint8_t> awaited(directions.width, directions.height);  // neighbours that drain here, not counted yet
  const auto next = [&](int x, int y, FlowDirection direction, int& nx, int& ny) {
    if (!flows_on(direction)) return false;
    nx = x + flow_steps[direction].x;
    ny = y + flow_steps[direction].y;
    return on_grid(directions, nx, ny) && directions.at(nx, ny) != flow_void;
  };
  for (int y = 0; y < directions.height; ++y) {
    std::memset(awaited.row(y), 0, static_cast<std::size_t>(directions.width));
  }
  int nx = 0;
  int ny = 0;
  for (int y = 0; y < directions.height; ++y) {
    for (int x = 0; x < directions.width; ++x) {
      if (next(x, y, directions.at(x, y), nx, ny)) ++awaited.at(nx, ny);
    }
  }
  constexpr std::uint8_t done = 255;
  for (int row = 0; row < directions.height; ++row) {
    for (int column = 0; column < directions.width; ++column) {
      if (awaited.at(column, row) != 0 || directions.at(column, row) == flow_void) continue;
      int x = column;
      int y = row;
      while (next(x, y, directions.at(x, y), nx, ny)) {
        awaited.at(x, y) = done;
        sums.at(nx, ny) += sums.at(x, y);
        x = nx;
        y = ny;
        if (--awaited.at(x, y) != 0) break;
      }
    }
  }
}

}  // namespace

Plane<std::uint32_t> flow_accumulation(PlaneView<const FlowDirection> directions) {
  check_side(directions);
  Plane<std::uint32_t> cells(directions.width, directions.height);
  for (int y = 0; y < directions.height; ++y) {
    for (int x = 0; x < directions.width; ++x) cells.at(x, y) = directions.at(x, y) == flow_void ? 0 : 1;
  }
  add_up(directions, cells.view());
  return cells;
}

Plane<double> flow_sum(PlaneView<const FlowDirection> directions, PlaneView<const float> values) {
  check_side(directions);
  Plane<double> sums(directions.width, directions.height);
  for (int y = 0; y < directions.height; ++y) {
    for (int x = 0; x < directions.width; ++x) {
      const float value = values.at(x, y);
      sums.at(x, y) = directions.at(x, y) == flow_void || std::isnan(value) ? 0 : value;
    }
  }
  add_up(directions, sums.view());
  return sums;
}

Plane<FlowDirection> drained_directions(PlaneView<float> elevation, DepressionRule rule) {
  if (rule == DepressionRule::breach) breach_depressions(elevation);
  // Breaching seldom leaves any, and to look for them takes much less than to fill.
  if (rule != DepressionRule::breach || has_depressions(elevation)) fill_depressions(elevation);
  return flow_directions(elevation);
}

Drainage route(PlaneView<float> elevation, DepressionRule rule) {
  Drainage drainage{drained_directions(elevation, rule), {}};
  drainage.cells = flow_accumulation(drainage.directions.view());
  return drainage;
}

}  // namespace pitwatch
