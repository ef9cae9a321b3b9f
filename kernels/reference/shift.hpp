#pragma once
// Scalar oracle of kernels/shift.hpp: the same functions, one pixel at a time, compiled without vectorisation.

#include "kernels/shift.hpp"

namespace pitwatch::kernels::reference {

void whiten_row(const StandardRow& row, const float* whitening, float water_share, std::size_t n,
                std::span<float* const> whitened, float* squares) noexcept;

void remember_row(const RememberedRow& row, float limit, float soil_limit, float clean_squares, std::size_t n,
                  const RecentRows& recent, std::uint8_t* clean) noexcept;

void shift_factor_row(const RecentRows& recent, const ShiftFactors& factors, const std::uint8_t* lasting_error,
                      const std::uint8_t* sight, const std::uint8_t* wanted, std::size_t n, float* factor,
                      std::uint8_t* above) noexcept;

void keep_log_odds_row(const float* factor, float prior, const std::uint8_t* wanted, std::size_t n,
                       std::uint8_t* kept) noexcept;

void join_neighbours_row(const NeighbourRows& rows, float share, std::size_t n, float* evidence,
                         float* probability) noexcept;

}  // namespace pitwatch::kernels::reference
