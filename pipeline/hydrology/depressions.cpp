#include "pipeline/hydrology/depressions.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <queue>
#include <tuple>
#include <vector>

#include "pipeline/hydrology/cells.hpp"
#include "pipeline/hydrology/flood_queue.hpp"

namespace pitwatch {
namespace {

/// Calls `visit(x, y)` for the neighbours of a cell that are on the grid, by direction.
template <typename T, typename Visit>
void each_neighbour(const PlaneView<T>& plane, int x, int y, const Visit& visit) {
  const bool inside = !on_edge(plane, x, y);
  for (std::size_t direction = 1; direction <= 8; ++direction) {
    const int nx = x + flow_steps[direction].x;
    const int ny = y + flow_steps[direction].y;
    if (inside || on_grid(plane, nx, ny)) visit(nx, ny);
  }
}

/// Calls `visit(x, y)` for the cells over which water leaves, row by row.
template <typename Visit>
void each_outside_cell(PlaneView<const float> elevation, const Visit& visit) {
  const auto void_in = [&](int y, int x) {
    return std::isnan(elevation.at(x - 1, y)) || std::isnan(elevation.at(x, y)) || std::isnan(elevation.at(x + 1, y));
  };
  for (int y = 0; y < elevation.height; ++y) {
    const bool edge_row = y == 0 || y == elevation.height - 1;
    for (int x = 0; x < elevation.width; ++x) {
      if (std::isnan(elevation.at(x, y))) continue;
      if (edge_row || x == 0 || x == elevation.width - 1 || void_in(y - 1, x) || void_in(y, x) || void_in(y + 1, x)) {
        visit(x, y);
      }
    }
  }
}

/// Whether water leaves a cell that is not at the edge: a neighbour is lower, or a void.
bool drains_at_once(PlaneView<const float> elevation, int x, int y) {
  const float ground = elevation.at(x, y);
  bool lower = false;
  for (int row = y - 1; row <= y + 1; ++row) {
    const float* const cells = elevation.row(row) + x;
    lower |= !(cells[-1] >= ground) || !(cells[0] >= ground) || !(cells[1] >= ground);
  }
  return lower;
}

}  // namespace

void fill_depressions(PlaneView<float> elevation) {
  check_side(elevation);
  Plane<std::uint8_t> reached_plane(elevation.width, elevation.height);
  const PlaneView<std::uint8_t> reached = reached_plane.view();
  for (int y = 0; y < elevation.height; ++y) {
    for (int x = 0; x < elevation.width; ++x) reached.at(x, y) = std::isnan(elevation.at(x, y)) ? 1 : 0;
  }
  FloodQueue open;
  each_outside_cell(elevation, [&](int x, int y) {
    reached.at(x, y) = 1;
    open.push(elevation.at(x, y), flow_cell(x, y));
  });
  // Cells at the level of the flood need no order: they are taken before any other.
  std::vector<FlowCell> level;
  while (!level.empty() || !open.empty()) {
    FlowCell cell;
    if (level.empty()) {
      cell = open.pop();
    } else {
      cell = level.back();
      level.pop_back();
    }
    const float water = elevation.at(cell.x, cell.y);
    each_neighbour(elevation, cell.x, cell.y, [&](int x, int y) {
      if (reached.at(x, y) != 0) return;
      reached.at(x, y) = 1;
      float& ground = elevation.at(x, y);
      if (ground <= water) {
        ground = water;
        level.push_back(flow_cell(x, y));
      } else {
        open.push(ground, flow_cell(x, y));
      }
    });
  }
}

bool has_depressions(PlaneView<const float> elevation) {
  check_side(elevation);
  Plane<std::uint8_t> seen;  // level ground that was looked at; made where there is any
  std::vector<FlowCell> level;
  const auto is_seen = [&](int x, int y) { return seen.at(x, y) != 0; };
  // Whether water leaves the cell; the level ground beside it joins.
  const auto drains = [&](FlowCell cell) {
    const float ground = elevation.at(cell.x, cell.y);
    bool lower = on_edge(elevation, cell.x, cell.y);
    each_neighbour(elevation, cell.x, cell.y, [&](int x, int y) {
      const float other = elevation.at(x, y);
      lower = lower || !(other >= ground);  // lower, or a void
      if (other != ground || is_seen(x, y)) return;
      seen.at(x, y) = 1;
      level.push_back(flow_cell(x, y));
    });
    return lower;
  };
  for (int row = 1; row + 1 < elevation.height; ++row) {
    for (int column = 1; column + 1 < elevation.width; ++column) {
      const float ground = elevation.at(column, row);
      if (std::isnan(ground)) continue;
      if (drains_at_once(elevation, column, row)) continue;
      if (seen.width() == 0) {
        seen.reshape(elevation.width, elevation.height);
        for (int y = 0; y < elevation.height; ++y) std::memset(seen.row(y), 0, static_cast<std::size_t>(seen.width()));
      }
      if (is_seen(column, row)) continue;
      seen.at(column, row) = 1;
      level.assign(1, flow_cell(column, row));
      bool leaves = false;
      // All of it is looked at, so that it is not looked at again.
      for (std::size_t i = 0; i < level.size(); ++i) leaves = drains(level[i]) || leaves;
      if (!leaves) return true;
    }
  }
  return false;
}

void fill_small_depressions(PlaneView<float> elevation, int max_cells) {
  Plane<float> filled_plane(elevation.width, elevation.height);
  const PlaneView<float> filled = filled_plane.view();
  for (int y = 0; y < elevation.height; ++y) std::copy_n(elevation.row(y), elevation.width, filled.row(y));
  fill_depressions(filled);
  const auto raised = [&](int x, int y) { return filled.at(x, y) > elevation.at(x, y); };
  std::vector<FlowCell> lake;
  for (int row = 0; row < elevation.height; ++row) {
    for (int column = 0; column < elevation.width; ++column) {
      if (!raised(column, row)) continue;
      // The lake's cells are told apart from others by giving up their raised level, which all of them share.
      const float water = filled.at(column, row);
      lake.assign(1, flow_cell(column, row));
      filled.at(column, row) = elevation.at(column, row);
      for (std::size_t i = 0; i < lake.size(); ++i) {
        each_neighbour(elevation, lake[i].x, lake[i].y, [&](int x, int y) {
          if (!raised(x, y) || filled.at(x, y) != water) return;
          filled.at(x, y) = elevation.at(x, y);
          lake.push_back(flow_cell(x, y));
        });
      }
      if (lake.size() > static_cast<std::size_t>(std::max(0, max_cells))) continue;
      for (const FlowCell& cell : lake) elevation.at(cell.x, cell.y) = filled.at(cell.x, cell.y) = water;
    }
  }
}

namespace {

/// What breaching knows of a cell: bits, and in the lower four where the flood came from.
enum CellBits : std::uint8_t { from_bits = 15, reached_bit = 16, pit_bit = 32, looked_at_bit = 64 };

class Breaching {
 public:
  Breaching(PlaneView<float> elevation, const BreachLimits& limits)
      : elevation_(elevation), limits_(limits), cells_(elevation.width, elevation.height) {
    for (int y = 0; y < elevation.height; ++y) std::memset(cells_.row(y), 0, static_cast<std::size_t>(cells_.width()));
  }

  void run() {
    find_pits();
    each_outside_cell(elevation_, [&](int x, int y) { reach(x, y, flow_ends); });
    // Cells below the level of the flood have a queue of their own, lowest first: nothing outside is as low.
    while (!inside_.empty() || !open_.empty()) {
      FlowCell cell;
      if (inside_.empty()) {
        cell = open_.pop();
        level_ = elevation_.at(cell.x, cell.y);
      } else {
        cell = std::get<FlowCell>(inside_.top());
        inside_.pop();
      }
      if ((cells_.at(cell.x, cell.y) & pit_bit) != 0) {
        forget_pit(cell);
        breach(cell);
      }
      for (std::size_t direction = 1; direction <= 8; ++direction) {
        const int x = cell.x + flow_steps[direction].x;
        const int y = cell.y + flow_steps[direction].y;
        if (!on_grid(elevation_, x, y) || std::isnan(elevation_.at(x, y))) continue;
        if ((cells_.at(x, y) & reached_bit) == 0) reach(x, y, opposite(static_cast<FlowDirection>(direction)));
      }
    }
  }

 private:
  void reach(int x, int y, FlowDirection from) {
    std::uint8_t& bits = cells_.at(x, y);
    bits = static_cast<std::uint8_t>(bits | reached_bit | from);
    const float ground = elevation_.at(x, y);
    if (ground < level_) {
      inside_.push({ground, pushes_++, flow_cell(x, y)});
    } else {
      open_.push(ground, flow_cell(x, y));
    }
  }

  /// Marks ground of one level, from which no cell drains.
  void find_pits() {
    std::vector<FlowCell> flat;
    for (int row = 0; row < elevation_.height; ++row) {
      for (int column = 0; column < elevation_.width; ++column) {
        const float ground = elevation_.at(column, row);
        if (std::isnan(ground) || (cells_.at(column, row) & looked_at_bit) != 0) continue;
        if (on_edge(elevation_, column, row) || drains_at_once(elevation_, column, row)) continue;
        flat.assign(1, flow_cell(column, row));
        cells_.at(column, row) |= looked_at_bit;
        bool drains = false;
        for (std::size_t i = 0; i < flat.size(); ++i) {
          drains = drains || on_edge(elevation_, flat[i].x, flat[i].y);
          each_neighbour(elevation_, flat[i].x, flat[i].y, [&](int x, int y) {
            const float other = elevation_.at(x, y);
            drains = drains || std::isnan(other) || other < ground;
            if (other != ground || (cells_.at(x, y) & looked_at_bit) != 0) return;
            cells_.at(x, y) |= looked_at_bit;
            flat.push_back(flow_cell(x, y));
          });
        }
        if (drains) continue;
        for (const FlowCell& cell : flat) cells_.at(cell.x, cell.y) |= pit_bit;
      }
    }
  }

  /// One channel serves all cells of a pit.
  void forget_pit(FlowCell first) {
    std::vector<FlowCell> flat{first};
    cells_.at(first.x, first.y) &= static_cast<std::uint8_t>(~pit_bit);
    for (std::size_t i = 0; i < flat.size(); ++i) {
      each_neighbour(elevation_, flat[i].x, flat[i].y, [&](int x, int y) {
        if ((cells_.at(x, y) & pit_bit) == 0) return;
        cells_.at(x, y) &= static_cast<std::uint8_t>(~pit_bit);
        flat.push_back(flow_cell(x, y));
      });
    }
  }

  void breach(FlowCell pit) {
    const float bottom = elevation_.at(pit.x, pit.y);
    std::vector<FlowCell> channel;
    float deepest = 0;
    FlowCell cell = pit;
    for (FlowDirection from = from_of(cell); from != flow_ends; from = from_of(cell)) {
      const FlowStep step = flow_steps[from];
      cell = flow_cell(cell.x + step.x, cell.y + step.y);
      const float ground = elevation_.at(cell.x, cell.y);
      if (ground < bottom) break;
      if (ground == bottom) continue;
      channel.push_back(cell);
      deepest = std::max(deepest, ground - bottom);
      if (channel.size() > static_cast<std::size_t>(limits_.max_length)) return;
    }
    if (deepest > limits_.max_depth_m && !limits_.partly) return;
    for (const FlowCell& at : channel) {
      float& ground = elevation_.at(at.x, at.y);
      ground = std::max(bottom, ground - limits_.max_depth_m);
    }
  }

  FlowDirection from_of(FlowCell cell) const {
    return static_cast<FlowDirection>(cells_.at(cell.x, cell.y) & from_bits);
  }

  struct Lowest {
    template <typename Entry>
    bool operator()(const Entry& a, const Entry& b) const {
      return std::tie(std::get<0>(a), std::get<1>(a)) > std::tie(std::get<0>(b), std::get<1>(b));
    }
  };
  using Entry = std::tuple<float, std::uint64_t, FlowCell>;

  PlaneView<float> elevation_;
  BreachLimits limits_;
  Plane<std::uint8_t> cells_;
  FloodQueue open_;
  std::priority_queue<Entry, std::vector<Entry>, Lowest> inside_;
  float level_ = -std::numeric_limits<float>::infinity();
  std::uint64_t pushes_ = 0;
};

}  // namespace

void breach_depressions(PlaneView<float> elevation, const BreachLimits& limits) {
  check_side(elevation);
  Breaching(elevation, limits).run();
}

}  // namespace pitwatch
