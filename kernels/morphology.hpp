#pragma once
// Growing and shrinking of masks by one pixel, on bit fields: every bit of the field is a binary image of its own.
// Same bytes on every target; reentrant; see README.md.

#include <cstddef>
#include <cstdint>

namespace pitwatch::kernels {

enum class Neighbourhood : std::uint8_t {
  square,  ///< the pixel and its 8 neighbours
  cross,   ///< the pixel and its 4 neighbours
};

/// out[i] = bitwise OR of the pixel and its neighbours (dilation of each bit: Serra 1982).
///
/// The three rows and `out` hold n elements, any alignment; `out` overlaps none of the rows. Neighbours left of column
/// 0 and right of column n - 1 are left out. At the first and last row of an image pass `row` itself as the missing
/// one. A wider dilation is several calls in turn: r with square give a square of half-width r, r with cross a diamond.
void dilate3_row(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, std::size_t n,
                 std::uint8_t* out, Neighbourhood neighbourhood) noexcept;

/// out[i] = bitwise AND of the pixel and its neighbours (erosion of each bit). Otherwise as dilate3_row.
void erode3_row(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, std::size_t n,
                std::uint8_t* out, Neighbourhood neighbourhood) noexcept;

}  // namespace pitwatch::kernels
