#pragma once
// One process at a time works on a folder, or on a file.

#include <string>

namespace pitwatch {

/// Throws ConfigError for a place that this user may not write, errno `reason`: who that is, and whose the place is.
[[noreturn]] void refuse_writer(const std::string& path, int reason);

/// Makes a folder with those around it, where it is not there. Throws as refuse_writer() does, IoError otherwise.
void make_folder(const std::string& path);

/// Holds an advisory lock (flock) on `folder`/lock as long as it lives; the system lets go of it when the process ends,
/// however it ends. As long as it is held, the file says by whom: user, host, process and since when. Throws BusyError
/// when another process has it, with what that says of itself; ConfigError where this user may not write there, and
/// whose the file is; IoError when it cannot be made.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

/// The same for readers, of whom there may be several: none while a process has the folder by a FolderLock, and no such
/// process while one reads. Writes nothing: where there is no file `folder`/lock, nobody has ever worked on the folder,
/// and there is nothing to hold. Throws BusyError when a process works on it, IoError when the file cannot be read.
class SharedFolderLock {
 public:
  explicit SharedFolderLock(const std::string& folder);
  ~SharedFolderLock();
  SharedFolderLock(const SharedFolderLock&) = delete;
  SharedFolderLock& operator=(const SharedFolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

/// Whether a process has the folder by a FolderLock now. Throws IoError as SharedFolderLock.
bool is_folder_locked(const std::string& folder);

/// The same as FolderLock for a file that is changed in moments: waits for the others, and says nothing of itself. The
/// lock file stands beside it, hidden.
class FileLock {
 public:
  explicit FileLock(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_ = -1;
};

/// The same for readers: waits for those who change the file. Writes nothing: where there is no lock file, nobody has
/// ever changed it, and there is nothing to hold. Throws IoError where it cannot be read.
class SharedFileLock {
 public:
  explicit SharedFileLock(const std::string& path);
  ~SharedFileLock();
  SharedFileLock(const SharedFileLock&) = delete;
  SharedFileLock& operator=(const SharedFileLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace pitwatch
