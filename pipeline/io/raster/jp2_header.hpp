#pragma once
// What a JPEG 2000 file claims of its size, before a decoder believes it. Used inside this folder only.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace pitwatch {

/// Of the SIZ marker of a codestream (ISO/IEC 15444-1, A.5.1).
struct Jp2Size {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::int64_t tiles = 0;
  int components = 0;
};

/// Of a codestream's first bytes; nothing where they are of something else or too few (42 are enough).
std::optional<Jp2Size> parse_jp2_size(std::span<const std::uint8_t> codestream);

/// Throws DataError for a JPEG 2000 file, bare or in boxes, whose header has more than 64 components or 10 000 tiles:
/// OpenJPEG sets up each component of each tile while it opens a file, up to a terabyte. Throws
/// it, with GDAL's reason, for a file that cannot be opened. Says nothing of other files and of what is broken
/// otherwise; the decoder does. The path may be GDAL's.
void check_jp2_header(const std::string& path);

}  // namespace pitwatch
