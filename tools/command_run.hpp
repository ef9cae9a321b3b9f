#pragma once
// pitwatch run --sites SITES --source SOURCE --state DIR; the same in units of work by pitwatch plan, run --unit and
// merge; and pitwatch rerun beside it

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry run_entry;
extern const CommandEntry plan_entry;
extern const CommandEntry merge_entry;
extern const CommandEntry rerun_entry;

}  // namespace pitwatch::tools
