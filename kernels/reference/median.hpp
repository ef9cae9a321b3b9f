#pragma once
// Scalar oracle of kernels/median.hpp: the same function, one pixel at a time, by sorting.

#include "kernels/median.hpp"

namespace pitwatch::kernels::reference {

void median_of_rows(std::span<const float* const> rows, std::span<const Comparator> network, std::size_t n,
                    float* scratch, float* out) noexcept;

}  // namespace pitwatch::kernels::reference
