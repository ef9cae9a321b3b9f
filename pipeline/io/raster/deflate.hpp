#pragma once
// Bytes compressed as TIFF has them. Used inside this folder only.

#include <cstdint>
#include <span>
#include <vector>

namespace pitwatch {

/// A zlib stream (RFC 1950). `level` is libdeflate's: 1 is the fastest, 12 the smallest. Thread-safe.
std::vector<std::uint8_t> deflate(std::span<const std::uint8_t> bytes, int level);

}  // namespace pitwatch
