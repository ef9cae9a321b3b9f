#pragma once
// Differences of two dates and their normalisation.
// Same bytes on every target; reentrant; see README.md. In all three, rows hold n elements of any alignment, `out` may
// be one of the inputs but may not overlap one partly, and a NaN input gives a NaN.

#include <cstddef>

namespace pitwatch::kernels {

/// out[i] = after[i] - before[i]. In the units of the input. Masks are the caller's.
void difference(const float* before, const float* after, std::size_t n, float* out) noexcept;

/// out[i] = (after[i] - before[i]) / noise[i]: the change in standard deviations (1), where `noise` is the standard
/// deviation of an unchanged difference, in the units of the input. Where noise is 0 (either sign): NaN.
void standardised_difference(const float* before, const float* after, const float* noise, std::size_t n,
                             float* out) noexcept;

/// out[i] = in[i] * gain + offset, both operations rounded to float.
void affine(const float* in, std::size_t n, float gain, float offset, float* out) noexcept;

}  // namespace pitwatch::kernels
