#include "pipeline/watch/water_pixels.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "pipeline/context/alert_grid.hpp"

namespace pitwatch {
namespace {

constexpr double whole_pixel = 0.999;  // share from which a pixel lies in a polygon
constexpr double half_pixel = 0.5;     // of an alert

/// The core of a pane on the grid of its zone.
Window core_in_zone(const Pane& pane) {
  const Grid zone = zone_grid(pane.grid.crs);
  const double side = zone.pixel_size_m;
  return {static_cast<int>(std::lround((pane.grid.origin.x - zone.origin.x) / side)) + pane.core.x - pane.left,
          static_cast<int>(std::lround((zone.origin.y - pane.grid.origin.y) / side)) + pane.core.y - pane.top,
          pane.core.width, pane.core.height};
}

/// The part of a window that a place may have pixels in.
Window near_place(const FlowPlace& place, const Window& window) {
  if (!(place.box.left <= place.box.right)) return {};
  const auto bound = [](double value, int least, int most) {
    return static_cast<int>(std::clamp(std::floor(value), static_cast<double>(least), static_cast<double>(most)));
  };
  const int left = bound(place.box.left - 1, window.x, window.right());
  const int right = bound(place.box.right + 2, window.x, window.right());
  const int top = bound(place.box.top - 1, window.y, window.bottom());
  const int bottom = bound(place.box.bottom + 2, window.y, window.bottom());
  return {left, top, right - left, bottom - top};
}

/// Collects pixels by their place in the zone.
class Collector {
 public:
  explicit Collector(const Pane& pane) : pane_(pane), core_(core_in_zone(pane)) {}
  const Window& core() const { return core_; }

  void add(int x, int y) {
    if (x < core_.x || y < core_.y || x >= core_.right() || y >= core_.bottom()) return;
    const int column = x - core_.x + pane_.core.x - pane_.left;
    const int row = y - core_.y + pane_.core.y - pane_.top;
    pixels_.push_back(static_cast<std::size_t>(row) * static_cast<std::size_t>(pane_.grid.width) +
                      static_cast<std::size_t>(column));
  }

  PanePixels take() {
    std::sort(pixels_.begin(), pixels_.end());
    pixels_.erase(std::unique(pixels_.begin(), pixels_.end()), pixels_.end());
    return std::move(pixels_);
  }

 private:
  const Pane& pane_;
  Window core_;
  PanePixels pixels_;
};

/// The cells of reaches and those around them, and which alerts' reaches they belong to.
struct ReachCells {
  struct Member {
    std::size_t number;
    bool is_upstream;
    friend auto operator<=>(const Member&, const Member&) = default;
  };
  std::map<std::pair<int, int>, std::set<Member>> members;
};

/// By the size of cells: windows of large alerts have larger ones.
std::map<double, ReachCells> cells_by_size(std::span<const AlertReach> reaches, const std::string& crs) {
  std::map<double, ReachCells> by_size;
  for (std::size_t i = 0; i < reaches.size(); ++i) {
    if (reaches[i].crs != crs) continue;
    ReachCells& cells = by_size[reaches[i].cell_m];
    const auto add = [&](const std::vector<std::pair<int, int>>& own, bool is_upstream) {
      for (const auto& [x, y] : own) {
        for (int dy = -1; dy <= 1; ++dy) {
          for (int dx = -1; dx <= 1; ++dx) cells.members[{x + dx, y + dy}].insert({i, is_upstream});
        }
      }
    };
    add(reaches[i].downstream, false);
    add(reaches[i].upstream, true);
  }
  return by_size;
}

}  // namespace

PanePixels place_pixels(const FlowPlace& place, const Pane& pane) {
  Collector collector(pane);
  const Window part = near_place(place, collector.core());
  if (part.empty()) return {};
  if (!place.shape.areas.empty()) {
    const Plane<double> shares = coverage(place.shape.areas, part);
    for (int y = 0; y < part.height; ++y) {
      for (int x = 0; x < part.width; ++x) {
        if (shares.at(x, y) >= whole_pixel) collector.add(part.x + x, part.y + y);
      }
    }
  }
  FlowPlace narrow = place;
  narrow.shape.areas.clear();
  if (!narrow.shape.lines.empty() || !narrow.shape.points.empty()) {
    const PlaceCells found = place_cells({narrow}, {alert_pixel_m, part});
    for (const FlowCell& cell : found.cells.front()) {
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) collector.add(part.x + cell.x + dx, part.y + cell.y + dy);
      }
    }
  }
  return collector.take();
}

PanePixels alert_pixels(const AlertPixels& alert, const Pane& pane) {
  Collector collector(pane);
  for (int y = 0; y < alert.window.height; ++y) {
    for (int x = 0; x < alert.window.width; ++x) {
      if (alert.shares.at(x, y) >= half_pixel) collector.add(alert.window.x + x, alert.window.y + y);
    }
  }
  return collector.take();
}

std::vector<PaneWater> waters_on(const std::vector<FlowPlace>& places, const Pane& pane) {
  std::vector<PaneWater> waters;
  for (const FlowPlace& place : places) {
    if (place.role != LayerRole::surface_water) continue;
    PaneWater water{&place, place_pixels(place, pane)};
    if (!water.pixels.empty()) waters.push_back(std::move(water));
  }
  return waters;
}

PaneReaches reaches_on(std::span<const AlertReach> reaches, const std::vector<PaneWater>& waters, const Pane& pane) {
  const std::map<double, ReachCells> by_size = cells_by_size(reaches, pane.grid.crs);
  const Window core = core_in_zone(pane);
  const auto width = static_cast<std::size_t>(pane.grid.width);
  std::map<std::size_t, std::set<ReachCells::Member>> members;  // by pixel
  for (const PaneWater& water : waters) {
    for (const std::size_t pixel : water.pixels) {
      const double x = core.x + static_cast<int>(pixel % width) - (pane.core.x - pane.left) + 0.5;
      const double y = core.y + static_cast<int>(pixel / width) - (pane.core.y - pane.top) + 0.5;
      for (const auto& [cell_m, cells] : by_size) {
        const auto found = cells.members.find({static_cast<int>(std::floor(x * alert_pixel_m / cell_m)),
                                               static_cast<int>(std::floor(y * alert_pixel_m / cell_m))});
        if (found == cells.members.end()) continue;
        for (const ReachCells::Member& member : found->second) {
          const AlertReach& reach = reaches[member.number];
          if (!member.is_upstream && (water.place->layer != reach.layer || water.place->name != reach.water)) continue;
          if (found->second.count({member.number, !member.is_upstream}) == 0) members[pixel].insert(member);
        }
      }
    }
  }
  PaneReaches result;
  std::map<std::size_t, PaneReach> by_number;
  for (const auto& [pixel, of] : members) {
    const auto position = static_cast<std::uint32_t>(result.pixels.size());
    result.pixels.push_back(pixel);
    for (const ReachCells::Member& member : of) {
      PaneReach& reach = by_number[member.number];
      reach.number = member.number;
      (member.is_upstream ? reach.upstream : reach.downstream).push_back(position);
    }
  }
  for (auto& [number, reach] : by_number) result.reaches.push_back(std::move(reach));
  return result;
}

}  // namespace pitwatch
