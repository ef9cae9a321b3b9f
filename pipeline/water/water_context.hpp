#pragma once
// What water an alert may reach, and how much it endangers it: what `elevation` and `groundwater` of context.json add
// to the facts of alerts.

#include <optional>
#include <span>
#include <vector>

#include "pipeline/context/context.hpp"
#include "pipeline/core/alert_context.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/files/parallel_for.hpp"

namespace pitwatch {

/// Adds to the facts of alerts, as work_out_context() gives them for the same `layers` and `alerts` (facts[i] is of
/// alerts[i]; others throw DataError):
///  - with `config.elevation`: WaterFacts::flow, the sides of the nearest waters, surface_risk, and details of the
///    subjects "water_flow" (each water that any draw comes to, and the nearest stream), "water_passed" (what else is
///    passed on the way), "water_risk_surface";
///  - with `config.groundwater`: ground_risk and a detail of "water_risk_ground";
/// and does nothing without either. README.md has the figures of the details. All alerts given count as disturbed
/// ground. Elevations that cannot be read add nothing; where they have none under an alert, flow and sides are left
/// out and the risk is cannot_tell. The state of the elevations, with the role "elevation", is returned where there are
/// any: its problem is set where they cannot be read, its remarks have the alerts beyond them. The same whatever
/// `parallel_for`. Memory: for each draw at once twenty bytes for each of at most 5 million cells.
std::optional<ContextLayerState> add_water_facts(std::span<ContextFacts> facts, std::span<const OutlinedAlert> alerts,
                                                 const std::vector<LoadedLayer>& layers, const ContextConfig& config,
                                                 Instant now, const ParallelFor& parallel_for = serial_for);

}  // namespace pitwatch
