#pragma once
// Which register a command is about, and as of when.

#include <algorithm>
#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/register/register.hpp"
#include "tools/alert_diff.hpp"

namespace pitwatch::tools {

/// --state and --register.
boost::program_options::options_description register_options();

/// The TARGET (register.hpp) that they name; empty where neither is given.
std::string register_target(const boost::program_options::variables_map& values);

/// The same. Throws ConfigError where neither is given.
std::string required_register_target(const boost::program_options::variables_map& values);

/// The folder of the nightly run that a register is of: that of --state, or the one that a GeoPackage lies in. A
/// database may be reached from where no state is: empty then.
std::string state_of_register(const boost::program_options::variables_map& values, const std::string& target);

/// Whether runs have been put on record in a state.
bool has_record(const std::string& state);

/// --as-of.
void add_as_of_option(boost::program_options::options_description& options);
std::optional<Instant> read_as_of(const boost::program_options::variables_map& values);

/// The alerts of a register, as they were at a time; warns of those whose outline then is not recorded.
AlertSet register_as_of(const std::string& target, const RegisterContent& content, Instant at);

/// A list "a,b"; none where the option is not given. Throws ConfigError for an empty one.
std::vector<std::string> list_option(const boost::program_options::variables_map& values, const char* option);

/// A list of words of which each must be known; throws ConfigError naming them otherwise.
template <typename Known>
std::vector<std::string> word_list(const boost::program_options::variables_map& values, const char* option,
                                   const Known& known) {
  std::vector<std::string> items = list_option(values, option);
  for (const std::string& item : items) {
    if (std::find(known.begin(), known.end(), item) != known.end()) continue;
    std::string all;
    for (const auto& word : known) all += (all.empty() ? "" : ", ") + std::string(word);
    throw ConfigError("--" + std::string(option) + ": '" + item + "' is none of " + all);
  }
  return items;
}

}  // namespace pitwatch::tools
