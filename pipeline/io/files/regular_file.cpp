#include "pipeline/io/files/regular_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 20;

[[noreturn]] void fail(const char* what) { throw DataError(std::string(what) + ": " + std::strerror(errno)); }

/// A regular file that is open, or none.
class RegularFile {
 public:
  explicit RegularFile(const std::string& path, Links links = Links::refused)
      // O_NONBLOCK: a pipe without a writer would be waited for.
      : descriptor_(
            ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | (links == Links::refused ? O_NOFOLLOW : 0))) {
    if (descriptor_ < 0) {
      if (errno == ENOENT || errno == ENOTDIR) return;
      if (errno == ELOOP && links == Links::refused) throw DataError("is a link, not a file");
      fail("cannot open");
    }
    struct stat facts {};
    const bool known = ::fstat(descriptor_, &facts) == 0;
    if (known && S_ISREG(facts.st_mode)) {
      size_ = static_cast<std::uint64_t>(facts.st_size);
      return;
    }
    ::close(descriptor_);
    throw DataError("is no regular file");
  }
  ~RegularFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  RegularFile(const RegularFile&) = delete;
  RegularFile& operator=(const RegularFile&) = delete;

  bool exists() const { return descriptor_ >= 0; }
  std::uint64_t size() const { return size_; }

  /// 0 at the end of the file.
  std::size_t read(char* into, std::size_t bytes) const {
    for (;;) {
      const ssize_t got = ::read(descriptor_, into, bytes);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) fail("cannot read");
    }
  }

 private:
  int descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace

std::optional<std::string> read_regular_file(const std::string& path, std::uint64_t most_bytes, Links links) {
  const RegularFile file(path, links);
  if (!file.exists()) return {};
  if (file.size() > most_bytes) throw DataError("is larger than " + std::to_string(most_bytes) + " bytes");
  // To its end, whatever size it says it has: files of some file systems, as /proc, say 0.
  std::string text(static_cast<std::size_t>(file.size()) + 1, '\0');
  std::size_t filled = 0;
  while (const std::size_t got = file.read(text.data() + filled, text.size() - filled)) {
    filled += got;
    if (filled > most_bytes) throw DataError("is larger than " + std::to_string(most_bytes) + " bytes");
    if (filled == text.size()) text.resize(2 * filled);
  }
  text.resize(filled);
  return text;
}

struct RegularFileReader::State {
  RegularFile file;
  std::uint64_t left;  // of what may be read
};

RegularFileReader::RegularFileReader(const std::string& path, std::uint64_t most_bytes)
    : state_(new State{RegularFile(path, Links::followed), most_bytes}) {
  if (!state_->file.exists()) throw DataError("cannot open: No such file or directory");
  if (state_->file.size() > most_bytes) throw DataError("is larger than " + std::to_string(most_bytes) + " bytes");
}

RegularFileReader::~RegularFileReader() = default;

std::size_t RegularFileReader::read(char* into, std::size_t bytes) {
  const std::size_t got = state_->file.read(into, bytes);
  if (got > state_->left) throw DataError("grows while it is read");
  state_->left -= got;
  return got;
}

std::string read_whole_file(const std::string& path, std::uint64_t most_bytes) {
  std::optional<std::string> text = read_regular_file(path, most_bytes, Links::followed);
  if (!text) throw DataError("cannot open: No such file or directory");
  return std::move(*text);
}

void expect_regular_file(const std::string& path, std::uint64_t most_bytes) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return;
  if (!S_ISREG(facts.st_mode)) throw DataError("is no regular file");
  if (static_cast<std::uint64_t>(facts.st_size) > most_bytes) {
    throw DataError("is larger than " + std::to_string(most_bytes) + " bytes");
  }
}

std::optional<std::uint64_t> size_of_regular_file(const std::string& path) {
  const RegularFile file(path);
  return file.exists() ? std::optional(file.size()) : std::nullopt;
}

std::optional<std::string> hash_of_regular_file(const std::string& path, std::uint64_t bytes) {
  const RegularFile file(path);
  if (!file.exists()) throw DataError("is missing");
  if (file.size() != bytes) return {};
  Sha256 hash;
  std::vector<char> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, buffer_bytes)));
  std::uint64_t done = 0;
  while (done < bytes) {
    const std::size_t got = file.read(buffer.data(), buffer.size());
    if (got == 0) return {};
    hash.add(buffer.data(), got);
    done += got;
  }
  // A file that grew while it was read is another one.
  char more = 0;
  if (file.read(&more, 1) != 0) return {};
  return hash.hex();
}

}  // namespace pitwatch
