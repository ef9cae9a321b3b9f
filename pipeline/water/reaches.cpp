#include "pipeline/water/reaches.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "pipeline/context/alert_grid.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/water/window_facts.hpp"
#include "pipeline/water/windows.hpp"

namespace pitwatch {
namespace {

/// Traces the flow of one alert over the waters of a window.
class ReachTracer {
 public:
  ReachTracer(const WaterGround& ground, PlaneView<const FlowDirection> directions,
              const std::vector<FlowPlace>& places)
      : ground_(ground), directions_(directions), places_(places) {}

  InflowReach trace(const std::vector<FlowCell>& cells) {
    InflowReach reach;
    const std::vector<FlowCell> inflows = inflows_of(cells, reach.water);
    if (inflows.empty()) return reach;
    for (const FlowCell& inflow : inflows) follow_down(inflow);
    for (const auto& [cell, metres] : below_) {
      if (lies_in(cell, reach.water)) reach.downstream.push_back(cell);
    }
    reach.upstream = above();
    const auto by_rows = [](const FlowCell& a, const FlowCell& b) { return std::pair(a.y, a.x) < std::pair(b.y, b.x); };
    std::sort(reach.downstream.begin(), reach.downstream.end(), by_rows);
    std::sort(reach.upstream.begin(), reach.upstream.end(), by_rows);
    return reach;
  }

 private:
  bool on_grid(int x, int y) const { return x >= 0 && y >= 0 && x < directions_.width && y < directions_.height; }
  bool is_water(FlowCell cell) const { return ground_.waters.at(cell.x, cell.y) != 0; }
  const std::vector<std::uint32_t>& places_at(FlowCell cell) const {
    return ground_.places.members[ground_.places.sets.at(cell.x, cell.y)];
  }
  bool lies_in(FlowCell cell, std::uint32_t place) const {
    const std::vector<std::uint32_t>& here = places_at(cell);
    return std::find(here.begin(), here.end(), place) != here.end();
  }
  double step_m(FlowDirection direction) const {
    return ground_.cells.cell_m * (is_diagonal(direction) ? std::sqrt(2.0) : 1.0);
  }

  /// Goes on to the next cell; false where the flow ends or leaves.
  bool step(FlowCell& cell) const {
    const FlowDirection direction = directions_.at(cell.x, cell.y);
    if (!flows_on(direction)) return false;
    const int x = cell.x + flow_steps[direction].x;
    const int y = cell.y + flow_steps[direction].y;
    if (!on_grid(x, y)) return false;
    cell = {static_cast<std::uint16_t>(x), static_cast<std::uint16_t>(y)};
    return true;
  }

  /// The first cells of surface water on the ways of cells, those of the water that most come to.
  std::vector<FlowCell> inflows_of(const std::vector<FlowCell>& cells, std::uint32_t& water) {
    std::map<std::uint32_t, std::vector<FlowCell>> by_place;
    for (FlowCell cell : cells) {
      bool goes_on = true;
      while (goes_on && !is_water(cell)) {
        passed_.insert(cell);
        goes_on = step(cell);
      }
      if (!goes_on) continue;
      for (const std::uint32_t place : places_at(cell)) {
        if (places_[place].role == LayerRole::surface_water) by_place[place].push_back(cell);
      }
    }
    const auto most = std::max_element(by_place.begin(), by_place.end(),
                                       [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
    if (most == by_place.end()) return {};
    water = most->first;
    // What comes to another water first muddies that one, and what is below it.
    for (const auto& [place, inflows] : by_place) {
      if (place == water) continue;
      for (const FlowCell& inflow : inflows) follow_down(inflow);
    }
    for (const auto& [cell, metres] : below_) passed_.insert(cell);
    below_.clear();
    return most->second;
  }

  /// Notes the least distance of each cell from an inflow.
  void follow_down(FlowCell cell) {
    double metres = 0;
    while (metres <= reach_length_m) {
      const auto [found, is_new] = below_.try_emplace(cell, metres);
      if (!is_new && found->second <= metres) return;
      found->second = std::min(found->second, metres);
      metres += step_m(directions_.at(cell.x, cell.y));
      if (!step(cell)) return;
    }
  }

  bool is_apart(FlowCell cell) const {
    const int cells = static_cast<int>(std::ceil(apart_m / ground_.cells.cell_m));
    for (int y = cell.y - cells; y <= cell.y + cells; ++y) {
      for (int x = cell.x - cells; x <= cell.x + cells; ++x) {
        if (!on_grid(x, y) || std::hypot(x - cell.x, y - cell.y) * ground_.cells.cell_m >= apart_m) continue;
        const FlowCell near{static_cast<std::uint16_t>(x), static_cast<std::uint16_t>(y)};
        if (below_.count(near) != 0 || passed_.count(near) != 0) return false;
      }
    }
    return true;
  }

  /// Over water against the flow, from where it still mixes.
  std::vector<FlowCell> above() const {
    std::deque<std::pair<FlowCell, double>> open;
    std::set<FlowCell> seen;
    for (const auto& [cell, metres] : below_) {
      if (metres <= mixing_m) open.emplace_back(cell, 0);
    }
    std::vector<FlowCell> found;
    while (!open.empty()) {
      const auto [cell, metres] = open.front();
      open.pop_front();
      for (FlowDirection direction = 1; direction <= 8; ++direction) {
        const int x = cell.x - flow_steps[direction].x;
        const int y = cell.y - flow_steps[direction].y;
        if (!on_grid(x, y) || directions_.at(x, y) != direction) continue;
        const FlowCell from{static_cast<std::uint16_t>(x), static_cast<std::uint16_t>(y)};
        const double far = metres + step_m(direction);
        if (far > reach_length_m || !is_water(from)) continue;
        if (!seen.insert(from).second) continue;
        if (is_apart(from)) found.push_back(from);
        open.emplace_back(from, far);
      }
    }
    return found;
  }

  const WaterGround& ground_;
  PlaneView<const FlowDirection> directions_;
  const std::vector<FlowPlace>& places_;
  std::set<FlowCell> passed_;         // before the water
  std::map<FlowCell, double> below_;  // metres from the inflow
};

std::vector<std::pair<int, int>> on_zone(const std::vector<FlowCell>& cells, const Window& window) {
  std::vector<std::pair<int, int>> placed;
  for (const FlowCell& cell : cells) placed.emplace_back(window.x + cell.x, window.y + cell.y);
  std::sort(placed.begin(), placed.end());
  return placed;
}

void add_window(const AlertWindow& window, const std::string& crs, const std::vector<FlowPlace>& places,
                const std::vector<ZoneAlert>& zone, const std::vector<std::string>& ids,
                const ElevationOptions& options, std::vector<AlertReach>& reaches) {
  WaterGround ground = read_ground(options, crs, window.cells, places);
  const Plane<FlowDirection> directions = flow_over(ground, options, ground.elevation.view());
  for (const std::size_t member : window.alerts) {
    const InflowReach reach = reach_of(ground, directions.view(), places, cells_of(zone[member], window.cells));
    if (reach.downstream.empty()) continue;
    const FlowPlace& water = places[reach.water];
    reaches.push_back({ids[member], water.layer, water.name, water.ids.front(), crs, window.cells.cell_m,
                       on_zone(reach.downstream, window.cells.window), on_zone(reach.upstream, window.cells.window)});
  }
}

}  // namespace

InflowReach reach_of(const WaterGround& ground, PlaneView<const FlowDirection> directions,
                     const std::vector<FlowPlace>& places, const std::vector<FlowCell>& cells) {
  return ReachTracer(ground, directions, places).trace(cells);
}

std::vector<AlertReach> alert_reaches(std::span<const OutlinedAlert> alerts, const std::vector<LoadedLayer>& layers,
                                      const ElevationOptions& options) {
  AlertZones zones;
  std::map<std::string, std::vector<std::size_t>> by_zone;
  for (std::size_t i = 0; i < alerts.size(); ++i) by_zone[zones.crs_of(alerts[i])].push_back(i);
  std::vector<AlertReach> reaches;
  for (const auto& [crs, numbers] : by_zone) {
    const std::vector<FlowPlace> places = places_in_zone(layers, crs);
    ToGrid to_grid(zone_grid(crs));
    std::vector<ZoneAlert> zone;
    std::vector<GridBox> boxes;
    std::vector<std::string> ids;
    for (const std::size_t number : numbers) {
      GridShape shape = alert_shape(alerts[number].outline, to_grid);
      boxes.push_back(box_of(shape));
      zone.push_back({std::move(shape), boxes.back(), alerts[number].alert.area_ha});
      ids.push_back(alerts[number].alert.id);
    }
    for (const AlertWindow& window : alert_windows(boxes, options.cell_m, options.reach_m)) {
      try {
        add_window(window, crs, places, zone, ids, options, reaches);
      } catch (const DataError&) {
        continue;  // reported with the facts of flow, which read the same window
      }
    }
  }
  std::sort(reaches.begin(), reaches.end(),
            [](const AlertReach& a, const AlertReach& b) { return a.alert_id < b.alert_id; });
  return reaches;
}

}  // namespace pitwatch
