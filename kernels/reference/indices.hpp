#pragma once
// Scalar oracle of kernels/indices.hpp: the same functions, one pixel at a time, compiled without vectorisation.

#include "kernels/indices.hpp"

namespace pitwatch::kernels::reference {

void spectral_index(SpectralIndex index, const BandRows& bands, std::size_t n, float* out) noexcept;

}  // namespace pitwatch::kernels::reference
