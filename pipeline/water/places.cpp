#include "pipeline/water/places.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "pipeline/context/alert_grid.hpp"
#include "pipeline/hydrology/streams.hpp"

namespace pitwatch {
namespace {

constexpr double least_share = 0.01;  // of a cell that an area takes

bool may_be_met(LayerRole role) {
  switch (role) {
    case LayerRole::surface_water:
    case LayerRole::spring:
    case LayerRole::well:
    case LayerRole::settlement:
    case LayerRole::protected_area:
      return true;
    default:
      return false;
  }
}

void add_feature(NearFeature& shape, const LayerFeature& feature, ToGrid& to_grid) {
  NearFeature placed = to_grid(feature);
  std::move(placed.points.begin(), placed.points.end(), std::back_inserter(shape.points));
  std::move(placed.lines.begin(), placed.lines.end(), std::back_inserter(shape.lines));
  std::move(placed.areas.begin(), placed.areas.end(), std::back_inserter(shape.areas));
}

GridBox box_of(const NearFeature& shape) {
  constexpr double most = std::numeric_limits<double>::infinity();
  GridBox box{most, most, -most, -most};
  const auto add = [&](const std::vector<GridPoint>& points) {
    for (const GridPoint& point : points) {
      box.left = std::min(box.left, point.x);
      box.right = std::max(box.right, point.x);
      box.top = std::min(box.top, point.y);
      box.bottom = std::max(box.bottom, point.y);
    }
  };
  add(shape.points);
  for (const std::vector<GridPoint>& line : shape.lines) add(line);
  for (const GridPolygon& polygon : shape.areas) add(polygon.outer);
  return box;
}

/// The cells of a window that a box has any of, with one more around.
Window cells_of(const GridBox& box, const CellWindow& cells) {
  const Window& all = cells.window;
  const double scale = alert_pixel_m / cells.cell_m;
  const auto clamped = [](double value, int least, int most) {
    return static_cast<int>(std::clamp(std::floor(value), static_cast<double>(least), static_cast<double>(most)));
  };
  const int left = clamped(box.left * scale - 1, all.x, all.right());
  const int right = clamped(box.right * scale + 2, all.x, all.right());
  const int top = clamped(box.top * scale - 1, all.y, all.bottom());
  const int bottom = clamped(box.bottom * scale + 2, all.y, all.bottom());
  return {left, top, right - left, bottom - top};
}

/// Marks the cells of a place in a window of its own.
Plane<std::uint8_t> marked(const FlowPlace& place, double cell_m, const Window& window) {
  Plane<std::uint8_t> marks(window.width, window.height);
  for (int y = 0; y < window.height; ++y) std::fill_n(marks.row(y), window.width, std::uint8_t{0});
  const double scale = alert_pixel_m / cell_m;
  for (const GridPoint& point : place.shape.points) {
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        const double x = std::floor(point.x * scale) - window.x + dx;
        const double y = std::floor(point.y * scale) - window.y + dy;
        if (x < 0 || y < 0 || x >= window.width || y >= window.height) continue;
        marks.at(static_cast<int>(x), static_cast<int>(y)) = 1;
      }
    }
  }
  for (const std::vector<GridPoint>& line : place.shape.lines) {
    GridLine scaled;
    for (const GridPoint& point : line) scaled.emplace_back(point.x * scale - window.x, point.y * scale - window.y);
    draw_line(marks.view(), scaled, 1);
  }
  if (!place.shape.areas.empty()) {
    const Plane<double> shares = coverage(on_cells(place.shape.areas, cell_m), window);
    for (int y = 0; y < window.height; ++y) {
      for (int x = 0; x < window.width; ++x) {
        if (shares.at(x, y) >= least_share) marks.at(x, y) = 1;
      }
    }
  }
  return marks;
}

}  // namespace

GridShape on_cells(const GridShape& shape, double cell_m) {
  const double scale = alert_pixel_m / cell_m;
  GridShape scaled = shape;
  const auto scale_ring = [&](GridRing& ring) {
    for (GridPoint& point : ring) point = {point.x * scale, point.y * scale};
  };
  for (GridPolygon& polygon : scaled) {
    scale_ring(polygon.outer);
    for (GridRing& hole : polygon.holes) scale_ring(hole);
  }
  return scaled;
}

std::vector<FlowPlace> places_in_zone(const std::vector<LoadedLayer>& layers, const std::string& crs) {
  ToGrid to_grid(zone_grid(crs));
  std::vector<FlowPlace> places;
  std::map<std::pair<std::string, std::string>, std::size_t> by_name;  // of a layer
  for (const LoadedLayer& loaded : layers) {
    const LayerRole role = loaded.layer.role;
    const bool is_whole = std::all_of(layers.begin(), layers.end(), [&](const LoadedLayer& other) {
      return other.layer.role != role || other.problem.empty();
    });
    if (!may_be_met(role) || !is_whole) continue;
    for (const LayerFeature& feature : loaded.content.features) {
      const std::string& name = feature.name.empty() ? feature.id : feature.name;
      const auto [found, is_new] = by_name.try_emplace({loaded.layer.name, name}, places.size());
      if (is_new) places.push_back({role, loaded.layer.name, name, {}, {}, {}});
      FlowPlace& place = places[found->second];
      place.ids.push_back(feature.id);
      add_feature(place.shape, feature, to_grid);
    }
  }
  for (FlowPlace& place : places) place.box = box_of(place.shape);
  return places;
}

PlaceCells place_cells(const std::vector<FlowPlace>& places, const CellWindow& cells) {
  const Window& all = cells.window;
  PlaceCells result;
  result.members.emplace_back();
  result.cells.resize(places.size());
  result.sets.reshape(all.width, all.height);
  for (int y = 0; y < all.height; ++y) std::fill_n(result.sets.row(y), all.width, 0U);
  // A set with one place more, by the set and the place.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> grown;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto number = static_cast<std::uint32_t>(i);
    if (!(places[i].box.left <= places[i].box.right)) continue;
    const Window window = cells_of(places[i].box, cells);
    if (window.empty()) continue;
    const Plane<std::uint8_t> marks = marked(places[i], cells.cell_m, window);
    for (int y = 0; y < window.height; ++y) {
      for (int x = 0; x < window.width; ++x) {
        if (marks.at(x, y) == 0) continue;
        const int column = window.x - all.x + x;
        const int row = window.y - all.y + y;
        result.cells[i].push_back({static_cast<std::uint16_t>(column), static_cast<std::uint16_t>(row)});
        std::uint32_t& set = result.sets.at(column, row);
        const auto [found, is_new] =
            grown.try_emplace({set, number}, static_cast<std::uint32_t>(result.members.size()));
        if (is_new) {
          result.members.push_back(result.members[set]);
          result.members.back().push_back(number);
        }
        set = found->second;
      }
    }
  }
  return result;
}

}  // namespace pitwatch
