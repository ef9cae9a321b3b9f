#pragma once
// How much memory there is for the program.

#include <cstdint>
#include <string>

namespace pitwatch {

/// Bytes of memory that the program may use: the machine's, or the least limit of its control group and those around
/// that (cgroup v2 memory.max, v1 memory.limit_in_bytes). What cannot be read limits nothing. `root` is where /proc and
/// /sys are looked for.
std::int64_t usable_memory_bytes(const std::string& root = "");

}  // namespace pitwatch
