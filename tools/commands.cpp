#include "tools/commands.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "pipeline/core/renamed_options.hpp"
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

namespace pitwatch::tools {
namespace {

const std::array commands{&compare_entry, &run_entry,     &plan_entry,     &merge_entry,    &rerun_entry,
                          &status_entry,  &verify_entry,  &doctor_entry,   &prune_entry,    &fetch_entry,
                          &alerts_entry,  &context_entry, &account_entry,  &coverage_entry, &notify_entry,
                          &publish_entry, &report_entry,  &evidence_entry, &map_entry,      &index_entry,
                          &inspect_entry, &scenes_entry,  &score_entry,    &series_entry,   &simulate_entry};

}  // namespace

std::span<const CommandEntry* const> all_commands() { return commands; }

std::vector<Call> all_calls() {
  std::vector<Call> calls;
  for (const CommandEntry* entry : commands) {
    if (entry->actions.empty()) calls.push_back({std::string(entry->name), entry});
    for (const CommandEntry* action : entry->actions) {
      calls.push_back({std::string(entry->name) + " " + std::string(action->name), action});
    }
  }
  return calls;
}

const CommandEntry* find_command(std::string_view name) {
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const CommandEntry* candidate) { return candidate->name == name; });
  return found == commands.end() ? nullptr : *found;
}

bool is_option_of_any_command(std::string_view name) {
  static const std::set<std::string> names = [] {
    std::set<std::string> all;
    const auto add = [&](const boost::program_options::options_description& options) {
      for (const auto& option : options.options()) all.insert(option->long_name());
    };
    add(common_options());
    for (const Call& call : all_calls()) add(call.entry->make()->options());
    return all;
  }();
  return names.count(std::string(name == "until" ? "to" : present_name(name))) != 0;
}

}  // namespace pitwatch::tools
