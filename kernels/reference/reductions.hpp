#pragma once
// Scalar oracle of kernels/reductions.hpp: the same functions, one pixel at a time, compiled without vectorisation.

#include "kernels/reductions.hpp"

namespace pitwatch::kernels::reference {

Moments moments(const float* values, const std::uint8_t* mask, std::size_t n) noexcept;

void histogram(const float* values, const std::uint8_t* mask, std::size_t n, float low, float high,
               std::span<std::uint32_t> bins) noexcept;

}  // namespace pitwatch::kernels::reference
