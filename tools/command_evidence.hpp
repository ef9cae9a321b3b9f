#pragma once
// `pitwatch evidence ID`: one alert as a bundle that can be verified.

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry evidence_entry;

}  // namespace pitwatch::tools
