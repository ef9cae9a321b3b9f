#pragma once
// Scalar oracle of kernels/kept_season.hpp: the same functions, one pixel at a time, compiled without vectorisation.

#include "kernels/kept_season.hpp"

namespace pitwatch::kernels::reference {

void unpack_models_row(const KeptModelRows& kept, const ModelUnits& units, std::size_t n,
                       const ModelNumberRows& into) noexcept;

void deviate_row(const SeenRow& row, std::size_t features, std::size_t brightness, std::size_t n,
                 float* const* residual, float* const* deviation, std::uint8_t* known) noexcept;

void adapt_row(const KeptModelRows& models, const ModelUnits& units, const Adaptation& observation,
               const AdaptedRow& row, std::size_t n) noexcept;

}  // namespace pitwatch::kernels::reference
