#pragma once
// State that a run leaves for the next: a header as text, and arrays of small numbers under names, compressed.

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "pipeline/core/state_array.hpp"
#include "pipeline/io/files/parallel_for.hpp"

namespace pitwatch {

/// The format that is written, and the oldest that is read. What header and arrays are of which format is the caller's.
inline constexpr int state_format = 4;
inline constexpr int oldest_state_format = 2;

/// Writes header and arrays with their SHA-256, whole or not at all (AtomicFile). Arrays are compressed in pieces by
/// `parallel`; the bytes are the same whatever it does. Throws IoError with the path.
void write_state_file(const std::string& path, std::string_view header, std::span<const StateArray> arrays,
                      const ParallelFor& parallel = serial_for);

/// A state file in memory, still compressed.
class StateFile {
 public:
  /// Throws DataError, starting with the path: not there, not such a file, cut off, or changed since it was written
  /// (the SHA-256 does not fit); ConfigError for one of a format that is newer than this program.
  explicit StateFile(const std::string& path);

  const std::string& header() const { return header_; }
  int format() const { return format_; }

  /// Fills arrays that are those that were written: names, order and sizes. Throws DataError, starting with the path,
  /// where they are not; then what they hold is of no use. No file makes this allocate more than pieces of them.
  void unpack(std::span<const StateArray> arrays, const ParallelFor& parallel = serial_for) const;

  /// The same, but fills those of these names alone: the memory of the others is not touched.
  void unpack_some(std::span<const std::string_view> names, std::span<const StateArray> arrays,
                   const ParallelFor& parallel = serial_for) const;

 private:
  void unpack_pieces(std::span<const StateArray> arrays, const std::function<bool(const StateArray&)>& is_wanted,
                     const ParallelFor& parallel) const;

  std::string path_;
  int format_ = state_format;
  std::string header_;
  std::string arrays_;
};

struct StateHeader {
  int format = state_format;
  std::string text;
};

/// Reads a file whole and checks it. Throws as StateFile.
void check_state_file(const std::string& path);

/// The header alone, without checking anything: cheap, for choosing among files. Throws as StateFile.
StateHeader read_state_header(const std::string& path);

}  // namespace pitwatch
