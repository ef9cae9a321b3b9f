#pragma once
// pitwatch account --state DIR --out DIR

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry account_entry;

}  // namespace pitwatch::tools
