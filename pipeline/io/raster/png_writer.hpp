#pragma once
// Pictures as PNG, in memory and in files, by one encoder.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pitwatch {

/// The bytes of a PNG file of red, green and blue of each pixel, row by row without padding. The same picture gives the
/// same bytes. Throws DataError where `rgb` does not have width x height x 3 values, IoError where it cannot be made.
/// Thread-safe.
std::vector<std::uint8_t> png_of(int width, int height, std::span<const std::uint8_t> rgb);

/// Writes the same to a file, atomically. Throws as png_of() and IoError, starting with the path.
void write_png(const std::string& path, int width, int height, std::span<const std::uint8_t> rgb);

}  // namespace pitwatch
