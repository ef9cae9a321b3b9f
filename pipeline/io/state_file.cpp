#include "pipeline/io/state_file.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "pipeline/core/error.hpp"
#include "pipeline/io/atomic_file.hpp"

// Layout, numbers little-endian: mark (8 bytes), SHA-256 of all that follows it (32), length of the header (8), header,
// number of arrays (8), then for each: length of the name (8), name, length (8), bytes.

namespace pitwatch {
namespace {

constexpr std::string_view mark = "PITWST01";
constexpr std::size_t digest_bytes = 32;
constexpr std::uint64_t longest_name = 256;
constexpr std::uint64_t most_arrays = 1024;

class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) fail();
  }
  void add(const void* data, std::size_t size) {
    if (EVP_DigestUpdate(context_.get(), data, size) != 1) fail();
  }
  std::array<unsigned char, digest_bytes> finish() {
    std::array<unsigned char, digest_bytes> result{};
    if (EVP_DigestFinal_ex(context_.get(), result.data(), nullptr) != 1) fail();
    return result;
  }

 private:
  [[noreturn]] static void fail() { throw std::runtime_error("OpenSSL does not provide SHA-256"); }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::array<char, 8> encoded(std::uint64_t value) {
  std::array<char, 8> bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

/// Calls put(data, size) for the file's body, piece by piece.
template <typename Put>
void write_body(std::string_view header, std::span<const NamedBytesView> arrays, const Put& put) {
  const auto put_text = [&](std::string_view text) {
    put(encoded(text.size()).data(), 8);
    put(text.data(), text.size());
  };
  put_text(header);
  put(encoded(arrays.size()).data(), 8);
  for (const NamedBytesView& array : arrays) {
    put_text(array.name);
    put(encoded(array.bytes.size()).data(), 8);
    put(reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size());
  }
}

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path), in_(path, std::ios::binary) {
    std::error_code error;
    remaining_ = std::filesystem::file_size(path, error);
    if (!in_ || error) fail("cannot be read");
    std::array<char, mark.size()> found{};
    read(found.data(), found.size());
    if (std::string_view(found.data(), found.size()) != mark) fail("is no state of this program's version");
    read(reinterpret_cast<char*>(expected_.data()), expected_.size());
  }

  std::string text(std::uint64_t longest) {
    const std::uint64_t size = number();
    if (size > longest || size > remaining_) fail("is cut off or damaged");
    std::string result(size, '\0');
    read_body(result.data(), result.size());
    return result;
  }
  std::vector<std::byte> bytes() {
    const std::uint64_t size = number();
    if (size > remaining_) fail("is cut off or damaged");
    std::vector<std::byte> result(size);
    read_body(reinterpret_cast<char*>(result.data()), result.size());
    return result;
  }
  std::uint64_t number() {
    std::array<char, 8> raw{};
    read_body(raw.data(), raw.size());
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value |= std::uint64_t{static_cast<unsigned char>(raw[i])} << (8 * i);
    return value;
  }
  void check_end() {
    if (remaining_ != 0 || digest_.finish() != expected_) fail("is cut off or damaged");
  }
  std::uint64_t remaining() const { return remaining_; }
  [[noreturn]] void fail(const char* what) const { throw DataError(path_ + ": " + what); }

 private:
  void read(char* into, std::size_t size) {
    if (size > remaining_ || !in_.read(into, static_cast<std::streamsize>(size))) fail("is cut off or damaged");
    remaining_ -= size;
  }
  void read_body(char* into, std::size_t size) {
    read(into, size);
    digest_.add(into, size);
  }

  std::string path_;
  std::ifstream in_;
  std::uint64_t remaining_ = 0;
  Digest digest_;
  std::array<unsigned char, digest_bytes> expected_{};
};

}  // namespace

void write_state_file(const std::string& path, std::string_view header, std::span<const NamedBytesView> arrays) {
  Digest digest;
  write_body(header, arrays, [&](const char* data, std::size_t size) { digest.add(data, size); });
  const auto sum = digest.finish();
  AtomicFile file(path);
  file.append(mark);
  file.append({reinterpret_cast<const char*>(sum.data()), sum.size()});
  write_body(header, arrays, [&](const char* data, std::size_t size) { file.append({data, size}); });
  file.commit();
}

StateFile read_state_file(const std::string& path) {
  Reader reader(path);
  StateFile state;
  state.header = reader.text(reader.remaining());
  const std::uint64_t count = reader.number();
  if (count > most_arrays) reader.fail("is cut off or damaged");
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string name = reader.text(longest_name);
    state.arrays.push_back({std::move(name), reader.bytes()});
  }
  reader.check_end();
  return state;
}

std::string read_state_header(const std::string& path) {
  Reader reader(path);
  return reader.text(reader.remaining());
}

}  // namespace pitwatch
