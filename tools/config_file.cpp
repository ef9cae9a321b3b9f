#include "tools/config_file.hpp"

#include <algorithm>
#include <boost/any.hpp>
#include <cstdint>
#include <map>
#include <sstream>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "tools/commands.hpp"
#include "tools/common_options.hpp"
#include "tools/did_you_mean.hpp"
#include "tools/placeholders.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

constexpr std::string_view common_section = "common";

/// Throws ConfigError for what is no file of options: a folder, a pipe that nobody writes to, a disk image.
std::string config_text(const std::string& path) {
  constexpr std::uint64_t most_bytes = 1 << 20;
  constexpr std::string_view mark = "\xef\xbb\xbf";  // with which editors of Windows begin a file
  std::string text;
  try {
    text = read_whole_file(path, most_bytes);
  } catch (const DataError& error) {
    throw ConfigError("--config " + path + ": " + error.what());
  }
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

/// As Boost.Program_options reads a line: without comment and space around.
std::string_view content_of(std::string_view line) {
  constexpr std::string_view space = " \t\r\n";
  line = line.substr(0, line.find('#'));
  const std::size_t first = line.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(space) - first + 1);
}

struct Line {
  std::size_t number = 0;
  std::string text;
};

[[noreturn]] void fail(const std::string& path, std::size_t line, const std::string& what) {
  throw ConfigError("--config " + path + ":" + std::to_string(line) + ": " + what);
}

/// The sections that may stand in a file: the commands, their actions, and [common].
std::vector<std::string> section_names() {
  std::vector<std::string> names{std::string(common_section)};
  for (const CommandEntry* entry : all_commands()) {
    names.emplace_back(entry->name);
    for (const CommandEntry* action : entry->actions) {
      names.push_back(std::string(entry->name) + " " + std::string(action->name));
    }
  }
  return names;
}

/// The lines of the sections `wanted`, section by section. What stands before the first one is of [common].
std::vector<std::vector<Line>> lines_of_sections(const std::string& path, const std::vector<std::string>& wanted) {
  const std::vector<std::string> names = section_names();
  std::vector<std::vector<Line>> lines(wanted.size());
  std::string section(common_section);
  std::istringstream text(config_text(path));
  std::size_t number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    const std::string_view content = content_of(line);
    if (content.starts_with('[') && content.ends_with(']')) {
      section = content_of(content.substr(1, content.size() - 2));
      if (std::find(names.begin(), names.end(), section) == names.end()) {
        fail(path, number, "no command has the section [" + printable(section) + "]" + did_you_mean(section, names));
      }
      continue;
    }
    const auto at = std::find(wanted.begin(), wanted.end(), section);
    if (at != wanted.end()) lines[static_cast<std::size_t>(at - wanted.begin())].push_back({number, line});
  }
  return lines;
}

std::vector<std::string> names_of(const po::options_description& known) {
  std::vector<std::string> names;
  for (const auto& option : known.options()) names.push_back(option->long_name());
  return names;
}

/// What the lines of one section say. Keys that are no options of `known` fail, but for `is_common` those of other
/// commands.
po::parsed_options parse_lines(const std::string& path, const std::vector<Line>& lines, bool is_common,
                               const po::options_description& known) {
  po::parsed_options all(&known);
  std::map<std::string, boost::any> values;  // as Boost will take them, which then does not know the line any more
  for (const Line& line : lines) {
    if (has_placeholder(content_of(line.text)))
      fail(path, line.number, "%value% and the like cannot be part of a value");
    std::istringstream text(line.text + "\n");
    try {
      for (po::option& option : po::parse_config_file(text, known, true).options) {
        if (is_of_command_line(option.string_key) || option.string_key == "config") {
          fail(path, line.number, "'" + option.string_key + "' counts on the command line alone");
        }
        if (!option.unregistered) {
          const po::option_description& description = known.find(option.string_key, false);
          try {
            description.semantic()->parse(values[option.string_key], option.value, false);
          } catch (po::error_with_option_name& error) {
            error.add_context(option.string_key, option.string_key, 0);
            throw;
          }
          all.options.push_back(std::move(option));
        } else if (!is_common || !is_option_of_any_command(option.string_key)) {
          fail(path, line.number,
               "no option '" + printable(option.string_key) + "'" + did_you_mean(option.string_key, names_of(known)));
        }
      }
    } catch (const po::error& error) {
      fail(path, line.number, error.what());
    }
  }
  return all;
}

}  // namespace

std::vector<po::parsed_options> read_config_file(const std::string& path, std::string_view call,
                                                 const po::options_description& known) {
  std::vector<std::string> sections;
  if (!call.empty()) sections.emplace_back(call);
  if (const std::size_t space = call.find(' '); space != std::string_view::npos) {
    sections.emplace_back(call.substr(0, space));
  }
  sections.emplace_back(common_section);
  const std::vector<std::vector<Line>> lines = lines_of_sections(path, sections);
  std::vector<po::parsed_options> all;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    all.push_back(parse_lines(path, lines[i], sections[i] == common_section, known));
  }
  return all;
}

}  // namespace pitwatch::tools
