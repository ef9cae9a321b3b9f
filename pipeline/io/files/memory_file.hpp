#pragma once
// A file in memory that GDAL's drivers write to. Used inside this folder only.

#include <string>

namespace pitwatch {

/// Removed with its folder when it goes. The folder is its own, so that what a driver puts beside the file is nobody's.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& name);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  const std::string& path() const { return path_; }

  /// What has been written. Throws IoError where there is no file.
  std::string content() const;

 private:
  std::string folder_;
  std::string path_;
};

}  // namespace pitwatch
