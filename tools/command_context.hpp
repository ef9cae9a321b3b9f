#pragma once
// pitwatch context --state DIR --layers FILE

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry context_entry;

}  // namespace pitwatch::tools
