#pragma once
// pitwatch score --truth FILE --alerts FILE

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry score_entry;

}  // namespace pitwatch::tools
