#include "pipeline/record/standing.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <tuple>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/record/verify.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t most_alarms_of_files = 20;
constexpr std::chrono::minutes most_ahead(5);  // clocks of two machines differ

std::vector<MissingGroup> grouped(const std::vector<MissingAcquisition>& missing) {
  std::map<std::tuple<std::string, Instant, MissingWhat>, MissingGroup> groups;
  for (const MissingAcquisition& one : missing) {
    MissingGroup& group = groups[{one.site, one.since, one.what}];
    if (group.count == 0) group = {one.site, one.what, one.since, 0, one.acquired, one.acquired};
    ++group.count;
    group.first = std::min(group.first, one.acquired);
    group.last = std::max(group.last, one.acquired);
  }
  std::vector<MissingGroup> list;
  for (const auto& [key, group] : groups) list.push_back(group);
  return list;
}

std::vector<CheckpointSizes> checkpoint_sizes(const Manifest& manifest) {
  std::map<std::string, std::uint64_t> sizes;
  for (const OutputFile& file : manifest.outputs) sizes[file.path] = file.size;
  std::vector<CheckpointSizes> of_sites;
  for (const SiteStanding& site : manifest.sites) {
    CheckpointSizes& sum = of_sites.emplace_back();
    for (const CheckpointFile& file : site.checkpoints) {
      ++sum.files;
      const auto found = sizes.find(file.path);
      if (found != sizes.end()) sum.bytes += found->second;
    }
  }
  return of_sites;
}

std::string hours_text(std::chrono::milliseconds age) {
  return std::to_string(std::chrono::duration_cast<std::chrono::hours>(age).count()) + " hours";
}

/// Of the nightly runs: a review since says nothing of these.
void check_last_run(const Standing& standing, Instant now, std::optional<std::chrono::milliseconds> max_age,
                    std::vector<std::string>& alarms) {
  const std::optional<RunEnd>& run = standing.last_run;
  if (run && !run->is_success()) {
    alarms.push_back("the last run failed: exit code " + std::to_string(run->exit_code) +
                     (run->message.empty() ? "" : ", " + run->message));
  }
  for (const SiteStanding& site : standing.last->sites) {
    if (!site.last_error.empty()) alarms.push_back("site " + site.id + " failed in the last run: " + site.last_error);
  }
  // By such a clock no run would ever be overdue.
  if (run && run->ended - now > most_ahead) {
    alarms.push_back("the last run ended at " + format_instant(run->ended) +
                     ", which is yet to come: a clock is wrong");
  }
  if (max_age && run && now - run->ended > *max_age) {
    alarms.push_back("no run has ended for " + hours_text(now - run->ended) + ", which is more than " +
                     hours_text(*max_age));
  }
}

/// The last nightly run that is published, and the last that succeeded; what is damaged is passed over.
void find_runs(const std::string& state, const std::vector<std::string>& names, Standing& standing) {
  for (auto name = std::upper_bound(names.begin(), names.end(), standing.name); name != names.begin();) {
    --name;
    Manifest manifest;
    try {
      manifest = *name == standing.name ? *standing.last : read_manifest(state, *name);
    } catch (const DataError&) {
      continue;
    }
    if (manifest.command != "run") continue;
    const RunEnd end{*name, manifest.started, manifest.ended, manifest.exit_code, manifest.message};
    if (!standing.last_run) standing.last_run = end;
    if (!end.is_success()) continue;
    standing.last_success = end;
    return;
  }
}

void check_unpublished(Standing& standing) {
  if (!standing.last && standing.unpublished.size() != 1) {
    standing.alarms.emplace_back(standing.unpublished.empty()
                                     ? "runs: holds no manifest: no run has ended yet, or the record was removed"
                                     : "runs/HEAD: is missing; see pitwatch verify");
  } else if (!standing.unpublished.empty()) {
    standing.alarms.push_back("a run was killed while it published: runs/" + standing.unpublished.back() +
                              " is beyond HEAD; the next run makes it good");
  }
}

/// Of another size, or missing: what can be known without reading them.
void check_files(const std::string& state, const Manifest& last, std::vector<std::string>& alarms) {
  std::size_t found = 0;
  for (const OutputFile& file : last.outputs) {
    std::string problem;
    try {
      const auto size = size_of_regular_file(file.path.front() == '/' ? file.path : state + "/" + file.path);
      if (!size) problem = "is missing";
      if (size && *size != file.size) problem = "has another size than the record says";
    } catch (const DataError& error) {
      problem = error.what();
    }
    if (!problem.empty() && ++found <= most_alarms_of_files) alarms.push_back(file.path + ": " + problem);
  }
  if (found > most_alarms_of_files) {
    alarms.push_back("and " + std::to_string(found - most_alarms_of_files) + " more files; pitwatch verify names all");
  }
}

/// Whether the pictures of all alerts went with their folder. Of each file of chips some older manifest may be the
/// newest that names it: they are looked through only where there is no folder.
void check_chips(const std::string& state, const Manifest& last, std::vector<std::string>& alarms) {
  std::error_code none;
  const bool has_alerts = last.alert_register && !last.alert_register->alerts.empty();
  if (!has_alerts || std::filesystem::is_directory(state + "/chips", none)) return;
  std::set<std::string> named;
  std::vector<std::string> names = manifest_names(state);
  std::reverse(names.begin(), names.end());
  for (const std::string& name : names) {
    try {
      for (const ChipFile& chip : read_manifest(state, name).chips) {
        if (!named.insert(chip.path).second || chip.sha256.empty()) continue;
        alarms.emplace_back("chips: is missing: the pictures of all alerts are; pitwatch verify names all");
        return;
      }
    } catch (const DataError&) {
      continue;
    }
  }
}

void read_record(const std::string& state, Standing& standing) {
  std::string head_name;
  try {
    if (const auto reference = read_head(state)) head_name = reference->name;
    standing.last = head(state);
    if (standing.last) standing.name = head_name;
  } catch (const DataError& error) {
    standing.alarms.emplace_back(error.what());
  }
  const std::vector<std::string> names = manifest_names(state);
  if (standing.last) find_runs(state, names, standing);
  standing.unpublished.assign(std::upper_bound(names.begin(), names.end(), head_name), names.end());
}

}  // namespace

Standing standing_of(const std::string& state, Instant now, std::optional<std::chrono::milliseconds> max_age) {
  Standing standing;
  std::error_code none;
  const bool may_be_made = std::filesystem::is_directory(state, none);  // by a first run
  if (!holds_state(state) && !(may_be_made && is_folder_locked(state))) throw DataError(state + ": holds no state");
  standing.is_at_work = is_folder_locked(state);
  read_record(state, standing);
  // What a run that is at work has begun is not published yet, and no fault.
  if (standing.alarms.empty() && !standing.is_at_work) check_unpublished(standing);
  if (!standing.last) return standing;
  check_last_run(standing, now, max_age, standing.alarms);
  if (!standing.is_at_work) {
    check_files(state, *standing.last, standing.alarms);
    check_chips(state, *standing.last, standing.alarms);
  }
  standing.missing = grouped(standing.last->missing);
  standing.sizes = checkpoint_sizes(*standing.last);
  return standing;
}

}  // namespace pitwatch
