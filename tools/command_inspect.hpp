#pragma once
// pitwatch inspect --at LON,LAT --sites SITES --source SOURCE

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry inspect_entry;

}  // namespace pitwatch::tools
