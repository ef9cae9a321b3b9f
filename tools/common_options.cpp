#include "tools/common_options.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>
#include <string_view>

#include "pipeline/core/error.hpp"
#include "pipeline/core/misspelling.hpp"
#include "pipeline/core/renamed_options.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "tools/commands.hpp"
#include "tools/config_file.hpp"
#include "tools/did_you_mean.hpp"
#include "tools/placeholders.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

constexpr int max_threads = 1024;

/// The INI file must be known before the environment's other variables are stored, which it goes before.
std::string config_path(const po::variables_map& values) {
  if (values.count("config") != 0) return values["config"].as<std::string>();
  const char* const variable = std::getenv("PITWATCH_CONFIG");
  return variable != nullptr ? variable : "";
}

constexpr std::string_view variable_prefix = "PITWATCH_";

/// PITWATCH_MIN_AREA_HA -> min-area-ha, for names that are options; "" ignores the variable.
std::string option_of_variable(const std::string& variable, const po::options_description& known) {
  if (!variable.starts_with(variable_prefix)) return {};
  std::string option;
  for (const char c : variable.substr(variable_prefix.size())) {
    option += c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  const bool is_option = known.find_nothrow(option, false) != nullptr && !is_of_command_line(option);
  return is_option ? option : std::string();
}

/// What is meant for an option and is none would be passed over: it may be the one that bounds or guards.
void remark_misspelt_variables(const po::options_description& known, std::vector<std::string>& remarks) {
  std::vector<std::string> names;
  for (const auto& option : known.options()) {
    names.push_back(option->long_name());
    std::replace(names.back().begin(), names.back().end(), '-', '_');
  }
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view variable = text.substr(0, text.find('='));
    if (!variable.starts_with(variable_prefix)) continue;
    const std::string name = lower_ascii(variable.substr(variable_prefix.size()));
    std::string option = name;
    std::replace(option.begin(), option.end(), '_', '-');
    if (is_option_of_any_command(option)) continue;
    auto meant = meant_by(name, names);
    if (!meant) {  // without its last word
      const auto longer =
          std::find_if(names.begin(), names.end(), [&](const std::string& one) { return one.starts_with(name + "_"); });
      if (longer != names.end()) meant = *longer;
    }
    if (!meant) continue;
    std::string right(variable_prefix);
    for (const char c : *meant) right += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    remarks.push_back(printable(std::string(variable)) + ": no option has this variable; did you mean " + right + "?");
  }
}

/// A variable of a script that was not set would be no option without a word. Throws ConfigError for what was given
/// empty.
void refuse_empty(const po::variables_map& values, const po::options_description& known) {
  for (const auto& [name, value] : values) {
    const po::option_description* const option = known.find_nothrow(name, false);
    const bool may_be_alone = option != nullptr && option->semantic()->min_tokens() == 0;
    if (value.defaulted() || may_be_alone) continue;
    const auto* const text = boost::any_cast<std::string>(&value.value());
    const auto* const texts = boost::any_cast<std::vector<std::string>>(&value.value());
    const bool is_empty = (text != nullptr && text->empty()) ||
                          (texts != nullptr && std::find(texts->begin(), texts->end(), "") != texts->end());
    if (is_empty) throw ConfigError("--" + name + ": is given, and empty");
  }
}

/// Another name of an option, which is understood and not listed.
struct Alias {
  std::string_view other;
  std::string_view name;
  bool is_former = false;
  auto operator<=>(const Alias&) const = default;
};

std::vector<Alias> aliases_of(const po::options_description& known) {
  std::vector<Alias> aliases;
  const auto add = [&](const Alias& alias) {
    if (known.find_nothrow(std::string(alias.name), false) != nullptr) aliases.push_back(alias);
  };
  add({"until", "to"});
  for (const RenamedOption& option : renamed_options) add({option.former, option.present, true});
  return aliases;
}

/// Options under their own names; `former` gets the former ones that were given.
po::parsed_options with_one_name(po::parsed_options parsed, const std::vector<Alias>& aliases,
                                 std::set<Alias>& former) {
  const auto named = [&](std::string_view name) {
    return std::find_if(parsed.options.begin(), parsed.options.end(),
                        [&](const po::option& option) { return option.string_key == name; });
  };
  for (const Alias& alias : aliases) {
    const auto other = named(alias.other);
    if (other == parsed.options.end()) continue;
    if (alias.is_former) former.insert(alias);
    if (const auto own = named(alias.name); own == parsed.options.end()) {
      other->string_key = alias.name;
    } else if (own->value == other->value) {
      parsed.options.erase(other);
    } else {
      throw ConfigError("--" + std::string(alias.other) + " is another name of --" + std::string(alias.name) +
                        ", and they are given with different values");
    }
  }
  return parsed;
}

/// "; did you mean --sites?" for "--sits"
std::string nearest_option(const std::string& given, const po::options_description& known) {
  std::vector<std::string> names;
  for (const auto& option : known.options()) names.push_back(option->long_name());
  return did_you_mean(given.substr(std::min(given.find_first_not_of('-'), given.size())), names, "--");
}

}  // namespace

po::options_description common_options() {
  po::options_description options("Common options");
  options.add_options()                                                         //
      ("h,h", "print the options of everyday use in short and exit")            //
      ("help", "print the options in groups and exit")                          //
      ("help-all", "print every option with unit, default and range and exit")  //
      ("config", po::value<std::string>()->value_name("FILE"),
       "INI file with option values: of all commands before the first section and in [common], of one in a section "
       "that goes by its name, e.g. [run]")                                                               //
      ("threads", po::value<int>()->value_name("N")->default_value(0), "threads, 1..1024; 0: all cores")  //
      ("memory", po::value<std::string>()->value_name("SIZE"),
       "upper bound on memory, e.g. 512MiB; without it 1 GiB, or, where history is learnt from (run, rerun, inspect), "
       "half of what the machine or the control group has")    //
      ("quiet,q", po::bool_switch(), "only errors on stderr")  //
      ("verbose,v", po::bool_switch(), "more on stderr")       //
      ("log-json", po::bool_switch(), "log lines as JSON");
  return options;
}

bool is_of_command_line(std::string_view option) { return option == "h" || option == "help" || option == "help-all"; }

po::variables_map parse_options(Command& command, const std::vector<std::string>& arguments, std::string_view call,
                                std::vector<std::string>* remarks) {
  po::variables_map values;
  po::options_description all;
  all.add(command.options()).add(common_options());
  const std::vector<Alias> aliases = aliases_of(all);
  for (const Alias& alias : aliases) {
    all.add_options()(std::string(alias.other).c_str(), po::value<std::string>(), "another name");
  }
  std::set<Alias> former;
  const auto store = [&](const po::parsed_options& parsed) {
    po::store(with_one_name(parsed, aliases, former), values);
  };
  po::positional_options_description positional;
  for (const std::string& name : command.positional()) positional.add(name.c_str(), 1);
  const auto expect_plain = [](std::string_view text) {
    if (has_placeholder(text)) throw ConfigError("'" + std::string(text) + "' cannot be a value: %value% and the like");
  };
  for (const std::string& argument : arguments) expect_plain(argument);
  try {
    // The first store wins in Boost.Program_options.
    store(po::command_line_parser(arguments)
              .options(all)
              .positional(positional)
              .style(po::command_line_style::default_style & ~po::command_line_style::allow_guessing)
              .run());
    if (help_asked_for(values)) return values;
    if (const std::string path = config_path(values); !path.empty()) {
      for (const po::parsed_options& section : read_config_file(path, call, all)) store(section);
    }
    store(po::parse_environment(all, [&](const std::string& name) {
      std::string option = option_of_variable(name, all);
      const char* const value = option.empty() ? nullptr : std::getenv(name.c_str());
      if (value == nullptr || *value == '\0') return std::string();  // an empty variable is none
      expect_plain(value);
      return option;
    }));
    refuse_empty(values, all);
    po::notify(values);
    if (remarks != nullptr) {
      for (const Alias& alias : former) {
        remarks->push_back("--" + std::string(alias.other) + " is now called --" + std::string(alias.name));
      }
      remark_misspelt_variables(all, *remarks);
    }
  } catch (const po::unknown_option& error) {
    throw ConfigError(error.what() + nearest_option(error.get_option_name(), all));
  } catch (const po::error& error) {
    throw ConfigError(error.what());
  }
  return values;
}

std::optional<HelpLength> help_asked_for(const po::variables_map& values) {
  if (values.count("help-all") != 0) return HelpLength::whole;
  if (values.count("help") != 0) return HelpLength::groups;
  if (values.count("h") != 0) return HelpLength::brief;
  return std::nullopt;
}

CommonOptions read_common_options(const po::variables_map& values) {
  CommonOptions options;
  options.threads = values["threads"].as<int>();
  if (options.threads < 0 || options.threads > max_threads) throw ConfigError("--threads must be 0 to 1024");
  if (values.count("memory") != 0) options.memory_bytes = parse_size("--memory", values["memory"].as<std::string>());
  options.quiet = values["quiet"].as<bool>();
  options.verbose = values["verbose"].as<bool>();
  options.log_json = values["log-json"].as<bool>();
  return options;
}

Instant parse_instant_option(const po::variables_map& values, const std::string& option) {
  try {
    return parse_instant(values[option].as<std::string>());
  } catch (const DataError& error) {
    throw ConfigError("--" + option + ": " + error.what());
  }
}

std::optional<Instant> parse_period_begin(const po::variables_map& values, const std::string& option) {
  if (values.count(option) == 0) return std::nullopt;
  return parse_instant_option(values, option);
}

std::optional<Instant> parse_period_end(const po::variables_map& values, const std::string& option) {
  if (values.count(option) == 0) return std::nullopt;
  try {
    return last_instant(values[option].as<std::string>());
  } catch (const DataError& error) {
    throw ConfigError("--" + option + ": " + error.what());
  }
}

void check_period(const std::optional<Instant>& from, const std::optional<Instant>& to) {
  if (from && to && *from > *to) throw ConfigError("--from is later than --to");
}

std::int64_t parse_size(const std::string& option, const std::string& text) {
  const auto fail = [&]() -> std::int64_t {
    throw ConfigError(option + ": not a size: '" + text + "' (e.g. 512MiB, 1GiB)");
  };
  std::size_t used = 0;
  double number = 0;
  try {
    number = std::stod(text, &used);
  } catch (const std::exception&) {
    return fail();
  }
  std::string unit;
  for (const char c : text.substr(used)) {
    if (c != ' ') unit += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  double factor = 0;
  if (unit.empty() || unit == "B") factor = 1;
  for (const auto& [letter, value] : {std::pair{'K', 1024.0}, {'M', 1048576.0}, {'G', 1073741824.0}}) {
    const std::string l(1, letter);
    if (unit == l || unit == l + "B" || unit == l + "IB") factor = value;
  }
  const double bytes = number * factor;
  if (!(bytes >= 1) || bytes > 1e15) return fail();
  return static_cast<std::int64_t>(bytes);
}

LonLat parse_place(const std::string& option, const std::string& text) {
  LonLat place;
  const char* const end = text.data() + text.size();
  const auto [comma, lon_error] = std::from_chars(text.data(), end, place.lon);
  bool is_place = lon_error == std::errc() && comma != end && *comma == ',';
  if (is_place) {
    const auto [rest, lat_error] = std::from_chars(comma + 1, end, place.lat);
    is_place = lat_error == std::errc() && rest == end;
  }
  // Comparisons with NaN are false.
  if (!is_place || !(std::abs(place.lon) <= 180 && std::abs(place.lat) <= 84)) {
    throw ConfigError(option + ": not a longitude of -180 to 180 and a latitude of -84 to 84: '" + text +
                      "' (e.g. 46.6132,40.1487)");
  }
  return place;
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    parts.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return parts;
}

}  // namespace pitwatch::tools
