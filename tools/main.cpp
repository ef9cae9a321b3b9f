// pitwatch: the command line. Finds the subcommand, parses its options, runs it, and turns errors into one line on
// stderr and an exit code.

#include <signal.h>
#include <spdlog/spdlog.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iostream>

#include "kernels/dispatch.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/report/versions.hpp"
#include "tools/command_account.hpp"
#include "tools/command_alerts.hpp"
#include "tools/command_compare.hpp"
#include "tools/command_context.hpp"
#include "tools/command_coverage.hpp"
#include "tools/command_doctor.hpp"
#include "tools/command_evidence.hpp"
#include "tools/command_fetch.hpp"
#include "tools/command_index.hpp"
#include "tools/command_inspect.hpp"
#include "tools/command_map.hpp"
#include "tools/command_notify.hpp"
#include "tools/command_prune.hpp"
#include "tools/command_publish.hpp"
#include "tools/command_report.hpp"
#include "tools/command_run.hpp"
#include "tools/command_scenes.hpp"
#include "tools/command_score.hpp"
#include "tools/command_series.hpp"
#include "tools/command_simulate.hpp"
#include "tools/command_status.hpp"
#include "tools/command_verify.hpp"
#include "tools/common_options.hpp"
#include "tools/exit_codes.hpp"
#include "tools/logging.hpp"

namespace pitwatch::tools {
namespace {

const std::array commands{&compare_entry,  &run_entry,      &rerun_entry,   &status_entry,  &verify_entry,
                          &doctor_entry,   &prune_entry,    &fetch_entry,   &alerts_entry,  &context_entry,
                          &account_entry,  &coverage_entry, &notify_entry,  &publish_entry, &report_entry,
                          &evidence_entry, &map_entry,      &index_entry,   &inspect_entry, &scenes_entry,
                          &score_entry,    &series_entry,   &simulate_entry};

void print_usage(std::ostream& out) {
  out << "pitwatch: watches mineral deposits for newly disturbed ground in Sentinel-2 scenes\n\n"
         "usage: pitwatch COMMAND [options]\n       pitwatch COMMAND --help | --version\n\nCommands:\n";
  for (const CommandEntry* entry : commands) out << "  " << entry->name << "\t" << entry->summary << "\n";
  out << "\nExit codes: 0 done; 1 internal failure; 2 usage or configuration error; 3 no usable input data;\n"
         "4 done, but some inputs were skipped, or some news not delivered; 5 a check failed (status, coverage, "
         "doctor, verify);\n"
         "69 a server cannot be reached;\n"
         "75 another run is at work on the state; 129, 130, 143 ended by a signal.\n";
}

void print_version(std::ostream& out) {
  for (const auto& [name, version] : versions()) out << name << " " << version << "\n";
  out << "SIMD target " << kernels::active_target() << " (available:";
  for (const std::string& target : kernels::available_targets()) out << " " << target;
  out << ")\n";
}

void print_actions(const CommandEntry& group) {
  std::cout << "usage: pitwatch " << group.usage << "\n" << group.summary << "\n\nActions:\n";
  for (const CommandEntry* action : group.actions) std::cout << "  " << action->name << "\t" << action->summary << "\n";
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
    throw ConfigError("no action '" + arguments[i] + "': " + all + "; " + help);
  }
  throw ConfigError(all + "? " + help);
}

int dispatch(const std::vector<std::string>& arguments) {
  if (!kernels::pin_target_from_environment()) {
    throw ConfigError("PITWATCH_SIMD names a target that this machine does not have; pitwatch --version lists them");
  }
  if (arguments.empty()) {
    print_usage(std::cerr);
    return exit_usage;
  }
  if (arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    print_usage(std::cout);
    return exit_done;
  }
  if (arguments[0] == "--version") {
    print_version(std::cout);
    return exit_done;
  }
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const CommandEntry* candidate) { return candidate->name == arguments[0]; });
  if (found == commands.end()) throw ConfigError("no command '" + arguments[0] + "'; see pitwatch --help");
  const CommandEntry* entry = *found;
  std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (!entry->actions.empty()) {
    if (!rest.empty() && (rest[0] == "--help" || rest[0] == "-h")) {
      print_actions(*entry);
      return exit_done;
    }
    entry = take_action(*entry, rest);
  }

  const std::unique_ptr<Command> command = entry->make();
  const auto values = parse_options(*command, rest);
  if (values.count("help") != 0) {
    std::cout << "usage: pitwatch " << entry->usage << "\n"
              << entry->summary << "\n\n"
              << command->options() << "\n"
              << common_options();
    return exit_done;
  }
  configure_logging(read_common_options(values));
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
