#pragma once
// SHA-256, for provenance (run.json, evidence), for hashes of options, and for signatures with a shared key.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace pitwatch {

/// SHA-256 of bytes that come piece by piece. Of one thread at a time.
class Sha256 {
 public:
  Sha256();
  void add(const void* data, std::size_t size);
  /// 64 lower-case hex digits, once.
  std::string hex();

 private:
  std::unique_ptr<void, void (*)(void*)> context_;
};

/// SHA-256 of a file's bytes as 64 lower-case hex digits. Streams, at OpenSSL's speed. The path may be
/// GDAL's of a file in a zip archive. Throws DataError naming the path and the system's reason. Thread-safe.
std::string sha256_file(const std::string& path);

/// SHA-256 of a text's bytes as 64 lower-case hex digits. Thread-safe.
std::string sha256_text(std::string_view text);

/// HMAC-SHA256 (RFC 2104) of a text's bytes as 64 lower-case hex digits: only who has the key can make it. Thread-safe.
std::string hmac_sha256(std::string_view key, std::string_view text);

/// Whether a text is 64 lower-case hexadecimal digits.
bool is_sha256(std::string_view text);

}  // namespace pitwatch
