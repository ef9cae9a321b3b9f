#pragma once
// pitwatch coverage --state DIR

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry coverage_entry;

}  // namespace pitwatch::tools
