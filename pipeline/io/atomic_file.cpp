#include "pipeline/io/atomic_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "pipeline/core/error.hpp"

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

/// Unique within the machine's running processes; a file that a killed run left under the name is overwritten.
std::string temporary_name(const std::string& path) {
  static std::atomic<unsigned> counter{0};
  const std::filesystem::path whole(path);
  const std::string name = "." + whole.filename().string() + ".tmp-" + std::to_string(::getpid()) + "-" +
                           std::to_string(counter.fetch_add(1));
  return (whole.parent_path() / name).string();
}

void sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const Descriptor descriptor(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
  if (!descriptor.ok()) return;  // a folder may be writable but not readable; the rename itself has happened
  // EINVAL: the file system has no notion of syncing a folder.
  if (::fsync(descriptor.get()) != 0 && errno != EINVAL) fail(path, "cannot make the rename durable", errno);
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path) : path_(path), temporary_(temporary_name(path)) {
  const Descriptor file(temporary_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  if (!file.ok()) fail(path_, "cannot create", errno);
}

AtomicFile::~AtomicFile() {
  if (!committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::commit() {
  {
    Descriptor file(temporary_, O_WRONLY);
    if (!file.ok()) fail(path_, "cannot reopen before renaming", errno);
    if (::fsync(file.get()) != 0 || !file.close()) fail(path_, "cannot write", errno);
  }
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, "cannot rename into place", errno);
  committed_ = true;
  sync_folder_of(path_);
}

void write_file_atomically(const std::string& path, std::string_view content) {
  AtomicFile atomic(path);
  {
    Descriptor file(atomic.temporary(), O_WRONLY);
    if (!file.ok()) fail(path, "cannot write", errno);
    while (!content.empty()) {
      const ssize_t written = ::write(file.get(), content.data(), content.size());
      if (written > 0) {
        content.remove_prefix(static_cast<std::size_t>(written));
      } else if (written < 0 && errno != EINTR) {
        fail(path, "cannot write", errno);
      }
    }
    if (!file.close()) fail(path, "cannot write", errno);
  }
  atomic.commit();
}

}  // namespace pitwatch
