#pragma once
// Which bytes of which files were read as pixels, and their SHA-256: what a record of a run says of its inputs.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/io/files/parallel_for.hpp"

namespace pitwatch {

/// So many bytes of a file from a place on.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t end() const { return offset + bytes; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// A file of which something was read. Of a member of a zip archive, places and sizes are those of its unpacked bytes.
struct InputFile {
  std::string path;               // as BandFile was given it
  std::uint64_t size = 0;         // of the whole file
  std::vector<ByteRange> ranges;  // that were read: by offset, none empty, none touching another
  std::string sha256;             // of their bytes, one after the other: 64 lower-case hex digits; empty: not known
  bool is_remote = false;         // on the network: not read again for a hash
  std::string error;              // why a local file has no hash: changed or gone since it was read
  bool is_whole() const { return ranges.empty() ? size == 0 : ranges.front() == ByteRange{0, size}; }
  friend bool operator==(const InputFile&, const InputFile&) = default;
};

/// While one lives, every byte that any BandFile of the process reads is noted: of rasters in files, in zip archives
/// and on the network, their headers and directories and what GDAL reads beside them (.aux.xml, .ovr, .msk) too, each
/// under its own path. What was read before is not, though files may have been opened before; nor is what comes out of
/// a BlockCache that was filled before. Without one, nothing is noted and nothing costs.
///
/// There is at most one at a time: the constructor throws std::logic_error. Thread-safe.
class InputLog {
 public:
  InputLog();
  ~InputLog();
  InputLog(const InputLog&) = delete;
  InputLog& operator=(const InputLog&) = delete;

  /// What was read until now, by path; the bytes are read once more for their SHA-256, files side by side; not again
  /// those of a file of which nothing more was read since an earlier call. A file that is not the one that was read
  /// (another size, time of writing or inode), or is gone, has an `error` in place of the hash. Files on the network
  /// have neither.
  std::vector<InputFile> files(const ParallelFor& parallel_for = serial_for) const;

  struct Notes;  // for this folder only: input_notes.hpp

 private:
  std::shared_ptr<Notes> notes_;
};

/// Nothing where the file has the same size and, in the same places, the same bytes. Otherwise what does not fit, such
/// as "is gone", "has another size: 12 bytes, not 40", "bytes 8-4095 are not those that were read". What has no hash
/// cannot be checked, which is said, too. Thread-safe.
std::optional<std::string> recheck(const InputFile& file);

/// One line of JSON: {"path": ..., "size": ..., "read": [[offset, bytes], ...] or "all", "sha256": ...}, and "remote"
/// or "error" where they hold. URLs are shown without what may be secret of them (redacted()). A path that is not UTF-8
/// is "path_bytes", percent-encoded.
std::string input_file_json(const InputFile& file);

/// The same back. Throws DataError for what input_file_json() does not write: ranges beyond the file, out of order or
/// meeting one another, a hash that is none.
InputFile parse_input_file(std::string_view json);

}  // namespace pitwatch
