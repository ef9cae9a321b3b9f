#pragma once
// pitwatch run --sites SITES --source SOURCE --state DIR, and pitwatch rerun beside it

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry run_entry;
extern const CommandEntry rerun_entry;

}  // namespace pitwatch::tools
