#pragma once
// What became of deliveries, for people and programs.

#include <string>

#include "pipeline/delivery/notify.hpp"
#include "tools/command.hpp"

namespace pitwatch::tools {

/// A warning for each site that a filter names and no alert on record has: it may be misspelt, and nothing comes of it.
void warn_of_unknown_sites(const NotifyReport& report);

/// Those warnings, and a log line for each subscription: an error where some were not delivered, else a note.
void log_deliveries(const NotifyReport& report, bool since_given = false);

/// exit_done, exit_skipped where some were not delivered, exit_unavailable where nobody could be reached.
ExitCode exit_code_of(const NotifyReport& report);

std::string waiting_table(const NotifyReport& report);
std::string standing_table(const NotifyReport& report);
std::string deliveries_json(const NotifyReport& report);

}  // namespace pitwatch::tools
