#include "pipeline/io/files/scratch_file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

[[noreturn]] void fail(const std::string& folder, const char* what, int error) {
  throw IoError(folder + ": " + what + ": " + std::strerror(error));
}

/// Where the file system knows no files without a name: one whose name is taken away at once.
int open_unnamed(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  std::string path = folder + "/.scratch-XXXXXX";
  const int named = ::mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(path.c_str());
  return named;
}

}  // namespace

ScratchFile::ScratchFile(const std::string& folder) : folder_(folder), file_(open_unnamed(folder)) {
  if (file_ < 0) fail(folder, "cannot make a file for what does not fit into memory", errno);
}

ScratchFile::~ScratchFile() { ::close(file_); }

void ScratchFile::write(std::uint64_t at, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ::ssize_t written = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<::off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(folder_, "cannot write what does not fit into memory", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
}

void ScratchFile::read(std::uint64_t at, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ::ssize_t got = ::pread(file_, bytes.data(), bytes.size(), static_cast<::off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail(folder_, "cannot read what did not fit into memory", got < 0 ? errno : EIO);
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    at += static_cast<std::uint64_t>(got);
  }
}

}  // namespace pitwatch
