#pragma once
// pitwatch fetch: brings the watched ground of an archive's scenes to this machine.

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry fetch_entry;

}  // namespace pitwatch::tools
