#include "pipeline/schedule/machine_memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

/// "max" is none.
std::optional<std::int64_t> limit_in(const fs::path& file) {
  std::ifstream in(file);
  std::int64_t bytes = 0;
  if (in >> bytes && bytes > 0) return bytes;
  return std::nullopt;
}

/// The least limit of a group and of those that it is in.
std::int64_t least_limit(const fs::path& hierarchy, const fs::path& group, const char* file) {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  fs::path path = group.lexically_normal().relative_path();
  while (true) {
    // In a container the hierarchy may begin at the group itself; then only its root is there.
    if (const auto limit = limit_in(hierarchy / path / file)) least = std::min(least, *limit);
    if (path.empty()) return least;
    path = path.parent_path();
  }
}

bool has_word(std::string_view list, std::string_view word) {
  for (std::size_t from = 0; from <= list.size();) {
    const std::size_t comma = std::min(list.find(',', from), list.size());
    if (list.substr(from, comma - from) == word) return true;
    from = comma + 1;
  }
  return false;
}

}  // namespace

std::int64_t usable_memory_bytes(const std::string& root) {
  std::int64_t bytes = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGE_SIZE);
  const fs::path groups = root + "/sys/fs/cgroup";
  std::ifstream list(root + "/proc/self/cgroup");
  // "0::/system.slice/pitwatch.service", or of version 1 "5:memory,hugetlb:/user.slice"
  for (std::string line; std::getline(list, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) {
      bytes = std::min(bytes, least_limit(groups, group, "memory.max"));
    } else if (has_word(controllers, "memory")) {
      bytes = std::min(bytes, least_limit(groups / "memory", group, "memory.limit_in_bytes"));
    }
  }
  return bytes;
}

}  // namespace pitwatch
