#pragma once
// What was made out of files before, so that files that have not changed need not be read again. It never decides
// anything: without it, or where it is damaged, files are read.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace pitwatch {

/// A file as the system knows it: who writes to it, or puts another one in its place, changes this. The time of change
/// (ctime) is among it, which programs cannot set, as they can set the time of modification.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;  // since 1970, by the clock of the file system
  std::int64_t changed_ns = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// Of a regular file, links followed; nothing where there is none. Thread-safe.
std::optional<FileIdentity> file_identity(const std::string& path);

/// As a text that differs wherever the identity does.
std::string text_of(const FileIdentity& identity);

/// Whether a file has rested for so long, so that whoever writes to it from now on changes its identity: clocks of file
/// systems are coarse.
bool has_rested(const FileIdentity& identity, std::chrono::milliseconds rest);

/// A file of entries in a folder: under a key, what was made of files, and which files these were. One that is damaged,
/// cut off, larger than 128 MiB, or written by another build of this program holds nothing, nor does one in a folder
/// that others than this process's user own or may write to: what it says is believed. recall() and note() are
/// thread-safe.
class FileMemory {
 public:
  static constexpr std::chrono::milliseconds usual_rest{2000};

  /// Remembers nothing.
  FileMemory() = default;

  /// Reads FOLDER/KIND-HASH.memory; the hash is that of `subject`, what its entries are about (a path). `folder` empty:
  /// remembers nothing. Never throws for what is or is not there.
  FileMemory(const std::string& folder, const std::string& kind, const std::string& subject,
             std::chrono::milliseconds rest = usual_rest);

  bool is_on() const { return !path_.empty(); }
  std::chrono::milliseconds rest() const { return rest_; }

  /// What was noted under the key, if it was of the same identity (of one file or of several, as text). Valid as long
  /// as this.
  std::optional<std::string_view> recall(const std::string& key, std::string_view identity);

  /// Of files that have rested, and whose identities are those that they had before they were read.
  void note(std::string key, std::string identity, std::string value);

  /// Writes the file anew where there is something new; what was not asked for is kept as long as all fits into 64 MiB.
  /// The folder is made where it is not there, for this user alone; files of it that nobody has written for 90 days go.
  /// Never throws: where it cannot be written, the next time is slow again.
  void save();

 private:
  struct Entry {
    std::string_view identity;
    std::string_view value;
    std::atomic<bool> is_used = false;
  };
  struct Noted {
    std::string identity;
    std::string value;
  };

  void read();
  void parse();

  std::string folder_;
  std::string path_;
  std::chrono::milliseconds rest_ = usual_rest;
  std::string program_;  // the build that this is
  std::string text_;     // of the file
  std::map<std::string_view, Entry> entries_;
  std::mutex mutex_;
  std::map<std::string, Noted> noted_;
};

}  // namespace pitwatch
