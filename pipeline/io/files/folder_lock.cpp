#include "pipeline/io/files/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"

namespace pitwatch {
namespace {

int open_lock(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor < 0) throw IoError(path + ": cannot create: " + std::strerror(errno));
  return descriptor;
}

/// Takes a lock without waiting for one that works; whether it is had now. Readers are waited for a moment: whoever
/// asks only how things stand holds the lock that long, and must not turn a run away.
bool take_lock(int descriptor, int kind) {
  constexpr int attempts = 10;
  constexpr std::chrono::milliseconds pause(10);
  for (int attempt = 1; ::flock(descriptor, kind | LOCK_NB) != 0; ++attempt) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK || kind == LOCK_SH || attempt >= attempts) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

[[noreturn]] void refuse_lock(const std::string& folder, int reason) {
  if (reason == EWOULDBLOCK) throw BusyError(folder + ": another run is working on this state");
  throw IoError(folder + "/lock: cannot lock: " + std::strerror(reason));
}

std::string lock_beside(const std::string& path) {
  const std::filesystem::path file(path);
  return (file.parent_path() / ("." + file.filename().string() + ".lock")).string();
}

/// Takes a lock, however long others have it, but for an end that is asked for. Closes the descriptor where it fails.
void wait_for_lock(int descriptor, int kind, const std::string& lock) {
  constexpr std::chrono::milliseconds pause(5);
  while (::flock(descriptor, kind | LOCK_NB) != 0) {
    const int reason = errno;
    if (reason == EINTR) continue;
    if (reason == EWOULDBLOCK && !is_interrupted()) {
      std::this_thread::sleep_for(pause);
      continue;
    }
    ::close(descriptor);
    throw_if_interrupted();
    throw IoError(lock + ": cannot lock: " + std::strerror(reason));
  }
}

}  // namespace

FolderLock::FolderLock(const std::string& folder) {
  const std::string path = folder + "/lock";
  descriptor_ = open_lock(path);
  if (!take_lock(descriptor_, LOCK_EX)) {
    const int reason = errno;
    ::close(descriptor_);
    refuse_lock(folder, reason);
  }
}

FolderLock::~FolderLock() { ::close(descriptor_); }

SharedFolderLock::SharedFolderLock(const std::string& folder) {
  const std::string path = folder + "/lock";
  // O_NONBLOCK: a pipe of that name would be waited for.
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor_ < 0 && errno == ENOENT) return;
  if (descriptor_ < 0) throw IoError(path + ": cannot open: " + std::strerror(errno));
  if (!take_lock(descriptor_, LOCK_SH)) {
    const int reason = errno;
    ::close(descriptor_);
    refuse_lock(folder, reason);
  }
}

SharedFolderLock::~SharedFolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool is_folder_locked(const std::string& folder) {
  try {
    const SharedFolderLock lock(folder);
    return false;
  } catch (const BusyError&) {
    return true;
  }
}

FileLock::FileLock(const std::string& path) {
  const std::string lock = lock_beside(path);
  descriptor_ = open_lock(lock);
  wait_for_lock(descriptor_, LOCK_EX, lock);
}

FileLock::FileLock(const std::string& path, std::try_to_lock_t /*without_waiting*/) {
  descriptor_ = open_lock(lock_beside(path));
  if (take_lock(descriptor_, LOCK_EX)) return;
  const int reason = errno;
  ::close(descriptor_);
  if (reason == EWOULDBLOCK) throw BusyError(path + ": somebody else is at work on it");
  throw IoError(path + ": cannot lock: " + std::strerror(reason));
}

FileLock::~FileLock() { ::close(descriptor_); }

SharedFileLock::SharedFileLock(const std::string& path) {
  const std::string lock = lock_beside(path);
  descriptor_ = ::open(lock.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor_ < 0 && (errno == ENOENT || errno == ENOTDIR)) return;
  if (descriptor_ < 0) throw IoError(lock + ": cannot open: " + std::strerror(errno));
  wait_for_lock(descriptor_, LOCK_SH, lock);
}

SharedFileLock::~SharedFileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace pitwatch
