#pragma once
// pitwatch series FILE.csv

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry series_entry;

}  // namespace pitwatch::tools
