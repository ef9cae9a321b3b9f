#include "pipeline/hydrology/streams.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

#include "pipeline/hydrology/cells.hpp"

namespace pitwatch {
namespace {

/// Moves to the cell that a cell drains to; false where flow ends.
bool move_on(PlaneView<const FlowDirection> directions, int& x, int& y) {
  const FlowDirection direction = directions.at(x, y);
  if (!flows_on(direction)) return false;
  const int nx = x + flow_steps[direction].x;
  const int ny = y + flow_steps[direction].y;
  if (!on_grid(directions, nx, ny) || directions.at(nx, ny) == flow_void) return false;
  x = nx;
  y = ny;
  return true;
}

}  // namespace

Plane<std::uint8_t> streams_by_threshold(PlaneView<const std::uint32_t> accumulation, std::uint32_t least_cells) {
  Plane<std::uint8_t> streams(accumulation.width, accumulation.height);
  for (int y = 0; y < accumulation.height; ++y) {
    for (int x = 0; x < accumulation.width; ++x) {
      streams.at(x, y) = accumulation.at(x, y) != 0 && accumulation.at(x, y) >= least_cells ? 1 : 0;
    }
  }
  return streams;
}

void draw_line(PlaneView<std::uint8_t> cells, const GridLine& line, std::uint8_t value) {
  const auto set = [&](int x, int y) {
    if (on_grid(cells, x, y)) cells.at(x, y) = value;
  };
  // Far beside the grid nothing is drawn, and whole numbers must hold what is near.
  const auto clipped = [&](double& x0, double& y0, double& x1, double& y1) {
    double begin = 0;
    double end = 1;
    const double dx = x1 - x0;
    const double dy = y1 - y0;
    for (const auto& [step, room] : {std::pair{-dx, x0 + 1},
                                     {dx, cells.width + 1 - x0},
                                     {-dy, y0 + 1},
                                     {dy, cells.height + 1 - y0}}) {  // Liang and Barsky 1984, one cell beyond the edge
      if (step == 0) {
        if (room < 0) return false;
      } else if (step < 0) {
        begin = std::max(begin, room / step);
      } else {
        end = std::min(end, room / step);
      }
    }
    if (!(begin <= end)) return false;
    x1 = x0 + dx * end;
    y1 = y0 + dy * end;
    x0 += dx * begin;
    y0 += dy * begin;
    return true;
  };
  for (std::size_t i = 0; i + 1 < std::max<std::size_t>(line.size(), 1); ++i) {
    double x0 = line[i].first;
    double y0 = line[i].second;
    double x1 = line[i + 1].first;
    double y1 = line[i + 1].second;
    if (!clipped(x0, y0, x1, y1)) continue;
    // Amanatides and Woo 1987: from side to side of cells.
    int x = static_cast<int>(std::floor(x0));
    int y = static_cast<int>(std::floor(y0));
    const int last_x = static_cast<int>(std::floor(x1));
    const int last_y = static_cast<int>(std::floor(y1));
    const int step_x = x1 > x0 ? 1 : -1;
    const int step_y = y1 > y0 ? 1 : -1;
    constexpr double never = std::numeric_limits<double>::infinity();
    const double per_x = x1 != x0 ? 1 / std::abs(x1 - x0) : never;
    const double per_y = y1 != y0 ? 1 / std::abs(y1 - y0) : never;
    double at_x = x1 != x0 ? (step_x > 0 ? x + 1 - x0 : x0 - x) * per_x : never;
    double at_y = y1 != y0 ? (step_y > 0 ? y + 1 - y0 : y0 - y) * per_y : never;
    set(x, y);
    for (int steps = std::abs(last_x - x) + std::abs(last_y - y); steps > 0; --steps) {
      if ((at_x < at_y && x != last_x) || y == last_y) {
        x += step_x;
        at_x += per_x;
      } else {
        y += step_y;
        at_y += per_y;
      }
      set(x, y);
    }
  }
}

void burn_streams(PlaneView<float> elevation, PlaneView<const std::uint8_t> streams, float depth_m) {
  for (int y = 0; y < elevation.height; ++y) {
    for (int x = 0; x < elevation.width; ++x) {
      if (streams.at(x, y) != 0) elevation.at(x, y) -= depth_m;
    }
  }
}

Plane<std::uint32_t> catchments(PlaneView<const FlowDirection> directions, std::span<const FlowCell> outlets) {
  Plane<std::uint32_t> labels(directions.width, directions.height);
  for (int y = 0; y < directions.height; ++y) std::fill_n(labels.row(y), directions.width, 0U);
  std::vector<FlowCell> cells;
  std::uint32_t number = 0;
  for (const FlowCell& outlet : outlets) {
    ++number;
    if (!on_grid(directions, outlet.x, outlet.y) || directions.at(outlet.x, outlet.y) == flow_void) continue;
    std::uint32_t& label = labels.at(outlet.x, outlet.y);
    if (label != 0) continue;
    label = number;
    cells.push_back(outlet);
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const FlowCell cell = cells[i];
    for (std::size_t direction = 1; direction <= 8; ++direction) {
      const int x = cell.x + flow_steps[direction].x;
      const int y = cell.y + flow_steps[direction].y;
      if (!on_grid(directions, x, y) || labels.at(x, y) != 0) continue;
      if (directions.at(x, y) != opposite(static_cast<FlowDirection>(direction))) continue;
      labels.at(x, y) = labels.at(cell.x, cell.y);
      cells.push_back(flow_cell(x, y));
    }
  }
  return labels;
}

FlowPath flow_path(PlaneView<const float> elevation, PlaneView<const FlowDirection> directions,
                   PlaneView<const std::uint8_t> targets, double pixel_size_m, FlowCell from) {
  FlowPath path;
  int x = from.x;
  int y = from.y;
  if (directions.at(x, y) == flow_void) return path;
  const std::size_t cell_count =
      static_cast<std::size_t>(directions.width) * static_cast<std::size_t>(directions.height);
  const auto at_target = [&] { return targets.data != nullptr && targets.at(x, y) != 0; };
  while (true) {
    path.cells.push_back(flow_cell(x, y));
    if (path.cells.size() > cell_count) throw DataError("directions of flow lead in a circle");
    const FlowDirection direction = directions.at(x, y);
    if (at_target()) {
      path.end = PathEnd::target;
      break;
    }
    if (!move_on(directions, x, y)) {
      path.end = flows_on(direction) || at_outside(elevation, x, y) ? PathEnd::outside : PathEnd::pit;
      break;
    }
    path.length_m += pixel_size_m * (is_diagonal(direction) ? std::numbers::sqrt2 : 1.0);
  }
  path.drop_m = static_cast<double>(elevation.at(from.x, from.y)) - elevation.at(x, y);
  return path;
}

Plane<float> height_above_streams(PlaneView<const float> elevation, PlaneView<const FlowDirection> directions,
                                  PlaneView<const std::uint8_t> streams) {
  constexpr float open = std::numeric_limits<float>::infinity();  // not known yet
  constexpr float none = std::numeric_limits<float>::quiet_NaN();
  // First the elevations of the streams that cells drain to.
  Plane<float> heights(elevation.width, elevation.height);
  for (int y = 0; y < elevation.height; ++y) {
    for (int x = 0; x < elevation.width; ++x) {
      const bool is_void = directions.at(x, y) == flow_void;
      heights.at(x, y) = is_void ? none : streams.at(x, y) != 0 ? elevation.at(x, y) : open;
    }
  }
  std::vector<FlowCell> way;
  for (int row = 0; row < elevation.height; ++row) {
    for (int column = 0; column < elevation.width; ++column) {
      int x = column;
      int y = row;
      way.clear();
      float stream = heights.at(x, y);
      while (stream == open) {
        way.push_back(flow_cell(x, y));
        heights.at(x, y) = none;  // so that a circle ends
        stream = move_on(directions, x, y) ? heights.at(x, y) : none;
      }
      for (const FlowCell& cell : way) heights.at(cell.x, cell.y) = stream;
    }
  }
  for (int y = 0; y < elevation.height; ++y) {
    for (int x = 0; x < elevation.width; ++x) {
      float& height = heights.at(x, y);
      if (!std::isnan(height)) height = std::max(0.0F, elevation.at(x, y) - height);
    }
  }
  return heights;
}

}  // namespace pitwatch
