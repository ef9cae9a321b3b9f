#include "pipeline/io/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

int open_lock(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor < 0) throw IoError(path + ": cannot create: " + std::strerror(errno));
  return descriptor;
}

}  // namespace

FolderLock::FolderLock(const std::string& folder) {
  const std::string path = folder + "/lock";
  descriptor_ = open_lock(path);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    ::close(descriptor_);
    if (reason == EWOULDBLOCK) throw BusyError(folder + ": another run is working on this state");
    throw IoError(path + ": cannot lock: " + std::strerror(reason));
  }
}

FolderLock::~FolderLock() { ::close(descriptor_); }

FileLock::FileLock(const std::string& path) {
  const std::filesystem::path file(path);
  const std::string lock = (file.parent_path() / ("." + file.filename().string() + ".lock")).string();
  descriptor_ = open_lock(lock);
  int result = 0;
  do {
    result = ::flock(descriptor_, LOCK_EX);
  } while (result != 0 && errno == EINTR);
  if (result != 0) {
    const int reason = errno;
    ::close(descriptor_);
    throw IoError(lock + ": cannot lock: " + std::strerror(reason));
  }
}

FileLock::~FileLock() { ::close(descriptor_); }

}  // namespace pitwatch
