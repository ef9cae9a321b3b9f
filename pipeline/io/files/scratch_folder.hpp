#pragma once
// A folder for as long as something works in it.

#include <string>

namespace pitwatch {

/// Made below the system's folder for temporary files ($TMPDIR), readable by this user alone, and removed with all that
/// is in it when it goes.
class ScratchFolder {
 public:
  /// Throws IoError where it cannot be made.
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace pitwatch
