#pragma once
// Folders that appear whole or not at all.

#include <string>
#include <string_view>

namespace pitwatch {

/// A folder that is filled under a temporary name beside its own and renamed when complete. Without commit it is
/// removed and an older one of the name stays as it was. Errors are IoError with the path and the system's reason. One
/// thread at a time, but files within it may be written by several.
class AtomicFolder {
 public:
  /// Removes what killed processes left of the same name and makes the temporary folder; that which the path lies in
  /// must exist.
  explicit AtomicFolder(const std::string& path);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  /// Where to write: "temporary/name".
  std::string operator/(std::string_view name) const;

  /// Makes a folder within, with those it lies in.
  void make_folder(std::string_view name) const;

  /// Writes a file within. Throws IoError that names the file as it will be called after commit().
  void write(std::string_view name, std::string_view content) const;

  /// Makes all within durable (fsync of every file and folder), renames it to the path, and makes the rename durable; a
  /// folder of that name is exchanged for it in one step and removed. Once only.
  void commit();

 private:
  std::string path_;
  std::string temporary_;
};

/// Removes from a folder the temporary folders of processes that are gone, of names that begin with `prefix`.
void remove_folder_leftovers(const std::string& folder, std::string_view prefix = ".");

}  // namespace pitwatch
