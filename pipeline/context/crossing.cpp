#include "pipeline/context/crossing.hpp"

#include <optional>
#include <unordered_map>
#include <utility>

namespace pitwatch {
namespace {

bool straddles(const AlertContext& context) {
  return context.licence && context.licence->verdict == BoundaryVerdict::straddles;
}

bool is_protected(const AlertContext& context) {
  return context.protected_area && (context.protected_area->verdict == BoundaryVerdict::straddles ||
                                    context.protected_area->verdict == BoundaryVerdict::inside);
}

/// The layers whose lines are crossed, all of a role or none of it.
std::vector<LoadedLayer> with_lines(const std::vector<LoadedLayer>& layers) {
  std::vector<LoadedLayer> lines;
  for (const LoadedLayer& loaded : layers) {
    const LayerRole role = loaded.layer.role;
    if (role == LayerRole::licence || role == LayerRole::protected_area) lines.push_back(loaded);
  }
  return lines;
}

}  // namespace

std::set<std::string> crossers(std::span<const ContextFacts> facts) {
  std::set<std::string> ids;
  for (const ContextFacts& each : facts) {
    if (straddles(each.context) || is_protected(each.context)) ids.insert(each.alert_id);
  }
  return ids;
}

void date_crossings(const std::vector<LoadedLayer>& layers, double registration_error_m,
                    std::span<const OutlinedAlert> alerts, std::span<const RegisteredEvent> history,
                    std::span<ContextFacts> facts, const ParallelFor& parallel_for) {
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < alerts.size(); ++i) places.emplace(alerts[i].alert.id, i);
  std::vector<OutlinedAlert> then;  // each alert as it was at each event
  std::vector<std::pair<std::size_t, Instant>> whose;
  for (const RegisteredEvent& event : history) {
    const auto place = places.find(event.alert_id);
    if (place == places.end() || event.outline.empty() || !(event.area_ha > 0)) continue;
    OutlinedAlert& outlined = then.emplace_back(OutlinedAlert{alerts[place->second].alert, event.outline});
    outlined.alert.area_ha = event.area_ha;
    whose.emplace_back(place->second, event.at);
  }
  if (then.empty()) return;
  const std::vector<ContextFacts> by_date =
      work_out_context(with_lines(layers), registration_error_m, then, {}, parallel_for);
  for (std::size_t i = 0; i < by_date.size(); ++i) {
    AlertContext& context = facts[whose[i].first].context;
    const Instant at = whose[i].second;
    if (straddles(context) && straddles(by_date[i].context) && !context.licence->crossed_on) {
      context.licence->crossed_on = at;
    }
    if (is_protected(context) && is_protected(by_date[i].context) && !context.protected_area->crossed_on) {
      context.protected_area->crossed_on = at;
    }
  }
}

}  // namespace pitwatch
