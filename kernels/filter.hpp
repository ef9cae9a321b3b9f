#pragma once
// Separable symmetric filters and gradients, row by row. The caller pads: no kernel here invents values at an edge.
// Same bytes on every target; reentrant; see README.md.

#include <cstddef>

namespace pitwatch::kernels {

/// out[i] = taps[0]*rows[radius][i] + taps[1]*(rows[radius-1][i] + rows[radius+1][i]) + ..., added in that order,
/// from the centre outwards.
///
/// `rows` holds 2*radius + 1 pointers, top to bottom, to n elements each (the same row may appear several times: that
/// is how a caller clamps at the image's edge). `taps` holds radius + 1 weights, the centre's first. radius >= 0.
/// `out` holds n elements and may be one of the rows. NaN spreads to every result that reads it, zero weight or not.
void convolve_vertical(const float* const* rows, const float* taps, int radius, std::size_t n, float* out) noexcept;

/// out[i] = taps[0]*p[i+radius] + taps[1]*(p[i+radius-1] + p[i+radius+1]) + ..., added in that order.
///
/// `padded_row` holds n + 2*radius elements (if n > 0): `radius` of padding, n of the row, `radius` of padding.
/// `out` holds n elements and does not overlap it. Otherwise as convolve_vertical.
void convolve_horizontal(const float* padded_row, const float* taps, int radius, std::size_t n, float* out) noexcept;

/// Local gradient by central differences, |d/dx| + |d/dy|, in the units of the input per pixel:
/// out[i] = 0.5 * (|padded_row[i+2] - padded_row[i]| + |below[i] - above[i]|).
///
/// `above` and `below` hold n elements, `padded_row` n + 2 with the pixel itself at i + 1. `out` holds n elements; it
/// may be `above` or `below`, and does not overlap `padded_row`. A NaN neighbour gives a NaN.
void gradient_magnitude_row(const float* above, const float* padded_row, const float* below, std::size_t n,
                            float* out) noexcept;

}  // namespace pitwatch::kernels
