#pragma once
// PNG files of pictures.

#include <cstdint>
#include <span>
#include <string>

namespace pitwatch {

/// Writes red, green and blue of each pixel, row by row without padding, atomically. Throws DataError where `rgb` does
/// not have width x height x 3 values, IoError, starting with the path.
void write_png(const std::string& path, int width, int height, std::span<const std::uint8_t> rgb);

}  // namespace pitwatch
