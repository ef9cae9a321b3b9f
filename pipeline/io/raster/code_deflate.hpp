#pragma once
// DEFLATE (RFC 1951) in zlib's format (RFC 1950) of pixels that a table makes of 8-bit codes.
//
// A general compressor sees four bytes per Float32 pixel and looks for matches at each of them. Here runs are found on
// the codes, pixel by pixel, and the checksum comes from the codes as well; the stream is an ordinary one that any
// inflate reads. What that gains: README.md of this folder.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pitwatch {

/// The bytes of the pixel that each code stands for, as they go into the stream: all of one length, 1 or 4.
using BytesOfCode = std::array<std::span<const std::uint8_t>, 256>;

class CodeDeflate {
 public:
  explicit CodeDeflate(const BytesOfCode& bytes_of_code);

  /// Compresses codes into a zlib stream of their pixels: one block with a Huffman code of its own, in which runs of
  /// a code are matches; evidence is smooth noise, in which other repetitions save less than 2 %. At most 2^20 codes.
  /// Same codes, same bytes. Thread-safe.
  std::vector<std::uint8_t> compress(std::span<const std::uint8_t> codes) const;

 private:
  /// A code spelled out, or, from 256 on, so many more pixels like the one before.
  using Token = std::uint16_t;
  void find_runs(std::span<const std::uint8_t> codes, std::vector<Token>& tokens) const;
  std::uint32_t adler32(std::span<const Token> tokens) const;

  int pixel_bytes_;
  std::vector<std::uint8_t> bytes_;                // pixel_bytes_ for each code
  std::array<std::uint32_t, 256> byte_sum_{};      // for the checksum: sum of a pixel's bytes,
  std::array<std::uint32_t, 256> weighted_sum_{};  // and of its bytes times how many bytes follow, itself included
};

}  // namespace pitwatch
