#include "pipeline/hydrology/voids.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pipeline/hydrology/cells.hpp"

namespace pitwatch {
namespace {

constexpr float settled_m = 1e-4F;
constexpr int most_rounds = 10'000;

/// The cells of the hole around a void, marked as seen; `open` where it touches the edge.
std::vector<FlowCell> hole_around(PlaneView<const float> elevation, PlaneView<std::uint8_t> seen, FlowCell first,
                                  bool& open) {
  std::vector<FlowCell> cells{first};
  seen.at(first.x, first.y) = 1;
  open = false;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    open = open || on_edge(elevation, cells[i].x, cells[i].y);
    for (std::size_t direction = 1; direction <= 8; ++direction) {
      const int x = cells[i].x + flow_steps[direction].x;
      const int y = cells[i].y + flow_steps[direction].y;
      if (!on_grid(elevation, x, y) || seen.at(x, y) != 0 || !std::isnan(elevation.at(x, y))) continue;
      seen.at(x, y) = 1;
      cells.push_back(flow_cell(x, y));
    }
  }
  return cells;
}

/// Gauss and Seidel's iteration, in a fixed order, from the mean of the border.
void level_out(PlaneView<float> elevation, const std::vector<FlowCell>& hole) {
  double sum = 0;
  int count = 0;
  constexpr std::array<std::size_t, 4> beside{2, 4, 6, 8};
  for (const FlowCell& cell : hole) {
    for (const std::size_t direction : beside) {
      const float height = elevation.at(cell.x + flow_steps[direction].x, cell.y + flow_steps[direction].y);
      if (std::isnan(height)) continue;
      sum += height;
      ++count;
    }
  }
  const auto start = static_cast<float>(sum / count);
  for (const FlowCell& cell : hole) elevation.at(cell.x, cell.y) = start;
  for (int round = 0; round < most_rounds; ++round) {
    float moved = 0;
    for (const FlowCell& cell : hole) {
      float around = 0;
      for (const std::size_t direction : beside) {
        around += elevation.at(cell.x + flow_steps[direction].x, cell.y + flow_steps[direction].y);
      }
      float& height = elevation.at(cell.x, cell.y);
      moved = std::max(moved, std::abs(around / 4 - height));
      height = around / 4;
    }
    if (moved < settled_m) break;
  }
}

}  // namespace

FilledVoids fill_voids(PlaneView<float> elevation, int most_cells) {
  check_side(elevation);
  Plane<std::uint8_t> seen(elevation.width, elevation.height);
  for (int y = 0; y < elevation.height; ++y) std::fill_n(seen.row(y), elevation.width, std::uint8_t{0});
  FilledVoids result;
  for (int y = 0; y < elevation.height; ++y) {
    for (int x = 0; x < elevation.width; ++x) {
      if (seen.at(x, y) != 0 || !std::isnan(elevation.at(x, y))) continue;
      bool open = false;
      const std::vector<FlowCell> hole = hole_around(elevation, seen.view(), flow_cell(x, y), open);
      const auto cells = static_cast<int>(hole.size());
      if (open || cells > most_cells) {
        result.cells_left += cells;
        continue;
      }
      level_out(elevation, hole);
      result.cells += cells;
    }
  }
  return result;
}

}  // namespace pitwatch
