#pragma once
// pitwatch publish: alerts as a folder for web servers and GIS programs.

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry publish_entry;

}  // namespace pitwatch::tools
