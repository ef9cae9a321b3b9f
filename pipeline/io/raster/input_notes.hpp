#pragma once
// How readers of rasters tell the InputLog what they read. Used inside this folder only.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/io/raster/input_log.hpp"

namespace pitwatch {

/// By what a file is known to be the one that was opened before.
struct InputIdentity {
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::uint64_t inode = 0;  // 0 where there is none
  friend bool operator==(const InputIdentity&, const InputIdentity&) = default;
};

/// Of an open file, and of a file as GDAL names it: in a zip archive, time and inode are the archive's. Nothing where
/// there is none.
std::optional<InputIdentity> identity_of(int descriptor);
std::optional<InputIdentity> identity_of(const std::string& gdal_name);

/// What is on the network, in an archive there too.
bool is_remote_input(const std::string& gdal_name);

/// What was read of one file. Thread-safe.
class InputNotes {
 public:
  /// Whoever opens the file says which it found.
  void opened(const InputIdentity& identity);
  void read(std::uint64_t offset, std::uint64_t bytes);

  struct Content {
    std::optional<InputIdentity> identity;  // of the first that was opened
    bool has_changed = false;               // a later one was another
    std::vector<ByteRange> ranges;          // as in InputFile
  };
  Content content() const;

 private:
  mutable std::mutex mutex_;
  Content content_;                                // without ranges
  std::map<std::uint64_t, std::uint64_t> ranges_;  // from, to; none meets another
  std::map<std::uint64_t, std::uint64_t>::iterator last_ = ranges_.end();
};

/// Of all files.
struct InputLog::Notes {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<InputNotes>> files;  // by path
  std::map<std::string, InputFile> hashed;                   // by path: what files() came to before
};

/// The number of the log that is active, another one for each; 0: none is.
std::uint64_t input_log_number();

/// The notes of a file; null where no log is active.
std::shared_ptr<InputNotes> input_notes_of(const std::string& path);

/// The name under which GDAL opens a file such that its reads are noted; the same name where no log is active. What has
/// been opened under it can be read when the log is gone.
std::string noted_name(const std::string& gdal_name);

/// A text of GDAL's with such names turned back.
std::string without_noted_names(std::string text);

}  // namespace pitwatch
