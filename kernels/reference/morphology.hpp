#pragma once
// Scalar oracle of kernels/morphology.hpp: the same functions, one pixel at a time, compiled without vectorisation.

#include "kernels/morphology.hpp"

namespace pitwatch::kernels::reference {

void dilate3_row(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, std::size_t n,
                 std::uint8_t* out, Neighbourhood neighbourhood) noexcept;

void erode3_row(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, std::size_t n,
                std::uint8_t* out, Neighbourhood neighbourhood) noexcept;

}  // namespace pitwatch::kernels::reference
