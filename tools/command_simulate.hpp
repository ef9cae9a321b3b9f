#pragma once

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry simulate_entry;

}  // namespace pitwatch::tools
