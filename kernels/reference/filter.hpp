#pragma once
// Scalar oracle of kernels/filter.hpp: the same functions, one pixel at a time, compiled without vectorisation.

#include "kernels/filter.hpp"

namespace pitwatch::kernels::reference {

void convolve_vertical(const float* const* rows, const float* taps, int radius, std::size_t n, float* out) noexcept;

void convolve_horizontal(const float* padded_row, const float* taps, int radius, std::size_t n, float* out) noexcept;

void gradient_magnitude_row(const float* above, const float* padded_row, const float* below, std::size_t n,
                            float* out) noexcept;

}  // namespace pitwatch::kernels::reference
