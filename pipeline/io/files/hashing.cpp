#include "pipeline/io/files/hashing.hpp"

#include <cpl_vsi.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/gdal_errors.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t buffer_bytes = 1 << 20;

class InputFile {
 public:
  explicit InputFile(const std::string& path) : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) fail("cannot open");
    ::posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  ~InputFile() { ::close(fd_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// 0 at the end of the file.
  std::size_t read(void* into, std::size_t size) {
    for (;;) {
      const ssize_t got = ::read(fd_, into, size);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) fail("cannot read");
    }
  }

 private:
  [[noreturn]] void fail(const char* what) const { throw DataError(path_ + ": " + what + ": " + std::strerror(errno)); }
  std::string path_;
  int fd_;
};

/// The bytes of a file in a zip archive.
class ArchivedFile {
 public:
  explicit ArchivedFile(const std::string& path) : path_(path), file_(VSIFOpenL(path.c_str(), "rb"), &VSIFCloseL) {
    if (!file_) throw DataError(path_ + ": " + errors_.explain("cannot open"));
  }

  /// 0 at the end of the file.
  std::size_t read(void* into, std::size_t size) {
    const std::size_t got = VSIFReadL(into, 1, size, file_.get());
    if (errors_.failed()) throw DataError(path_ + ": " + errors_.explain("cannot read"));
    return got;
  }

 private:
  GdalErrorCapture errors_;
  std::string path_;
  std::unique_ptr<VSILFILE, int (*)(VSILFILE*)> file_;
};

template <typename File>
std::string sha256_of(File&& file) {
  Sha256 hash;
  std::vector<unsigned char> buffer(buffer_bytes);
  while (const std::size_t size = file.read(buffer.data(), buffer.size())) hash.add(buffer.data(), size);
  return hash.hex();
}

[[noreturn]] void fail_digest() { throw std::runtime_error("OpenSSL does not provide SHA-256"); }

EVP_MD_CTX* digest(const std::unique_ptr<void, void (*)(void*)>& context) {
  return static_cast<EVP_MD_CTX*>(context.get());
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new(), [](void* it) { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(it)); }) {
  if (!context_ || EVP_DigestInit_ex(digest(context_), EVP_sha256(), nullptr) != 1) fail_digest();
}

void Sha256::add(const void* data, std::size_t size) {
  if (EVP_DigestUpdate(digest(context_), data, size) != 1) fail_digest();
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(digest(context_), bytes.data(), &size) != 1) fail_digest();
  return hex_text(bytes.data(), size);
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string sha256_file(const std::string& path) {
  return path.starts_with("/vsizip/") ? sha256_of(ArchivedFile(path)) : sha256_of(InputFile(path));
}

std::string sha256_text(std::string_view text) {
  Sha256 hash;
  hash.add(text.data(), text.size());
  return hash.hex();
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  const auto* const begin = reinterpret_cast<const unsigned char*>(text.data());
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), begin, text.size(), bytes.data(), &size) ==
      nullptr) {
    fail_digest();
  }
  return hex_text(bytes.data(), size);
}

}  // namespace pitwatch
