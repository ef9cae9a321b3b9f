#pragma once
// pitwatch compare BEFORE AFTER --out DIR

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry compare_entry;

}  // namespace pitwatch::tools
