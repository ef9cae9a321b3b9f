#pragma once

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry scenes_entry;

}  // namespace pitwatch::tools
