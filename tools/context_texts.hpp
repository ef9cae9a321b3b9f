#pragma once
// What alerts touch, as people and programs read it on stdout.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/register/register.hpp"

namespace pitwatch::tools {

/// A row for each alert: licence, protected area, nearest waters.
std::string context_table(const std::vector<OutlinedAlert>& alerts);

/// A row for each layer: how many features, and what was done with those that are not as they should be.
std::string layers_table(const std::vector<ContextLayerState>& layers);

nlohmann::ordered_json json_of(const ContextLayerState& layer);
nlohmann::ordered_json json_of(const RegisteredFact& fact);

/// The newest of an alert's facts, a line each. `facts` are all that were recorded of it.
std::string facts_text(const std::vector<RegisteredFact>& facts);

/// "2 repaired, 1 duplicate (LIC-7)": what a layer's remarks say; empty where they say nothing.
std::string remarks_text(const ContextLayerState& layer);

/// What to warn of, a line each: features that were left out, by reason; a layer that lies elsewhere altogether, or
/// features whose axes may be swapped.
std::vector<std::string> layer_warnings(const ContextLayerState& layer);

}  // namespace pitwatch::tools
