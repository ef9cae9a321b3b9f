#pragma once
// pitwatch alerts: the register from the command line.

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry alerts_entry;

}  // namespace pitwatch::tools
