#pragma once
// Thresholds of a capability (core/named_options.hpp) as options of a command.

#include <spdlog/fmt/fmt.h>

#include <boost/program_options.hpp>
#include <cstdint>
#include <string>

#include "pipeline/core/named_options.hpp"

namespace pitwatch::tools {

/// The meaning of an option, which names its range.
inline std::string meaning_with_range(const char* meaning, const OptionRange& range) {
  const std::string text = meaning;
  if (text.find("..") != std::string::npos) return text;
  return fmt::format("{}; {}..{}", text, range.least, static_cast<std::int64_t>(range.most));
}

/// One option for each of `defaults`, with its meaning, range and default.
template <typename Options>
void add_named_options(boost::program_options::options_description& description, const Options& defaults) {
  for_each_option(defaults, [&](const char* name, const char* meaning, const auto& value, const OptionRange& range) {
    description.add_options()(name,
                              boost::program_options::value<double>()->value_name("N")->default_value(
                                  static_cast<double>(value), fmt::format("{}", value)),
                              meaning_with_range(meaning, range).c_str());
  });
}

/// Their values. Throws ConfigError naming the option.
template <typename Options>
void read_named_options(const boost::program_options::variables_map& values, Options& options) {
  const Options names;
  for_each_option(names, [&](const char* name, const char*, const auto&, const OptionRange&) {
    try {
      set_option(options, name, values[name].as<double>());
    } catch (const ConfigError& error) {
      throw ConfigError(std::string("--") + error.what());
    }
  });
}

}  // namespace pitwatch::tools
