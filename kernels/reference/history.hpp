#pragma once
// Scalar oracles of kernels/history.hpp.

#include "kernels/history.hpp"

namespace pitwatch::kernels::reference {

void pack_history(const float* values, std::size_t n, float per_step, std::int16_t* out) noexcept;
void take_off_history(const float* amounts, std::size_t n, float per_step, std::int16_t* values) noexcept;
void history_residuals(const std::int16_t* values, std::size_t feature_stride, const std::uint8_t* counts,
                       std::size_t features, std::size_t n, float step, const float* const* expected,
                       const float* const* deviation, float* const* residual, std::uint8_t* is_usable) noexcept;
void lasting_errors(const SeasonHistory& history, const SeasonRows& models, const LastingErrorOptions& options,
                    std::size_t n, float* squares, float* windows) noexcept;

}  // namespace pitwatch::kernels::reference
