#pragma once
// pitwatch notify: sends subscribers what is new.

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry notify_entry;

}  // namespace pitwatch::tools
