#pragma once
// State that a run leaves for the next: a header as text, and arrays of plain numbers under names.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pitwatch {

struct NamedBytes {
  std::string name;
  std::vector<std::byte> bytes;
};

struct StateFile {
  std::string header;
  std::vector<NamedBytes> arrays;
};

/// A view of what is to be written, so that large arrays are not copied.
struct NamedBytesView {
  std::string_view name;
  std::span<const std::byte> bytes;
};

/// Writes header and arrays with their SHA-256, whole or not at all (AtomicFile). Throws IoError with the path.
void write_state_file(const std::string& path, std::string_view header, std::span<const NamedBytesView> arrays);

/// Reads them back. Throws DataError, starting with the path: not there, not such a file, cut off, or changed since it
/// was written (the SHA-256 does not fit). Sizes are checked against the file's before anything is allocated.
StateFile read_state_file(const std::string& path);

/// The header alone, without checking the arrays: cheap, for choosing among files.
std::string read_state_header(const std::string& path);

}  // namespace pitwatch
