#pragma once
// When an alert crossed a line: its ground by date, against licences and protected areas.

#include <set>
#include <span>
#include <string>
#include <vector>

#include "pipeline/context/context.hpp"
#include "pipeline/core/alert_context.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/alerts/register_rows.hpp"
#include "pipeline/io/files/parallel_for.hpp"

namespace pitwatch {

/// Ids of the alerts that have a crossing to be dated: those that straddle the line of all licences, and those of which
/// some ground certainly is in a protected area.
std::set<std::string> crossers(std::span<const ContextFacts> facts);

/// Sets `crossed_on` of those alerts: of licences the first acquisition whose outline straddles their line, of
/// protected areas the first whose outline has ground in one, each more than the uncertainty of the alert's area.
/// `history`: their events of one revision each, in order; those without an outline say nothing. Where no outline on
/// record shows it, the crossing has no date. `facts` are those of `alerts`, in their order, as work_out_context() gave
/// them with the same layers. Throws as that does.
void date_crossings(const std::vector<LoadedLayer>& layers, double registration_error_m,
                    std::span<const OutlinedAlert> alerts, std::span<const RegisteredEvent> history,
                    std::span<ContextFacts> facts, const ParallelFor& parallel_for = serial_for);

}  // namespace pitwatch
