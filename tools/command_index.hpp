#pragma once
// pitwatch index: spectral indices by name or formula.

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry index_entry;

}  // namespace pitwatch::tools
