#include "pipeline/water/windows.hpp"

#include <algorithm>
#include <cmath>

#include "pipeline/context/alert_grid.hpp"

namespace pitwatch {
namespace {

/// Metres from the zone's corner.
CellWindow window_of(double left, double top, double right, double bottom, double cell_m) {
  const auto first = [&](double metres) { return static_cast<int>(std::floor(metres / cell_m)); };
  const auto last = [&](double metres) { return static_cast<int>(std::ceil(metres / cell_m)); };
  const int x = first(left);
  const int y = first(top);
  return {cell_m, {x, y, std::max(1, last(right) - x), std::max(1, last(bottom) - y)}};
}

double cell_count(const Window& window) { return static_cast<double>(window.width) * window.height; }

Window around(const Window& a, const Window& b) {
  const int x = std::min(a.x, b.x);
  const int y = std::min(a.y, b.y);
  return {x, y, std::max(a.right(), b.right()) - x, std::max(a.bottom(), b.bottom()) - y};
}

}  // namespace

std::vector<AlertWindow> alert_windows(const std::vector<GridBox>& boxes, double cell_m, double reach_m) {
  std::vector<AlertWindow> windows;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const auto window = [&](double cell) {
      return window_of(boxes[i].left * alert_pixel_m - reach_m, boxes[i].top * alert_pixel_m - reach_m,
                       boxes[i].right * alert_pixel_m + reach_m, boxes[i].bottom * alert_pixel_m + reach_m, cell);
    };
    CellWindow own = window(cell_m);
    while (cell_count(own.window) > most_window_cells) own = window(own.cell_m * 2);
    const auto joins = [&](const AlertWindow& other) {
      if (other.cells.cell_m != own.cell_m) return false;
      const double together = cell_count(around(other.cells.window, own.window));
      return together <= most_window_cells && together <= cell_count(other.cells.window) + cell_count(own.window);
    };
    const auto found = std::find_if(windows.begin(), windows.end(), joins);
    if (found == windows.end()) {
      windows.push_back({own, {i}});
    } else {
      found->cells.window = around(found->cells.window, own.window);
      found->alerts.push_back(i);
    }
  }
  return windows;
}

CellWindow wide_window(const CellWindow& window, double times, double most_cells) {
  const double width = window.window.width * window.cell_m;
  const double height = window.window.height * window.cell_m;
  const double x = window.window.x * window.cell_m - width * (times - 1) / 2;
  const double y = window.window.y * window.cell_m - height * (times - 1) / 2;
  const double cell_m = std::max(window.cell_m, std::ceil(std::sqrt(width * times * height * times / most_cells)));
  return window_of(x, y, x + width * times, y + height * times, cell_m);
}

}  // namespace pitwatch
