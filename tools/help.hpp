#pragma once
// What --help says. Options that several commands share are in groups: a group is what one of the add_..._options()
// functions adds, so that a command need not say which of its options are in which group. The rest are those of
// everyday use.

#include <boost/program_options.hpp>
#include <boost/shared_ptr.hpp>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/command.hpp"
#include "tools/common_options.hpp"

namespace pitwatch::tools {

struct OptionGroup {
  std::string title;
  bool is_everyday = false;  // which --help shows whole
  std::vector<boost::shared_ptr<boost::program_options::option_description>> options;
};

/// The options of a command, those of everyday use first, the common ones last; no group is empty.
std::vector<OptionGroup> option_groups(Command& command);

/// "FILE", "N (=24)"; empty for a switch.
std::string value_text(const boost::program_options::option_description& option);

/// "-o, --out DIR"
std::string option_text(const boost::program_options::option_description& option);

/// An exit code, or several that mean the same.
struct ExitMeaning {
  std::string_view code;
  std::string_view meaning;
};

/// All of them, as --help and the manual pages list them.
std::span<const ExitMeaning> exit_meanings();

/// Help for one command in lines of at most `width` characters, as far as words allow.
void print_help(std::ostream& out, const CommandEntry& entry, HelpLength length, std::size_t width);

/// The width of the terminal that stdout is, 60 to 120; 100 where it is none.
std::size_t help_width();

}  // namespace pitwatch::tools
