#pragma once
// TIFF's horizontal differencing predictor, undone. Same bytes on every target; reentrant; see README.md.

#include <cstddef>
#include <cstdint>

namespace pitwatch::kernels {

/// Running sums modulo 2^16 in place: row[i] += row[i - 1] for i = 1 .. n - 1, in that order (TIFF 6.0, section 14,
/// predictor 2). Any alignment.
void undo_horizontal_differencing(std::uint16_t* row, std::size_t n) noexcept;

}  // namespace pitwatch::kernels
