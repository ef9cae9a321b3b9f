#include "pipeline/io/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "pipeline/core/error.hpp"

namespace pitwatch {

FolderLock::FolderLock(const std::string& folder) {
  const std::string path = folder + "/lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor_ < 0) throw IoError(path + ": cannot create: " + std::strerror(errno));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    ::close(descriptor_);
    if (reason == EWOULDBLOCK) throw ConfigError(folder + ": another run is working on this state");
    throw IoError(path + ": cannot lock: " + std::strerror(reason));
  }
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace pitwatch
