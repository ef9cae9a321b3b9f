#pragma once
// `pitwatch report`: dossiers of alerts and sites.

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry report_entry;

}  // namespace pitwatch::tools
