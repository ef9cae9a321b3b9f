#include "tools/help.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <ostream>
#include <string_view>
#include <utility>

#include "tools/alert_filter.hpp"
#include "tools/check_options.hpp"
#include "tools/mask_options.hpp"
#include "tools/monitor_options.hpp"
#include "tools/named_options.hpp"
#include "tools/register_options.hpp"
#include "tools/signing_options.hpp"
#include "tools/source_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

using Option = boost::shared_ptr<po::option_description>;

struct SharedGroup {
  std::string title;
  bool is_everyday = false;
  po::options_description options;
};

/// In the order of --help. An option is in the first group that has it.
std::vector<SharedGroup> shared_groups() {
  std::vector<SharedGroup> groups;
  const auto add = [&](const char* title, bool is_everyday, const auto& fill) {
    groups.push_back({title, is_everyday, po::options_description(title)});
    fill(groups.back().options);
  };
  add("Which register", true, [](auto& group) { group.add(register_options()); });
  add("Which alerts", true, [](auto& group) { group.add(filter_options()); });
  add("Network", false, add_network_options);
  add("Network of deliveries", false, [](auto& group) { add_delivery_network_options(group, 0, 0); });
  add("Archives", false, add_archive_options);
  add("Checks of scenes", false, add_check_options);
  add("Masks", false, add_mask_options);
  add("Light and mountains", false, add_light_options);
  add("Signatures and time stamps", false, add_signing_options);
  add("Features", true, add_feature_option);
  const WatchThresholds thresholds;
  add("What is usual for a pixel, and what deviates", false,
      [&](auto& group) { add_named_options(group, thresholds.monitor); });
  add("Alerts from pixels", false, [&](auto& group) { add_named_options(group, thresholds.incidents); });
  add("Classes of change", false, [&](auto& group) { add_named_options(group, thresholds.course); });
  add("Ground, history and positions", false, add_monitor_options);
  return groups;
}

/// Of those in a group that --help only names, the ones that it shows whole all the same.
constexpr std::array<std::string_view, 2> everyday_options{"false-alarms", "min-area-ha"};

/// Options by name and meaning: commands may have others of the same name.
std::map<std::pair<std::string, std::string>, std::size_t> group_by_option(const std::vector<SharedGroup>& groups) {
  std::map<std::pair<std::string, std::string>, std::size_t> of;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const Option& option : groups[i].options.options()) {
      const bool is_everyday = !groups[i].is_everyday && std::find(everyday_options.begin(), everyday_options.end(),
                                                                   option->long_name()) != everyday_options.end();
      if (!is_everyday) of.emplace(std::pair{option->long_name(), option->description()}, i);
    }
  }
  return of;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find(' ', from), text.size());
    const std::string_view word = text.substr(from, end - from);
    from = end + 1;
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) {
      lines.emplace_back();
    }
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

/// The meaning without what comes behind it, and cut where it is longer than a line.
std::string short_meaning(const std::string& meaning, std::size_t width) {
  const std::string first = meaning.substr(0, std::min(meaning.find("; "), meaning.find(": ")));
  const std::vector<std::string> lines = wrapped(first, width > 4 ? width - 4 : width);
  return lines.size() == 1 ? first : lines.front() + " ...";
}

void print_option(std::ostream& out, const po::option_description& option, bool is_short, std::size_t width) {
  constexpr std::size_t indent = 2;
  constexpr std::size_t column = 30;
  const std::string name = option_text(option);
  const std::size_t room = width - column;
  const std::vector<std::string> lines =
      wrapped(is_short ? short_meaning(option.description(), room) : option.description(), room);
  out << std::string(indent, ' ') << name;
  std::size_t used = indent + name.size();
  if (used + 2 > column) {
    out << '\n';
    used = 0;
  }
  for (const std::string& line : lines) {
    out << std::string(column - used, ' ') << line << '\n';
    used = 0;
  }
}

/// Groups that are only named: title and names of the options.
void print_names(std::ostream& out, const OptionGroup& group, std::size_t width) {
  std::string names;
  for (const Option& option : group.options) names += (names.empty() ? "--" : " --") + option->long_name();
  out << group.title << ":\n";
  for (const std::string& line : wrapped(names, width - 2)) out << "  " << line << '\n';
}

constexpr std::array<ExitMeaning, 9> exits{{
    {"0", "done"},
    {"1", "internal failure"},
    {"2", "usage or configuration error"},
    {"3", "no usable input data"},
    {"4", "done, but some inputs were skipped, or some news not delivered"},
    {"5", "a check failed (status, coverage, doctor, verify)"},
    {"69", "a server cannot be reached"},
    {"75", "another run is at work on the state"},
    {"129, 130, 143", "ended by a signal"},
}};

}  // namespace

std::span<const ExitMeaning> exit_meanings() { return exits; }

std::vector<OptionGroup> option_groups(Command& command) {
  static const std::vector<SharedGroup> shared = shared_groups();
  static const auto group_of = group_by_option(shared);
  std::vector<OptionGroup> groups{{"Options of everyday use", true, {}}};
  for (const SharedGroup& group : shared) groups.push_back({group.title, group.is_everyday, {}});
  const po::options_description options = command.options();
  for (const Option& option : options.options()) {
    const auto found = group_of.find({option->long_name(), option->description()});
    groups[found == group_of.end() ? 0 : found->second + 1].options.push_back(option);
  }
  const po::options_description common = common_options();
  groups.push_back({"Common options", true, {common.options().begin(), common.options().end()}});
  std::stable_partition(groups.begin(), groups.end() - 1, [](const OptionGroup& group) { return group.is_everyday; });
  std::erase_if(groups, [](const OptionGroup& group) { return group.options.empty(); });
  return groups;
}

std::string value_text(const po::option_description& option) {
  return option.semantic()->max_tokens() == 0 ? std::string() : option.format_parameter();
}

std::string option_text(const po::option_description& option) {
  const std::string letter = option.canonical_display_name(po::command_line_style::allow_dash_for_short);
  const bool has_letter = letter.size() == 2 && letter[0] == '-';
  // -h has no longer name: Boost asks for one, and it has its letter as that.
  if (option.long_name().size() == 1) return letter;
  const std::string value = value_text(option);
  return (has_letter ? letter + ", --" : "--") + option.long_name() + (value.empty() ? "" : " " + value);
}

void print_help(std::ostream& out, const CommandEntry& entry, HelpLength length, std::size_t width) {
  const auto print_lines = [&](std::string_view text) {
    for (const std::string& line : wrapped(text, width)) out << line << '\n';
  };
  print_lines("usage: pitwatch " + std::string(entry.usage));
  print_lines(entry.summary);
  if (!entry.about.empty() && length != HelpLength::brief) {
    out << '\n';
    print_lines(entry.about);
  }
  const std::unique_ptr<Command> command = entry.make();
  std::size_t options = 0;
  bool has_more = false;
  for (const OptionGroup& group : option_groups(*command)) {
    options += group.options.size();
    const bool is_whole = group.is_everyday || length == HelpLength::whole;
    has_more = has_more || !is_whole;
    if (!is_whole && length == HelpLength::brief) continue;
    out << '\n';
    if (!is_whole) {
      print_names(out, group, width);
      continue;
    }
    out << group.title << ":\n";
    for (const Option& option : group.options) print_option(out, *option, length == HelpLength::brief, width);
  }
  out << '\n';
  if (length == HelpLength::brief) print_lines("--help tells more, in groups; --help-all tells all.");
  if (length == HelpLength::groups) {
    print_lines(
        (has_more ? "--help-all lists every one of the " + std::to_string(options) + " options"
                  : std::string("--help-all lists every option")) +
        " with unit, default and range. Every option may also stand in the file of --config, or in the environment"
        " as PITWATCH_NAME.");
  }
}

std::size_t help_width() {
  constexpr std::size_t usual = 100;
  winsize size{};
  if (::isatty(STDOUT_FILENO) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual;
  return std::clamp<std::size_t>(size.ws_col, 60, 120);
}

}  // namespace pitwatch::tools
