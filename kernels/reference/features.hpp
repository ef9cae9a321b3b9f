#pragma once
// Scalar oracle of kernels/features.hpp: the same functions, one pixel at a time, compiled without vectorisation.

#include "kernels/features.hpp"

namespace pitwatch::kernels::reference {

void feature_row(const BandRows& bands, const FeatureParameters& parameters, std::size_t n,
                 const FeatureRows& out) noexcept;

void add_position_error_row(const float* above, const float* values, const float* below, std::size_t n, float error_px,
                            float* errors) noexcept;

void move_window_row(const std::uint8_t* into, const std::uint8_t* out_of, std::size_t n, std::int32_t* sums) noexcept;

void window_sum_row(const std::int32_t* columns, std::size_t n, std::size_t radius, std::int32_t* out) noexcept;

}  // namespace pitwatch::kernels::reference
