#pragma once
// Scalar oracle of kernels/difference.hpp: the same functions, one pixel at a time, compiled without vectorisation.

#include "kernels/difference.hpp"

namespace pitwatch::kernels::reference {

void difference(const float* before, const float* after, std::size_t n, float* out) noexcept;

void standardised_difference(const float* before, const float* after, const float* noise, std::size_t n,
                             float* out) noexcept;

void affine(const float* in, std::size_t n, float gain, float offset, float* out) noexcept;

}  // namespace pitwatch::kernels::reference
