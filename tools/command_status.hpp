#pragma once
// pitwatch status --state DIR

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry status_entry;

}  // namespace pitwatch::tools
