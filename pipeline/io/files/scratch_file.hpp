#pragma once
// Bytes that do not fit into memory for as long as something works with them.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace pitwatch {

/// A file without a name in a folder: it goes with the object, or with the process, whatever ends it. Thread-safe for
/// places that do not overlap.
class ScratchFile {
 public:
  /// Throws IoError naming the folder where it cannot be made.
  explicit ScratchFile(const std::string& folder);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  /// Throws IoError naming the folder: no space is left, or nothing was written there.
  void write(std::uint64_t at, std::span<const std::byte> bytes);
  void read(std::uint64_t at, std::span<std::byte> bytes) const;

 private:
  std::string folder_;
  int file_ = -1;
};

}  // namespace pitwatch
