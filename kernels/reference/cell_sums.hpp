#pragma once
// Scalar oracle of kernels/cell_sums.hpp: the same functions, one number at a time, compiled without vectorisation.

#include "kernels/cell_sums.hpp"

namespace pitwatch::kernels::reference {

void add_to_kind_cells(const ResidualRows& row, const CellSumParameters& parameters, std::size_t n,
                       std::span<std::int32_t* const> sums, std::int32_t* counts) noexcept;

void move_cell_window_row(const std::int32_t* into, const std::int32_t* out_of, std::size_t cells,
                          std::int32_t* sums) noexcept;

void cell_window_row(const std::int32_t* columns, std::size_t cells, std::size_t radius, std::int32_t* out) noexcept;

void add_cells(const std::int32_t* row, std::size_t cells, std::int64_t* totals) noexcept;

void shared_mean_row(const std::int32_t* sums, const std::int32_t* counts, const KindMeans& means, std::size_t cells,
                     float* out) noexcept;

float ranked(const float* values, std::size_t n, std::size_t rank) noexcept;

}  // namespace pitwatch::kernels::reference
