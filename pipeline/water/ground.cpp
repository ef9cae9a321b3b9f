#include "pipeline/water/ground.hpp"

#include <algorithm>
#include <cmath>

#include "pipeline/context/alert_grid.hpp"
#include "pipeline/hydrology/d_infinity.hpp"
#include "pipeline/io/raster/elevation.hpp"

namespace pitwatch {
namespace {

constexpr int most_void_cells = 2000;  // of a hole that is filled

/// Notes whether a cell lies at the edge of the window or beside a void.
void note_border(PlaneView<const FlowDirection> directions, int x, int y, Catchment& catchment) {
  for (std::size_t direction = 1; direction <= 8; ++direction) {
    const int nx = x + flow_steps[direction].x;
    const int ny = y + flow_steps[direction].y;
    const bool is_beyond = nx < 0 || ny < 0 || nx >= directions.width || ny >= directions.height;
    const bool is_void = !is_beyond && directions.at(nx, ny) == flow_void;
    catchment.is_cut = catchment.is_cut || is_beyond || is_void;
    catchment.ends_at_void = catchment.ends_at_void || is_void;
  }
}

Plane<std::uint8_t> cells_beside_voids(const Plane<float>& elevation) {
  Plane<std::uint8_t> beside(elevation.width(), elevation.height());
  for (int y = 0; y < beside.height(); ++y) std::fill_n(beside.row(y), beside.width(), std::uint8_t{0});
  for (int y = 0; y < beside.height(); ++y) {
    for (int x = 0; x < beside.width(); ++x) {
      if (!std::isnan(elevation.at(x, y))) continue;
      for (int ny = std::max(0, y - 1); ny <= std::min(y + 1, beside.height() - 1); ++ny) {
        for (int nx = std::max(0, x - 1); nx <= std::min(x + 1, beside.width() - 1); ++nx) beside.at(nx, ny) = 1;
      }
    }
  }
  return beside;
}

}  // namespace

Grid grid_of(const std::string& crs, const CellWindow& cells) {
  const Grid zone = zone_grid(crs);
  const Window& window = cells.window;
  return {crs,
          {zone.origin.x + window.x * cells.cell_m, zone.origin.y - window.y * cells.cell_m},
          cells.cell_m,
          window.width,
          window.height};
}

WaterGround read_ground(const ElevationOptions& options, const std::string& crs, const CellWindow& cells,
                        const std::vector<FlowPlace>& places) {
  WaterGround ground;
  ground.cells = cells;
  const Window& window = cells.window;
  ground.elevation = read_elevations(options.sources, grid_of(crs, cells));
  ground.voids = fill_voids(ground.elevation.view(), most_void_cells);
  ground.beside_void = cells_beside_voids(ground.elevation);
  ground.places = place_cells(places, cells);
  ground.waters.reshape(window.width, window.height);
  for (int y = 0; y < window.height; ++y) std::fill_n(ground.waters.row(y), window.width, std::uint8_t{0});
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].role != LayerRole::surface_water) continue;
    for (const FlowCell& cell : ground.places.cells[i]) ground.waters.at(cell.x, cell.y) = 1;
  }
  return ground;
}

Plane<FlowDirection> flow_over(const WaterGround& ground, const ElevationOptions& options, PlaneView<float> elevation) {
  burn_streams(elevation, ground.waters.view(), static_cast<float>(options.burn_m));
  return drained_directions(elevation, options.breach ? DepressionRule::breach : DepressionRule::fill);
}

GroundFlow flow_of(const WaterGround& ground, const ElevationOptions& options) {
  const int width = ground.elevation.width();
  GroundFlow flow;
  flow.drained.reshape(width, ground.elevation.height());
  for (int y = 0; y < ground.elevation.height(); ++y) {
    std::copy_n(ground.elevation.row(y), width, flow.drained.row(y));
  }
  flow.directions = flow_over(ground, options, flow.drained.view());
  flow.angles = flow_angles(flow.drained.view(), flow.directions.view());
  flow.drained_cells = flow_accumulation(flow.directions.view());
  const double threshold = std::clamp(options.stream_threshold_ha / ground.cell_ha(), 1.0, 4e9);
  flow.streams = streams_by_threshold(flow.drained_cells.view(), static_cast<std::uint32_t>(std::ceil(threshold)));
  for (int y = 0; y < ground.elevation.height(); ++y) {
    for (int x = 0; x < width; ++x) {
      if (ground.waters.at(x, y) != 0) flow.streams.at(x, y) = 1;
    }
  }
  flow.heights = height_above_streams(ground.elevation.view(), flow.directions.view(), flow.streams.view());
  return flow;
}

Catchment catchment_of(const WaterGround& ground, PlaneView<const FlowDirection> directions,
                       const std::vector<FlowCell>& outlets, PlaneView<const float> disturbed) {
  const Plane<std::uint32_t> labels = catchments(directions, outlets);
  Catchment catchment;
  for (int y = 0; y < labels.height(); ++y) {
    for (int x = 0; x < labels.width(); ++x) {
      if (labels.at(x, y) == 0) continue;
      catchment.area_ha += ground.cell_ha();
      catchment.disturbed_ha += disturbed.at(x, y) * ground.cell_ha();
      note_border(directions, x, y, catchment);
    }
  }
  return catchment;
}

double ground_slope(PlaneView<const float> elevation, double cell_m, FlowCell cell) {
  const int x = cell.x;
  const int y = cell.y;
  if (x == 0 || y == 0 || x == elevation.width - 1 || y == elevation.height - 1) return std::nan("");
  const auto at = [&](int dx, int dy) { return static_cast<double>(elevation.at(x + dx, y + dy)); };
  const double east = (at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1)) / (8 * cell_m);
  const double south = (at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1)) / (8 * cell_m);
  return std::hypot(east, south);
}

}  // namespace pitwatch
