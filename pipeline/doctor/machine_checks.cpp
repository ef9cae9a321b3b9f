#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

#include "pipeline/doctor/checks.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/schedule/machine_memory.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;

constexpr double megabyte = 1e6;

std::string counted(double count, const char* what) {
  return std::to_string(static_cast<long long>(count)) + " " + what;
}

/// What the files below a folder take; links are not followed.
double bytes_below(const std::string& folder) {
  double bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code none;
    if (it->is_symlink(none) || !it->is_regular_file(none)) continue;
    const auto size = it->file_size(none);
    if (!none) bytes += static_cast<double>(size);
  }
  return bytes;
}

/// The folder, or the nearest around it that is there.
std::string existing(const std::string& folder) {
  std::error_code none;
  fs::path path = fs::absolute(folder, none).lexically_normal();
  while (!fs::is_directory(path, none) && path.has_parent_path() && path != path.parent_path())
    path = path.parent_path();
  return path.string();
}

/// A night writes a checkpoint more for each site, chips, and the register anew before the old one goes.
void check_disk(const std::string& state, HealthChecks& checks) {
  constexpr double least_share = 0.1;
  constexpr double least_inodes = 1000;
  struct statvfs disk {};
  const std::string folder = existing(state);
  if (::statvfs(folder.c_str(), &disk) != 0) {
    checks.push_back({"disk", Health::failed, folder + ": cannot be asked for its space", "look at its mount"});
    return;
  }
  const double free = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
  const double taken = bytes_below(state);
  const bool has_inodes = disk.f_files > 0;
  const auto inodes = static_cast<double>(disk.f_favail);
  const bool is_short = free < std::max(100 * megabyte, least_share * taken) || (has_inodes && inodes < least_inodes);
  const bool is_low = free < std::max(1000 * megabyte, taken) || (has_inodes && inodes < 20 * least_inodes);
  const std::string found = bytes_text(free) + " free for a state of " + bytes_text(taken) +
                            (has_inodes ? ", " + counted(inodes, "files more") : "");
  checks.push_back({"disk",
                    is_short ? Health::failed
                    : is_low ? Health::warning
                             : Health::ok,
                    found, is_short || is_low ? "make room: pitwatch prune, or a larger disk" : ""});
}

/// A clock that went wrong names manifests wrongly, and has overpasses expected that were not yet.
void check_clock(const std::string& state, Instant now, HealthChecks& checks) {
  const Instant program_of = std::chrono::sys_days{std::chrono::year{2024} / 1 / 1};
  std::string problem;
  if (now < program_of) problem = "it is " + format_instant(now) + ", before this program was made";
  try {
    const auto head = state.empty() ? std::nullopt : read_head(state);
    const auto names = head ? manifest_names(state) : std::vector<std::string>();
    if (!names.empty()) {
      const Manifest last = read_manifest(state, names.back());
      if (last.ended > now + std::chrono::minutes(5)) {
        problem = "it is " + format_instant(now) + ", and the last manifest is of " + format_instant(last.ended);
      }
      for (const SiteStanding& site : last.sites) {
        if (site.last_acquisition && *site.last_acquisition > now + days(1)) {
          problem = "it is " + format_instant(now) + ", and an acquisition of " + site.id + " is of " +
                    format_instant(*site.last_acquisition);
        }
      }
    }
  } catch (const DataError&) {  // the record has a check of its own
  }
  checks.push_back({"clock", problem.empty() ? Health::ok : Health::failed,
                    problem.empty() ? format_instant(now) : problem,
                    problem.empty() ? "" : "set the clock (timedatectl; chrony or systemd-timesyncd)"});
}

void check_umask(HealthChecks& checks) {
  const mode_t mask = ::umask(022);
  ::umask(mask);
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mask));
  const bool all_may_write = (mask & 02U) == 0;
  const bool none_may_read = (mask & 040U) != 0;
  std::string found = text.data();
  if (all_may_write) found += ": everybody may write what a run makes";
  if (none_may_read) found += ": nobody else can read what a run makes, analysts and monitoring neither";
  checks.push_back({"umask", all_may_write || none_may_read ? Health::warning : Health::ok, found,
                    all_may_write || none_may_read ? "umask 022, or 027 where the readers are of its group" : ""});
}

}  // namespace

std::string bytes_text(double bytes) {
  std::array<char, 32> text{};
  const bool is_large = bytes >= 1e9;
  std::snprintf(text.data(), text.size(), "%.1f %s", bytes / (is_large ? 1e9 : 1e6), is_large ? "GB" : "MB");
  return text.data();
}

void check_machine(const WatchOptions& options, Instant now, HealthChecks& checks) {
  const auto usable = static_cast<double>(usable_memory_bytes());
  const auto allowed = static_cast<double>(options.memory_bytes);
  checks.push_back({"memory", allowed > usable ? Health::warning : Health::ok,
                    bytes_text(usable) + " to be had, " + bytes_text(allowed) + " allowed",
                    allowed > usable ? "a smaller --memory, or a larger limit of the control group" : ""});
  check_clock(options.state, now, checks);
  check_umask(checks);
  if (!options.state.empty()) check_disk(options.state, checks);
}

}  // namespace pitwatch
