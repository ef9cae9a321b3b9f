#pragma once
// Files of a state that may have been put there by anybody: read only where they are regular files, within bounds, and
// without ever waiting. Used inside this folder only.

#include <cstdint>
#include <optional>
#include <string>

namespace pitwatch {

/// The bytes of a file; nothing where there is none. Throws DataError without the path: it is no regular file (a link
/// is none), larger than `most_bytes`, or cannot be read.
std::optional<std::string> read_regular_file(const std::string& path, std::uint64_t most_bytes);

/// Size of a file; nothing where there is none. Throws DataError as read_regular_file().
std::optional<std::uint64_t> size_of_regular_file(const std::string& path);

/// SHA-256 of a file that has exactly `bytes` bytes; nothing where it has another size by now. Throws DataError as
/// read_regular_file(), for a file that is gone too.
std::optional<std::string> hash_of_regular_file(const std::string& path, std::uint64_t bytes);

}  // namespace pitwatch
