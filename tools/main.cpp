// pitwatch: the command line. Finds the subcommand, parses its options, runs it, and turns errors into one line on
// stderr and an exit code.

#include <signal.h>
#include <spdlog/spdlog.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <iostream>

#include "kernels/dispatch.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/exit_code.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/report/versions.hpp"
#include "tools/commands.hpp"
#include "tools/common_options.hpp"
#include "tools/did_you_mean.hpp"
#include "tools/help.hpp"
#include "tools/logging.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {
namespace {

void print_usage(std::ostream& out) {
  out << "pitwatch: watches mineral deposits for newly disturbed ground in Sentinel-2 scenes\n\n"
         "usage: pitwatch COMMAND [options]\n       pitwatch COMMAND -h | --help | --help-all\n       pitwatch "
         "--version\n\nCommands:\n";
  TextTable commands;
  for (const CommandEntry* entry : all_commands()) {
    commands.push_back({"  " + std::string(entry->name), std::string(entry->summary)});
  }
  out << aligned(commands);
  TextTable exits;
  for (const ExitMeaning& exit : exit_meanings()) {
    exits.push_back({"  " + std::string(exit.code), std::string(exit.meaning)});
  }
  out << "\nExit codes:\n" << aligned(exits);
}

void print_version(std::ostream& out) {
  for (const auto& [name, version] : versions()) out << name << " " << version << "\n";
  out << "SIMD target " << kernels::active_target() << " (available:";
  for (const std::string& target : kernels::available_targets()) out << " " << target;
  out << ")\n";
}

void print_actions(const CommandEntry& group) {
  std::cout << "usage: pitwatch " << group.usage << "\n" << group.summary << "\n\nActions:\n";
  TextTable actions;
  for (const CommandEntry* action : group.actions) {
    actions.push_back({"  " + std::string(action->name), std::string(action->summary)});
  }
  std::cout << aligned(actions);
  std::cout << "\npitwatch " << group.name << " ACTION --help lists the options of one.\n";
}

/// The action that the arguments name, which is taken out of them: the first that is the name of one and not the value
/// of the option before it (--state list), if there is such.
const CommandEntry* take_action(const CommandEntry& group, std::vector<std::string>& arguments) {
  std::string all;
  for (const CommandEntry* action : group.actions) {
    all += all.empty() ? "" : action == group.actions.back() ? " or " : ", ";
    all += action->name;
  }
  const std::string help = "see pitwatch " + std::string(group.name) + " --help";
  const auto may_be_a_value = [&](std::size_t i) { return i > 0 && arguments[i - 1].starts_with("-"); };
  for (const bool values_too : {false, true}) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      for (const CommandEntry* action : group.actions) {
        if (arguments[i] != action->name || (may_be_a_value(i) && !values_too)) continue;
        arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i));
        return action;
      }
    }
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with("-") || may_be_a_value(i)) continue;
    std::vector<std::string> names;
    for (const CommandEntry* action : group.actions) names.emplace_back(action->name);
    throw ConfigError("no action '" + arguments[i] + "': " + all + "; " + help + did_you_mean(arguments[i], names));
  }
  throw ConfigError(all + "? " + help);
}

bool is_help(std::string_view word) { return word == "--help" || word == "-h" || word == "--help-all"; }

/// "; did you mean compare?" or where help is.
std::string nearest_command(std::string_view word) {
  std::vector<std::string> names;
  for (const CommandEntry* entry : all_commands()) names.emplace_back(entry->name);
  const std::string nearest = did_you_mean(word, names);
  return (nearest.empty() ? "; see" : nearest + " See") + std::string(" pitwatch --help");
}

int dispatch(std::vector<std::string> arguments) {
  if (!kernels::pin_target_from_environment()) {
    throw ConfigError("PITWATCH_SIMD names a target that this machine does not have; pitwatch --version lists them");
  }
  if (arguments.empty()) {
    print_usage(std::cerr);
    return exit_usage;
  }
  if (arguments[0] == "help" && arguments.size() > 1) {  // "help run" is "run --help"
    std::rotate(arguments.begin(), arguments.begin() + 1, arguments.end());
    arguments.back() = "--help";
  }
  if (is_help(arguments[0]) || arguments[0] == "help") {
    print_usage(std::cout);
    return exit_done;
  }
  if (arguments[0] == "--version") {
    print_version(std::cout);
    return exit_done;
  }
  const CommandEntry* entry = find_command(arguments[0]);
  if (entry == nullptr) throw ConfigError("no command '" + arguments[0] + "'" + nearest_command(arguments[0]));
  std::string call(entry->name);
  std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (!entry->actions.empty()) {
    if (!rest.empty() && is_help(rest[0])) {
      print_actions(*entry);
      return exit_done;
    }
    entry = take_action(*entry, rest);
    call += " " + std::string(entry->name);
  }

  const std::unique_ptr<Command> command = entry->make();
  std::vector<std::string> remarks;
  const auto values = parse_options(*command, rest, call, &remarks);
  if (const std::optional<HelpLength> length = help_asked_for(values)) {
    print_help(std::cout, *entry, *length, help_width());
    return exit_done;
  }
  const CommonOptions common = read_common_options(values);
  CommonOptions loud = common;
  loud.quiet = false;
  for (const std::string& remark : remarks) {
    // A nightly run is mostly --quiet, and a variable that is not heeded is no small thing.
    configure_logging(remark.starts_with("PITWATCH_") ? loud : common);
    spdlog::warn("{}", remark);
  }
  configure_logging(common);
  command->setup(values);
  return command->run();
}

/// The first signal asks for an end, one a second later or more ends at once: files are whole at any moment. Wrappers
/// such as timeout send each signal twice.
void on_signal(int signal) {
  constexpr std::time_t patience = 1;
  static std::atomic<std::time_t> first{0};
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  std::time_t none = 0;
  if (!first.compare_exchange_strong(none, now.tv_sec) && now.tv_sec - none > patience) {
    ::_exit(exit_code_of_signal(signal));
  }
  request_end(signal);
}

void heed_signals() {
  ::signal(SIGXFSZ, SIG_IGN);  // a file beyond the limit of sizes (ulimit -f) is an error of writing, with a message
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    // What the caller has the program ignore, as nohup does, stays ignored.
    if (sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace
}  // namespace pitwatch::tools

int main(int argc, char** argv) {
  using namespace pitwatch;
  using namespace pitwatch::tools;
  configure_logging({});
  heed_signals();
  try {
    const int code = dispatch({argv + 1, argv + argc});
    if (!std::cout.flush()) throw IoError("cannot write to stdout");
    return code;
  } catch (const std::bad_alloc&) {
    spdlog::error("out of memory: a smaller --memory or --tile-size may help");
    return exit_internal;
  } catch (const std::exception& error) {
    spdlog::error("{}", error_chain(error));
    return exit_code_of(error);
  }
}
