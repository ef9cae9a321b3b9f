#pragma once
// Scalar oracle of kernels/line_sums.hpp.

#include "kernels/line_sums.hpp"

namespace pitwatch::kernels::reference {

void add_line(const std::uint16_t* above, const std::uint16_t* row, const std::uint16_t* below, std::size_t begin,
              std::size_t end, std::size_t width, const CountingNumbers& numbers, LineSums& of_row,
              const LineSumArrays& of_columns) noexcept;

}  // namespace pitwatch::kernels::reference
