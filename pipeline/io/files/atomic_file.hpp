#pragma once
// Files that appear whole or not at all.

#include <string>
#include <string_view>

namespace pitwatch {

/// A file that is written under a temporary name beside its own and renamed when whole. The caller writes to
/// temporary() by whatever means and then calls commit(). Without commit the temporary file is removed and an older
/// file of the name stays as it was. Two processes may write one name: the last commit wins. Errors are IoError with
/// the path and the system's reason. One thread at a time.
class AtomicFile {
 public:
  /// Removes what killed processes left of the same name. Creates the temporary file, empty, so that a folder that is
  /// missing or not writable is known before any work.
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Where to write: in the same folder, so that the rename cannot cross file systems.
  const std::string& temporary() const { return temporary_; }

  /// Appends to the temporary file.
  void append(std::string_view content);

  /// Makes the content durable (fsync), renames it over the path, and makes the rename durable. Once only.
  void commit();

 private:
  std::string path_;
  std::string temporary_;
  bool committed_ = false;
};

/// Removes from a folder the temporary files of processes that are gone, of names that begin with `prefix`.
void remove_leftovers(const std::string& folder, std::string_view prefix = ".");

/// Makes the content of a file, or the names in a folder, outlast a loss of power (fsync). Throws IoError: the path, or
/// the name that is `shown` for it, and the system's reason.
void make_durable(const std::string& path, const std::string& shown = {});

/// The same of the folder that a path lies in, so that the path's own name does; of one that may not be read nothing
/// is done. Throws IoError that starts with the path, ConfigError where this user may not write in the folder.
void make_name_durable(const std::string& path);

/// Has the system begin to write out what an open file holds, so that a commit() later waits less. A hint: never fails.
void start_writing_back(int descriptor);

/// Writes `content` to `path` by an AtomicFile.
void write_file_atomically(const std::string& path, std::string_view content);

}  // namespace pitwatch
