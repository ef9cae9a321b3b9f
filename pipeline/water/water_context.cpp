#include "pipeline/water/water_context.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "pipeline/context/alert_grid.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/raster/elevation.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/water/ground.hpp"
#include "pipeline/water/places.hpp"
#include "pipeline/water/risk.hpp"
#include "pipeline/water/window_facts.hpp"
#include "pipeline/water/windows.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t told_ids = 20;  // of one remark
constexpr double coarse_times = 5;    // the cells of a window, from which on a raster's tell little of them

/// What the elevations were of use for.
struct ElevationUse {
  int windows = 0;
  int filled_cells = 0;
  int void_cells = 0;
  double largest_cell_m = 0;
  std::vector<std::string> without;        // ids of alerts
  std::string problem;                     // the first
  std::map<std::string, double> coarse_m;  // sides of the pixels of rasters that are much coarser than cells
};

void note_coarse_rasters(const ElevationOptions& options, const Grid& grid, ElevationUse& use) {
  for (const std::string& source : options.sources) {
    const std::optional<double> side_m = elevation_pixel_m(source, grid);
    if (!side_m || *side_m < coarse_times * grid.pixel_size_m) continue;
    double& coarsest = use.coarse_m[source];
    coarsest = std::max(coarsest, *side_m);
  }
}

/// Of one zone. `slopes` gets those of the alerts' ground, by their numbers.
void add_flow(const std::string& crs, const std::vector<std::size_t>& numbers, std::span<ContextFacts> facts,
              std::span<const OutlinedAlert> outlined, const std::vector<LoadedLayer>& layers,
              const ElevationOptions& options, Instant now, const ParallelFor& parallel_for,
              std::vector<std::optional<double>>& slopes, ElevationUse& use) {
  const std::vector<FlowPlace> places = places_in_zone(layers, crs);
  ToGrid to_grid(zone_grid(crs));
  std::vector<ZoneAlert> alerts;
  std::vector<GridBox> boxes;
  for (const std::size_t number : numbers) {
    GridShape shape = alert_shape(outlined[number].outline, to_grid);
    const GridBox box = box_of(shape);
    alerts.push_back({std::move(shape), box, outlined[number].alert.area_ha});
    boxes.push_back(box);
  }
  for (const AlertWindow& window : alert_windows(boxes, options.cell_m, options.reach_m)) {
    std::vector<ContextFacts*> own;
    for (const std::size_t member : window.alerts) own.push_back(&facts[numbers[member]]);
    try {
      WindowFacts worker(options, crs, places, alerts, window.cells);
      note_coarse_rasters(options, grid_of(crs, window.cells), use);
      const std::vector<std::optional<double>> found = worker.add_to(window.alerts, own, now, parallel_for);
      for (std::size_t i = 0; i < found.size(); ++i) slopes[numbers[window.alerts[i]]] = found[i];
      ++use.windows;
      use.filled_cells += worker.voids().cells;
      use.void_cells += worker.voids().cells_left;
      use.largest_cell_m = std::max(use.largest_cell_m, window.cells.cell_m);
    } catch (const DataError& error) {
      if (use.problem.empty()) use.problem = printable(error.what());
      for (ContextFacts* const one : own) {
        use.without.push_back(one->alert_id);
        if (!one->context.water) one->context.water.emplace().worked_out = now;
        one->context.water->surface_risk = RiskLevel::cannot_tell;
        one->details.emplace_back().subject = "water_risk_surface";
      }
    }
  }
}

void add_ground_risk(ContextFacts& facts, const GroundwaterFacts& given, std::optional<double> slope, Instant now) {
  WaterFacts& water = facts.context.water ? *facts.context.water : facts.context.water.emplace();
  if (water.worked_out == Instant{}) water.worked_out = now;
  std::optional<double> nearest;
  for (const std::optional<NearWater>* const source : {&water.well, &water.spring}) {
    if (*source) nearest = std::min(nearest.value_or((*source)->distance_m), (*source)->distance_m);
  }
  Risk risk = ground_risk(given, slope, nearest);
  water.ground_risk = risk.level;
  ContextDetail& detail = facts.details.emplace_back();
  detail.subject = "water_risk_ground";
  detail.figures = std::move(risk.figures);
}

/// Of one file its own, of several that of theirs as text, a line each; empty where one is no file.
std::string sha256_of(const std::vector<std::string>& files) {
  std::string all;
  for (const std::string& file : files) {
    try {
      if (!size_of_regular_file(file)) return {};
      const std::string sum = sha256_file(file);
      if (files.size() == 1) return sum;
      all += sum + "\n";
    } catch (const DataError&) {
      return {};  // a link, or a folder that is a raster: it was read, but is no single file
    }
  }
  return sha256_text(all);
}

ContextLayerState unusable(const ElevationOptions& options, const std::string& problem) {
  ContextLayerState state;
  state.name = "elevation";
  state.role = "elevation";
  for (const std::string& source : options.sources) {
    state.source += (state.source.empty() ? "" : ", ") + redacted(source);
  }
  state.problem = problem;
  return state;
}

ContextLayerState state_of(const ElevationOptions& options, const ElevationUse& use) {
  ContextLayerState state = unusable(options, "");
  state.sha256 = sha256_of(options.sources);
  nlohmann::ordered_json remarks = {{"windows", use.windows},
                                    {"filled_cells", use.filled_cells},
                                    {"void_cells", use.void_cells},
                                    {"largest_cell_m", use.largest_cell_m}};
  if (!use.without.empty()) {
    nlohmann::ordered_json ids = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < std::min(use.without.size(), told_ids); ++i) ids.push_back(use.without[i]);
    remarks["no_elevation"] = {{"count", use.without.size()}, {"ids", ids}, {"first", use.problem}};
  }
  if (!use.coarse_m.empty()) {
    nlohmann::ordered_json rasters = nlohmann::ordered_json::array();
    for (const auto& [source, side_m] : use.coarse_m) {
      if (rasters.size() == told_ids) break;
      rasters.push_back(redacted(source) + ": pixels of " + fixed_text(side_m, 0) + " m");
    }
    remarks["coarse_elevation"] = {{"count", use.coarse_m.size()}, {"ids", rasters}};
  }
  state.remarks = remarks.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return state;
}

}  // namespace

std::optional<ContextLayerState> add_water_facts(std::span<ContextFacts> facts, std::span<const OutlinedAlert> alerts,
                                                 const std::vector<LoadedLayer>& layers, const ContextConfig& config,
                                                 Instant now, const ParallelFor& parallel_for) {
  for (std::size_t i = 0; i < std::max(facts.size(), alerts.size()); ++i) {
    if (i >= facts.size() || i >= alerts.size() || facts[i].alert_id != alerts[i].alert.id) {
      throw DataError("facts are not of the alerts");
    }
  }
  std::vector<std::optional<double>> slopes(alerts.size());
  std::optional<ContextLayerState> state;
  if (config.elevation) {
    try {
      for (const std::string& source : config.elevation->sources) check_elevation(source);
    } catch (const DataError& error) {
      state = unusable(*config.elevation, printable(error.what()));
    }
  }
  if (config.elevation && !state) {
    AlertZones zones;
    std::map<std::string, std::vector<std::size_t>> by_zone;
    for (std::size_t i = 0; i < alerts.size(); ++i) by_zone[zones.crs_of(alerts[i])].push_back(i);
    ElevationUse use;
    for (const auto& [crs, numbers] : by_zone) {
      add_flow(crs, numbers, facts, alerts, layers, *config.elevation, now, parallel_for, slopes, use);
    }
    state = state_of(*config.elevation, use);
  }
  if (config.groundwater) {
    for (std::size_t i = 0; i < alerts.size(); ++i) {
      add_ground_risk(facts[i], groundwater_at(*config.groundwater, alerts[i].alert.site), slopes[i], now);
    }
  }
  return state;
}

}  // namespace pitwatch
