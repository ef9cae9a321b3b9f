#pragma once
// pitwatch map

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry map_entry;

}  // namespace pitwatch::tools
