#pragma once
// pitwatch alerts: the register from the command line. Each action is a command of its own,
// command_alerts_<action>.cpp; which register and which alerts is the same for all: register_options.hpp,
// alert_filter.hpp.

#include <array>

#include "tools/command.hpp"

namespace pitwatch::tools {

extern const CommandEntry alerts_list_entry;
extern const CommandEntry alerts_show_entry;
extern const CommandEntry alerts_review_entry;
extern const CommandEntry alerts_diff_entry;
extern const CommandEntry alerts_export_entry;

inline constexpr std::array alerts_actions{&alerts_list_entry, &alerts_show_entry, &alerts_review_entry,
                                           &alerts_diff_entry, &alerts_export_entry};

inline constexpr CommandEntry alerts_entry{
    "alerts", "alerts list | show ID | review ID | diff A B | export  --state DIR | --register TARGET [options]",
    "the register: lists alerts, shows one, records a verdict, compares, exports", nullptr, alerts_actions};

}  // namespace pitwatch::tools
