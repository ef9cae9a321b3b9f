#pragma once
// Scalar oracle of kernels/row_program.hpp: the same function, one pixel at a time, compiled without vectorisation.

#include "kernels/row_program.hpp"

namespace pitwatch::kernels::reference {

void run_row_program(std::span<const RowStep> steps, std::span<const InputRow> inputs, const std::uint8_t* mask,
                     std::size_t n, double* scratch, std::span<float* const> outputs) noexcept;

double row_operation(RowOp op, double a, double b, double c) noexcept;

}  // namespace pitwatch::kernels::reference
