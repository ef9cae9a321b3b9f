#include "pipeline/io/files/folder_lock.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <thread>

#include "pipeline/core/date.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/files/process_user.hpp"
#include "pipeline/io/files/write_refusal.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t longest_note = 1024;  // bytes

/// What whoever has the lock has said of itself; empty where that is not to be had. The file may hold anything, and
/// what a killed process has left.
std::string holder_text(int descriptor) {
  std::array<char, longest_note> bytes{};
  const ssize_t read = ::pread(descriptor, bytes.data(), bytes.size(), 0);
  std::istringstream in(std::string(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(read, 0))));
  std::string user;
  std::string host;
  std::string since;
  pid_t process = 0;
  if (!(in >> user >> host >> process >> since) || process <= 0) return {};
  const bool is_gone = host == host_name() && ::kill(process, 0) != 0 && errno == ESRCH;
  if (is_gone) return {};
  return printable("user " + user + ", host " + host + ", pid " + std::to_string(process) + ", since " + since);
}

/// Says in the lock who has it. Where that fails the lock is held all the same.
void note_holder(int descriptor) {
  const Instant now = clock_now();
  const std::string host = host_name();
  const std::string note = process_user() + " " + (host.empty() ? "unknown" : host) + " " + std::to_string(::getpid()) +
                           " " + format_instant(now) + "\n";
  if (::ftruncate(descriptor, 0) != 0) return;
  static_cast<void>(!::pwrite(descriptor, note.data(), note.size(), 0));
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

std::string busy_text(const std::string& folder, int descriptor) {
  if (::flock(descriptor, LOCK_SH | LOCK_NB) == 0) {
    return folder + ": is being read by another command, as verify does: try again once that has ended";
  }
  const std::string holder = holder_text(descriptor);
  return folder + ": another run is working on this state" + (holder.empty() ? "" : " (" + holder + ")");
}

/// Closes the descriptor.
[[noreturn]] void refuse_lock(const std::string& folder, int descriptor, int reason) {
  const std::string text = reason == EWOULDBLOCK ? busy_text(folder, descriptor) : "";
  ::close(descriptor);
  if (reason == EWOULDBLOCK) throw BusyError(text);
  throw IoError(folder + "/lock: cannot lock: " + std::strerror(reason));
}

int open_lock(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor >= 0) return descriptor;
  const int reason = errno;
  if (is_write_refusal(reason)) refuse_writer(path, reason);
  throw IoError(path + ": cannot create: " + std::strerror(reason));
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

void refuse_writer(const std::string& path, int reason) {
  throw ConfigError(write_refusal(path, reason) +
                    ": nothing was done; what lists, shows and exports only needs to read");
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) expect_may_write(path, error.value());
  if (error) throw IoError(path + ": cannot be made: " + error.message());
}

FolderLock::FolderLock(const std::string& folder) {
  const std::string path = folder + "/lock";
  descriptor_ = open_lock(path);
  if (!take_lock(descriptor_, LOCK_EX)) refuse_lock(folder, descriptor_, errno);
  note_holder(descriptor_);
}

FolderLock::~FolderLock() {
  static_cast<void>(!::ftruncate(descriptor_, 0));  // nobody has it any more
  ::close(descriptor_);
}

SharedFolderLock::SharedFolderLock(const std::string& folder) {
  const std::string path = folder + "/lock";
  // O_NONBLOCK: a pipe of that name would be waited for.
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor_ < 0 && (errno == ENOENT || errno == ENOTDIR)) return;
  if (descriptor_ < 0) throw IoError(path + ": cannot open: " + std::strerror(errno));
  if (!take_lock(descriptor_, LOCK_SH)) refuse_lock(folder, descriptor_, errno);
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
