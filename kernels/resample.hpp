#pragma once
// Resampling row by row: 20 m to 10 m, and translation by a fraction of a pixel.
// Same bytes on every target; reentrant; see README.md.
//
// Values and masks are resampled apart: the values of masked pixels (0, by dn_to_reflectance) enter the interpolation,
// and the mask counterpart says which results drew from them. "Draws from" means: with a weight that is not zero. A
// sample whose weight is exactly zero is not used in either, so a NaN there does no harm (in the formulas, one that is
// drawn from takes its place: the term is still added, and is a zero). Its memory must still be readable.

#include <cstddef>
#include <cstdint>

namespace pitwatch::kernels {

/// One fine row of a grid with half the pixel size, bilinear between coarse pixel centres.
///
/// Across: the centres of fine pixels 2j and 2j+1 lie a quarter coarse pixel left and right of that of coarse pixel j,
/// so the weights are 0.75 for j and 0.25 for its left or right neighbour; at the row's ends the edge pixel is
/// repeated. Down: the value between the rows is above + weight_below * (below - above), with weight_below in 0..1
/// (0.25 or 0.75 for pixel centres). For each coarse column first down, then across: v[j] + 0.25 * (v[j +- 1] - v[j]).
/// That form keeps a constant exactly. The first and the last fine row of an image pass the edge row as both rows.
///
/// `coarse_above` and `coarse_below` hold coarse_n elements (they may be the same row), `fine` 2 * coarse_n; `fine`
/// overlaps neither. coarse_n may be 0. Values must be finite or NaN.
void upsample2_row(const float* coarse_above, const float* coarse_below, float weight_below, std::size_t coarse_n,
                   float* fine) noexcept;

/// The mask of upsample2_row: the bitwise OR of the (at most four) coarse pixels each fine pixel draws from.
void upsample2_mask_row(const std::uint8_t* coarse_above, const std::uint8_t* coarse_below, float weight_below,
                        std::size_t coarse_n, std::uint8_t* fine) noexcept;

/// One row of an image translated by a fraction of a pixel, bilinear:
/// out[i] is the image at column i + fx, and at fraction fy of the way from row0 to row1; fx, fy in 0..1.
/// Down first, v[i] = row0[i] + fy * (row1[i] - row0[i]), then across, v[i] + fx * (v[i + 1] - v[i]).
///
/// The rows hold n + 1 elements, `out` n, which overlaps neither. Values must be finite or NaN.
void translate_bilinear_row(const float* row0, const float* row1, float fx, float fy, std::size_t n,
                            float* out) noexcept;

/// The mask of translate_bilinear_row: the bitwise OR of the pixels drawn from.
void translate_bilinear_mask_row(const std::uint8_t* row0, const std::uint8_t* row1, float fx, float fy, std::size_t n,
                                 std::uint8_t* out) noexcept;

/// The weights of the samples at -1, 0, 1 and 2 for the value at t, 0 <= t <= 1: cubic convolution with a = -1/2
/// (Keys 1981, eq. 4). Computed in double, rounded once. They sum to 1 within 2e-7; w is exactly {0, 1, 0, 0} at t = 0.
void bicubic_weights(float t, float w[4]) noexcept;

/// Four pixels along one axis around a position, and their weights; those beyond the axis are its edge.
struct Taps {
  int at[4];        // pixels
  float linear[4];  // 0, 1 - fraction, fraction, 0
  float cubic[4];   // bicubic_weights(fraction)
  float fraction;   // of the way from at[1] to at[2]
  int nearest;      // the pixel that holds the position; -1 outside the axis, where the rest is not set
};

/// The taps of a position (0 is the middle of the first pixel; may be NaN: outside) on an axis of `length` pixels.
Taps taps_at(double position, int length) noexcept;

/// One row of an image translated by a fraction of a pixel, cubic convolution (Keys 1981):
/// out[i] = sum over r, c of wy[r] * wx[c] * rows[r][i + c], so it lies between columns i + 1 and i + 2 of the input.
/// Down first, v[j] = (wy[1]*rows[1][j] + wy[2]*rows[2][j]) + (wy[0]*rows[0][j] + wy[3]*rows[3][j]), then across in
/// the same order: mirrored input and weights give exactly the mirrored output. At least one weight of wx and of wy
/// must differ from 0.
///
/// The four rows hold n + 3 elements, `out` n, which overlaps none of them. Values must be finite or NaN.
void translate_bicubic_row(const float* const rows[4], const float wx[4], const float wy[4], std::size_t n,
                           float* out) noexcept;

/// The mask of translate_bicubic_row: the bitwise OR of the (at most sixteen) pixels drawn from.
void translate_bicubic_mask_row(const std::uint8_t* const rows[4], const float wx[4], const float wy[4], std::size_t n,
                                std::uint8_t* out) noexcept;

}  // namespace pitwatch::kernels
