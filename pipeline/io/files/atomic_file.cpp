#include "pipeline/io/files/atomic_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/write_refusal.hpp"

namespace pitwatch {
namespace {

[[noreturn]] void fail(const std::string& path, const char* what, int error_number) {
  throw IoError(path + ": " + what + ": " + std::strerror(error_number));
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  /// Some file systems report a failed write only here.
  bool close() {
    const int fd = fd_;
    fd_ = -1;
    return ::close(fd) == 0;
  }

 private:
  int fd_;
};

constexpr std::string_view temporary_mark = ".tmp-";

std::string temporary_prefix(const std::filesystem::path& path) {
  return "." + path.filename().string() + std::string(temporary_mark);
}

/// Of a name in a folder, what could not be made or given.
[[noreturn]] void fail_in_folder(const std::string& path, const char* what, int error_number) {
  expect_may_write(std::filesystem::path(path).parent_path().string(), error_number);
  fail(path, what, error_number);
}

/// Unique within the machine's running processes.
std::string temporary_name(const std::filesystem::path& path) {
  static std::atomic<unsigned> counter{0};
  return (path.parent_path() /
          (temporary_prefix(path) + std::to_string(::getpid()) + "-" + std::to_string(counter.fetch_add(1))))
      .string();
}

void write_all(const std::string& path, int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written > 0) {
      content.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && errno != EINTR) {
      fail(path, "cannot write", errno);
    }
  }
}

}  // namespace

void remove_leftovers(const std::string& folder, std::string_view prefix) {
  std::error_code ignored;  // a folder that cannot be listed or cleaned is not in the way of new files
  for (std::filesystem::directory_iterator it(folder, ignored), end; it != end; it.increment(ignored)) {
    const std::string name = it->path().filename().string();
    const std::size_t mark = name.rfind(temporary_mark);
    if (name.compare(0, prefix.size(), prefix) != 0 || mark == std::string::npos) continue;
    const long process = std::strtol(name.c_str() + mark + temporary_mark.size(), nullptr, 10);
    if (process > 0 && ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH) {
      std::filesystem::remove(it->path(), ignored);
    }
  }
}

AtomicFile::AtomicFile(const std::string& path) : path_(path), temporary_(temporary_name(path)) {
  // A rename would put a file in the place of a device or a pipe.
  std::error_code none;
  const std::filesystem::file_status there = std::filesystem::symlink_status(path_, none);
  const bool is_file =
      !std::filesystem::exists(there) || std::filesystem::is_regular_file(there) || std::filesystem::is_symlink(there);
  if (!is_file) {
    throw IoError(path_ + ": cannot be written: is " +
                  (std::filesystem::is_directory(there) ? "a directory" : "no regular file"));
  }
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  remove_leftovers(folder.empty() ? "." : folder.string(), temporary_prefix(path_));
  const Descriptor file(temporary_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  if (!file.ok()) fail_in_folder(path_, "cannot create", errno);
}

AtomicFile::~AtomicFile() {
  if (!committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::append(std::string_view content) {
  Descriptor file(temporary_, O_WRONLY | O_APPEND);
  if (!file.ok()) fail(path_, "cannot write", errno);
  write_all(path_, file.get(), content);
  start_writing_back(file.get());
  if (!file.close()) fail(path_, "cannot write", errno);
}

void AtomicFile::commit() {
  {
    Descriptor file(temporary_, O_WRONLY);
    if (!file.ok()) fail(path_, "cannot reopen before renaming", errno);
    if (::fsync(file.get()) != 0 || !file.close()) fail(path_, "cannot write", errno);
  }
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail_in_folder(path_, "cannot rename into place", errno);
  committed_ = true;
  make_name_durable(path_);
}

void make_durable(const std::string& path, const std::string& shown) {
  const std::string& named = shown.empty() ? path : shown;
  const Descriptor descriptor(path, O_RDONLY);
  if (!descriptor.ok()) fail(named, "cannot open", errno);
  // EINVAL: the file system has no notion of syncing such a thing.
  if (::fsync(descriptor.get()) != 0 && errno != EINVAL) fail(named, "cannot make durable", errno);
}

void make_name_durable(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const Descriptor descriptor(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
  if (!descriptor.ok()) return;  // a folder may be writable but not readable; the rename itself has happened
  // EINVAL: the file system has no notion of syncing a folder.
  if (::fsync(descriptor.get()) != 0 && errno != EINVAL) fail(path, "cannot make the name durable", errno);
}

void start_writing_back(int descriptor) { ::sync_file_range(descriptor, 0, 0, SYNC_FILE_RANGE_WRITE); }

void write_file_atomically(const std::string& path, std::string_view content) {
  AtomicFile atomic(path);
  atomic.append(content);
  atomic.commit();
}

}  // namespace pitwatch
