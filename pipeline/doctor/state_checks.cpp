#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/doctor/checks.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/process_user.hpp"
#include "pipeline/record/standing.hpp"
#include "pipeline/record/verify.hpp"
#include "pipeline/watch/publish.hpp"
#include "pipeline/watch/site_state.hpp"
#include "pipeline/watch/watched_site.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

/// What of a state this user cannot write, and what belongs to another user than the folder does: the first of each.
struct Strangers {
  std::string unwritable;
  std::string of_other;
  std::string writable_by_all;
};

void look_at(const fs::path& path, uid_t owner, Strangers& found) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0 || S_ISLNK(facts.st_mode)) return;
  if (found.unwritable.empty() && ::access(path.c_str(), W_OK) != 0) found.unwritable = path.string();
  if (found.of_other.empty() && facts.st_uid != owner) {
    found.of_other = path.string() + " belongs to " + user_name(facts.st_uid);
  }
  if (found.writable_by_all.empty() && (facts.st_mode & S_IWOTH) != 0) found.writable_by_all = path.string();
}

void check_permissions(const std::string& state, HealthChecks& checks) {
  struct stat facts {};
  if (::stat(state.c_str(), &facts) != 0) return;
  Strangers found;
  look_at(state, facts.st_uid, found);
  std::error_code error;
  for (fs::recursive_directory_iterator it(state, error), end; !error && it != end; it.increment(error)) {
    look_at(it->path(), facts.st_uid, found);
  }
  if (error) {
    checks.push_back({"permissions", Health::failed, state + ": cannot be listed: " + error.message(),
                      "run doctor as the user of the nightly run"});
  } else if (!found.unwritable.empty()) {
    checks.push_back({"permissions", Health::failed, "user " + process_user() + " may not write " + found.unwritable,
                      "chown -R to the user of the nightly run; who only reads needs no more than this"});
  } else if (!found.of_other.empty()) {
    checks.push_back({"permissions", Health::warning, found.of_other + ", the state to " + user_name(facts.st_uid),
                      "chown -R to the user of the nightly run, and let no other run it"});
  } else if (!found.writable_by_all.empty()) {
    checks.push_back({"permissions", Health::warning, "everybody may write " + found.writable_by_all, "chmod -R o-w"});
  } else {
    checks.push_back({"permissions", Health::ok, "user " + process_user() + " may read and write all of it", ""});
  }
}

void check_lock(const std::string& state, HealthChecks& checks) {
  constexpr long network_file_system = 0x6969;
  constexpr long windows_share = static_cast<long>(0xFF534D42);
  struct statfs system {};
  const bool is_remote =
      ::statfs(state.c_str(), &system) == 0 && (system.f_type == network_file_system || system.f_type == windows_share);
  try {
    const SharedFolderLock lock(state);
    checks.push_back(
        {"lock", is_remote ? Health::warning : Health::ok,
         is_remote ? "free; the state is on a network file system" : "free",
         is_remote ? "run from one machine only, or from all with locks that reach over the network" : ""});
  } catch (const BusyError& error) {
    checks.push_back({"lock", Health::ok, error.what(), ""});
  } catch (const IoError& error) {
    checks.push_back({"lock", Health::failed, error.what(), "chown it to the user of the nightly run"});
  }
}

/// What of the options differs from those that a site was learnt with: a run would refuse to go on. Nothing where no
/// sites are named.
std::string changed_options(const WatchOptions& options, const std::map<std::string, StateHead>& heads) {
  if (options.sites.empty()) return {};
  std::vector<RejectedSite> rejected;
  std::vector<WatchedSite> sites;
  try {
    sites = watched_sites(options, rejected);
  } catch (const std::runtime_error&) {
    return {};  // told of the sites
  }
  for (const WatchedSite& site : sites) {
    const auto head = heads.find(site.site.id);
    if (head == heads.end()) continue;
    const std::string text = differences(head->second, {site.algorithm, site.in_clear, grid_of(head->second)});
    if (!text.empty()) return "site " + site.site.id + ": " + text;
  }
  return {};
}

/// Heads of the newest checkpoints: read by a program of their version, with the options of now.
void check_checkpoints(const std::string& state, const Manifest& last, const WatchOptions& options,
                       HealthChecks& checks) {
  std::string problem;
  std::map<std::string, StateHead> heads;
  std::size_t read = 0;
  for (const SiteStanding& site : last.sites) {
    const auto newest = std::max_element(
        site.checkpoints.begin(), site.checkpoints.end(),
        [](const CheckpointFile& a, const CheckpointFile& b) { return a.acquisitions < b.acquisitions; });
    if (newest == site.checkpoints.end() || !site.is_watched || !problem.empty()) continue;
    try {
      const StateHead head = read_state_head(state + "/" + newest->path);
      ++read;
      if (head.version != algorithm_version) {
        problem = newest->path + ": is of algorithm " + std::to_string(head.version) + ", the program of " +
                  std::to_string(algorithm_version);
      }
      heads.emplace(site.id, head);
    } catch (const std::runtime_error& error) {
      problem = error.what();
    }
  }
  checks.push_back(
      {"checkpoints", problem.empty() ? Health::ok : Health::failed,
       problem.empty() ? std::to_string(read) + " sites, algorithm " + std::to_string(algorithm_version) : problem,
       problem.empty() ? "" : "run --relearn learns such a site again; its alerts stay in the register"});
  if (!problem.empty()) return;
  if (const std::string changed = changed_options(options, heads); !changed.empty()) {
    checks.push_back({"options", Health::warning, "the state was learnt with others: " + changed,
                      "run with these ends with 2: call doctor with the options of the nightly run"});
  }
}

std::string in_record(std::uint64_t alerts, std::uint64_t reviews) {
  return "of the record " + std::to_string(alerts) + " and " + std::to_string(reviews) +
         ": others were added by another program";
}

void check_register(const WatchOptions& options, const Manifest& last, HealthChecks& checks) {
  if (!last.alert_register) return;
  try {
    const RegisterStanding& known = *last.alert_register;
    const std::string older = expect_known_register(known, options.state, options.register_target);
    const RegisterCounts found = pitwatch::check_register(options.register_target);
    std::uint64_t alerts = 0;
    std::uint64_t known_alerts = 0;
    for (const auto& [status, count] : found.alerts) alerts += count;
    for (const auto& [status, count] : known.alerts) known_alerts += count;
    const bool is_as_known = alerts == known_alerts && found.reviews == known.reviews;
    checks.push_back({"register", older.empty() ? Health::ok : Health::warning,
                      known.target + ": " + std::to_string(alerts) + " alerts, " + std::to_string(found.reviews) +
                          " reviews, " + (is_as_known ? "as the record says" : in_record(known_alerts, known.reviews)) +
                          (older.empty() ? "" : "; " + older),
                      ""});
  } catch (const BusyError& error) {
    checks.push_back({"register", Health::warning, error.what(), "a run would end with 75"});
  } catch (const std::runtime_error& error) {
    checks.push_back({"register", Health::failed, error.what(), "see README.md, Backup"});
  }
}

}  // namespace

void check_state(const WatchOptions& options, Instant now, HealthChecks& checks) {
  const std::string& state = options.state;
  std::error_code none;
  if (!holds_state(state)) {
    const bool is_there = fs::is_directory(state, none);
    if (!is_there && fs::exists(fs::symlink_status(state, none))) {
      checks.push_back({"state", Health::failed, state + ": is no folder", "give the folder of the nightly run"});
      return;
    }
    const std::string place = is_there ? state : fs::absolute(state, none).lexically_normal().parent_path().string();
    const bool can_write = ::access(place.c_str(), W_OK | X_OK) == 0;
    checks.push_back({"state", can_write ? Health::ok : Health::failed,
                      state + ": holds no state yet" +
                          (can_write ? "; the first run makes it" : ", and this user cannot make it in " + place),
                      can_write ? "" : "make the folder and chown it to the user of the nightly run"});
    return;
  }
  check_permissions(state, checks);
  check_lock(state, checks);
  try {
    const Standing standing = standing_of(state, now);
    std::string found = standing.last_success
                            ? "last success " + format_instant(standing.last_success->ended) + ", " + standing.name
                            : "no run has succeeded yet";
    if (!standing.is_well()) found = standing.alarms.front();
    checks.push_back({"state", standing.is_well() ? Health::ok : Health::failed, found,
                      standing.is_well() ? "" : "pitwatch status and pitwatch verify tell all of it"});
    if (!standing.last) return;
    check_checkpoints(state, *standing.last, options, checks);
    check_register(options, *standing.last, checks);
  } catch (const std::runtime_error& error) {
    checks.push_back({"state", Health::failed, error.what(), "pitwatch verify tells more"});
  }
}

}  // namespace pitwatch
