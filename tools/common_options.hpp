#pragma once
// Options that every subcommand has, and where option values come from. The first that names an option wins: the
// command line, the INI file of --config, the PITWATCH_* environment variables (PITWATCH_MIN_AREA_HA for
// --min-area-ha).

#include <boost/program_options.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "tools/command.hpp"

namespace pitwatch::tools {

struct CommonOptions {
  int threads = 0;                                          // 0: all cores
  std::optional<std::int64_t> memory_bytes = std::nullopt;  // nothing: as the command has it
  bool quiet = false;
  bool verbose = false;
  bool log_json = false;
};

boost::program_options::options_description common_options();

/// Whether an option counts on the command line alone: --help, --help-all, -h.
bool is_of_command_line(std::string_view option);

/// How much --help is to tell: -h, --help, --help-all.
enum class HelpLength { brief, groups, whole };

/// Parses `arguments` (without program and subcommand name) for a command: command line over INI file over environment.
/// `call` is what its sections of the file are named after ("run", "alerts list"); without it those common to all
/// count. Where help is asked for, nothing but the command line is read. Where a command has an option `to`, `until` is
/// another name of it, from everywhere: the values have `to` alone. So are the former names of options that were
/// renamed. Throws ConfigError naming the option, for both names with different values in one place and for texts that
/// are given empty, too; empty variables are none. `remarks` gets, for people, which former names were given and which
/// variables are nearly an option of the command and none.
boost::program_options::variables_map parse_options(Command& command, const std::vector<std::string>& arguments,
                                                    std::string_view call = {},
                                                    std::vector<std::string>* remarks = nullptr);

/// Nothing where it is not.
std::optional<HelpLength> help_asked_for(const boost::program_options::variables_map& values);

CommonOptions read_common_options(const boost::program_options::variables_map& values);

/// "512M", "1GiB", "2000000": bytes; K, M, G (with or without iB or B) are powers of 1024. Throws ConfigError
/// naming the option.
std::int64_t parse_size(const std::string& option, const std::string& text);

/// The value of an option that holds a date or an instant (ISO 8601). Throws ConfigError naming the option.
Instant parse_instant_option(const boost::program_options::variables_map& values, const std::string& option);

/// Where a period begins and where it ends, both included; nothing where the option is not given. A bare day is all of
/// it: its midnight as the begin, its last millisecond as the end. "2022-01-25T00:00:00Z" is that instant as either.
/// Throws ConfigError naming the option.
std::optional<Instant> parse_period_begin(const boost::program_options::variables_map& values,
                                          const std::string& option = "from");
std::optional<Instant> parse_period_end(const boost::program_options::variables_map& values,
                                        const std::string& option = "to");

/// Throws ConfigError where a period ends before it begins.
void check_period(const std::optional<Instant>& from, const std::optional<Instant>& to);

/// "46.61,40.15": longitude and latitude in degrees. Throws ConfigError naming the option for other texts, and for what
/// is no place between the latitudes 84 south and north.
LonLat parse_place(const std::string& option, const std::string& text);

/// "a,b" -> a, b
std::vector<std::string> split_list(const std::string& text);

}  // namespace pitwatch::tools
