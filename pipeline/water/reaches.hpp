#pragma once
// Which reach of a water the flow of an alert comes to, and which one lies above it: what turbidity is compared with.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pipeline/context/context.hpp"
#include "pipeline/context/context_config.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/water/ground.hpp"
#include "pipeline/water/places.hpp"

namespace pitwatch {

/// Cells of a window, by rows.
struct InflowReach {
  std::uint32_t water = 0;  // number of the place that most of the alert's flow comes to first
  std::vector<FlowCell> downstream;
  std::vector<FlowCell> upstream;
};

inline constexpr double reach_length_m = 3000;  // of a reach, along the flow
inline constexpr double mixing_m = 200;         // along the flow below an inflow: what joins there comes from above it
inline constexpr double apart_m = 100;          // between the flow below an inflow and the reach above

/// The reaches of an alert whose flow starts from `cells`, along directions on elevations that the waters are burnt
/// into. Downstream: the cells of that water on the ways from where they first come to it (the inflows) on. Upstream:
/// cells of any surface water, of that one or of those that feed it, whose flow joins such a way within mixing_m of an
/// inflow, over water alone, and that are apart_m and more from all that the alert's flow passes. Both within
/// reach_length_m along the flow; both empty where no surface water is come to, upstream where nothing is above.
InflowReach reach_of(const WaterGround& ground, PlaneView<const FlowDirection> directions,
                     const std::vector<FlowPlace>& places, const std::vector<FlowCell>& cells);

/// The same on the cells of a zone: columns and rows of cells of `cell_m` from the corner of zone_grid(crs).
struct AlertReach {
  std::string alert_id;
  std::string layer;
  std::string water;       // its name, or first id
  std::string feature_id;  // the first
  std::string crs;
  double cell_m = 0;
  std::vector<std::pair<int, int>> downstream;  // ascending
  std::vector<std::pair<int, int>> upstream;
};

/// Of each alert whose flow on the elevations as they are comes to a surface water. Alerts in windows without
/// elevations have none. Takes as long as one draw of add_water_facts(). Throws DataError for outlines without ground.
std::vector<AlertReach> alert_reaches(std::span<const OutlinedAlert> alerts, const std::vector<LoadedLayer>& layers,
                                      const ElevationOptions& options);

}  // namespace pitwatch
