#include "pipeline/water/connectivity.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "pipeline/hydrology/routing.hpp"

namespace pitwatch {
namespace {

double step_of(FlowDirection direction) { return is_diagonal(direction) ? std::numbers::sqrt2 : 1.0; }

/// Moves to the cell that a cell drains to; false where flow ends.
bool move_on(PlaneView<const FlowDirection> directions, int& x, int& y) {
  const FlowDirection direction = directions.at(x, y);
  if (!flows_on(direction)) return false;
  const int nx = x + flow_steps[direction].x;
  const int ny = y + flow_steps[direction].y;
  if (nx < 0 || ny < 0 || nx >= directions.width || ny >= directions.height) return false;
  if (directions.at(nx, ny) == flow_void) return false;
  x = nx;
  y = ny;
  return true;
}

}  // namespace

SedimentConnectivity::SedimentConnectivity(PlaneView<const float> drained, PlaneView<const FlowDirection> directions,
                                           PlaneView<const std::uint8_t> streams, PlaneView<const float> disturbed,
                                           double cell_m)
    : directions_(directions),
      streams_(streams),
      cell_m_(cell_m),
      weights_(drained.width, drained.height),
      slopes_(drained.width, drained.height) {
  for (int y = 0; y < drained.height; ++y) {
    for (int x = 0; x < drained.width; ++x) {
      weights_.at(x, y) = other_weight + (disturbed_weight - other_weight) * disturbed.at(x, y);
      int nx = x;
      int ny = y;
      const bool on = move_on(directions, nx, ny);
      const double length = cell_m * step_of(directions.at(x, y));
      const auto slope = on ? static_cast<float>((drained.at(x, y) - drained.at(nx, ny)) / length) : 0.0F;
      slopes_.at(x, y) = std::clamp(slope, least_slope, most_slope);
    }
  }
  weight_sums_ = flow_sum(directions, weights_.view());
  slope_sums_ = flow_sum(directions, slopes_.view());
  cells_ = flow_accumulation(directions);
}

std::optional<double> SedimentConnectivity::at(FlowCell cell) const {
  int x = cell.x;
  int y = cell.y;
  const std::uint32_t cells = cells_.at(x, y);
  if (cells == 0) return std::nullopt;
  const double count = cells;
  const double up =
      weight_sums_.at(x, y) / count * (slope_sums_.at(x, y) / count) * std::sqrt(count * cell_m_ * cell_m_);
  const auto part = [&](double length) { return length / (weights_.at(x, y) * slopes_.at(x, y)); };
  double down = 0;
  while (streams_.at(x, y) == 0) {
    down += part(cell_m_ * step_of(directions_.at(x, y)));
    if (!move_on(directions_, x, y)) return std::nullopt;
  }
  if (down == 0) down = part(cell_m_);
  return std::log10(up / down);
}

}  // namespace pitwatch
