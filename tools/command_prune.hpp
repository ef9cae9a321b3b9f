#pragma once
// pitwatch prune --state DIR

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry prune_entry;

}  // namespace pitwatch::tools
