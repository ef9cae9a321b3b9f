#pragma once
// pitwatch verify STATE

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry verify_entry;

}  // namespace pitwatch::tools
