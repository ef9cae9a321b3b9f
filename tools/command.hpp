#pragma once
// One subcommand: setup() only parses (it opens nothing), run() does the work.

#include <boost/program_options.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pitwatch::tools {

/// The contract's exit codes.
enum ExitCode {
  exit_done = 0,
  exit_internal = 1,
  exit_usage = 2,
  exit_no_data = 3,
  exit_skipped = 4,
  exit_check_failed = 5,
  exit_unavailable = 69,
  exit_busy = 75
};

class Command {
 public:
  virtual ~Command() = default;

  /// The options besides the common ones, as --help shows them: with unit, default and range.
  virtual boost::program_options::options_description options() = 0;
  /// Positional arguments by name, in order; each is an option of options() too.
  virtual std::vector<std::string> positional() const = 0;
  /// Takes the parsed values. Throws ConfigError for what cannot be.
  virtual void setup(const boost::program_options::variables_map& values) = 0;
  /// Returns the exit code; errors are exceptions.
  virtual int run() = 0;
};

/// A row of the table of subcommands, or of the actions of one of them.
struct CommandEntry {
  std::string_view name;
  std::string_view usage;    // "compare BEFORE AFTER --out DIR [options]"
  std::string_view summary;  // one line for `pitwatch --help`
  std::unique_ptr<Command> (*make)();
  std::span<const CommandEntry* const> actions = {};  // one of which must be named, before or between the options
  std::string_view about =
      {};  // what --help and the manual page say beside the summary: sentences, without line breaks
};

}  // namespace pitwatch::tools
