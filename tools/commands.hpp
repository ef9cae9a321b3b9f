#pragma once
// The table of all subcommands.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/command.hpp"

namespace pitwatch::tools {

/// In the order of `pitwatch --help`.
std::span<const CommandEntry* const> all_commands();

/// A command as it is called: "run", "alerts list".
struct Call {
  std::string name;
  const CommandEntry* entry = nullptr;
};

/// Every command without actions, and every action of the others.
std::vector<Call> all_calls();

/// Nothing where there is none of that name.
const CommandEntry* find_command(std::string_view name);

/// Whether some command has an option of that name, other names of options included.
bool is_option_of_any_command(std::string_view name);

}  // namespace pitwatch::tools
