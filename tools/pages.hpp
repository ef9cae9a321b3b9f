#pragma once
// Manual pages and completions of shells, written from the table of commands and their options: nothing of them is
// written twice. tools/pages_main.cpp writes them into files at build time.

#include <string>

#include "tools/commands.hpp"

namespace pitwatch::tools {

/// What the pages say of their origin.
struct PageOrigin {
  std::string version;  // "0.1.0"
  std::string date;     // ISO 8601
};

/// pitwatch(1): what the program is, its commands, configuration, exit codes. In the man macros of groff and mandoc,
/// ASCII.
std::string program_page(const PageOrigin& origin);

/// "pitwatch-alerts-list" for alerts list
std::string page_name(const Call& call);

/// The page of one command: every option with unit, default and range, in groups.
std::string command_page(const Call& call, const PageOrigin& origin);

/// For bash, with or without the package bash-completion.
std::string bash_completion();

/// For zsh: a file named _pitwatch in its fpath.
std::string zsh_completion();

}  // namespace pitwatch::tools
