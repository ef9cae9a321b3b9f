#pragma once
// pitwatch doctor

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry doctor_entry;

}  // namespace pitwatch::tools
