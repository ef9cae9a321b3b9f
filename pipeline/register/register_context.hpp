#pragma once
// Which of the facts that layers gave are new to the register. Used inside this folder only.

#include <span>
#include <vector>

#include "pipeline/register/register.hpp"
#include "pipeline/register/register_record.hpp"

namespace pitwatch {

/// Gives each alert the facts of the subjects that were worked out and leaves it those of the others. Returns the rows
/// that are new: of an alert and a subject all, where any of them is another than among `known` (the table, in its
/// order), else none; what is as before keeps the time at which it was worked out.
std::vector<RegisteredFact> apply_context(RegisterRecord& record, std::span<const RegisteredFact> known,
                                          std::span<const ContextFacts> facts, Instant now);

/// Those that are not as they were recorded last.
std::vector<RegisteredLayer> new_layers(std::span<const RegisteredLayer> known,
                                        std::span<const ContextLayerState> layers, Instant now);

}  // namespace pitwatch
