#pragma once
// SHA-256, for provenance (run.json, evidence) and for hashes of options.

#include <string>
#include <string_view>

namespace pitwatch {

/// SHA-256 of a file's bytes as 64 lower-case hex digits. Streams, at OpenSSL's speed. The path may be
/// GDAL's of a file in a zip archive. Throws DataError naming the path and the system's reason. Thread-safe.
std::string sha256_file(const std::string& path);

/// SHA-256 of a text's bytes as 64 lower-case hex digits. Thread-safe.
std::string sha256_text(std::string_view text);

}  // namespace pitwatch
