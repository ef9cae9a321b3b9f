#pragma once
// Scalar oracle of kernels/resample.hpp: the same functions, one pixel at a time, compiled without vectorisation.

#include "kernels/resample.hpp"

namespace pitwatch::kernels::reference {

void upsample2_row(const float* coarse_above, const float* coarse_below, float weight_below, std::size_t coarse_n,
                   float* fine) noexcept;

void upsample2_mask_row(const std::uint8_t* coarse_above, const std::uint8_t* coarse_below, float weight_below,
                        std::size_t coarse_n, std::uint8_t* fine) noexcept;

void translate_bilinear_row(const float* row0, const float* row1, float fx, float fy, std::size_t n,
                            float* out) noexcept;

void translate_bilinear_mask_row(const std::uint8_t* row0, const std::uint8_t* row1, float fx, float fy, std::size_t n,
                                 std::uint8_t* out) noexcept;

void translate_bicubic_row(const float* const rows[4], const float wx[4], const float wy[4], std::size_t n,
                           float* out) noexcept;

void translate_bicubic_mask_row(const std::uint8_t* const rows[4], const float wx[4], const float wy[4], std::size_t n,
                                std::uint8_t* out) noexcept;

}  // namespace pitwatch::kernels::reference
