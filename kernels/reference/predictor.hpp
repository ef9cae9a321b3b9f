#pragma once
// The scalar oracle of kernels/predictor.hpp: same signature, same bytes.

#include "kernels/predictor.hpp"

namespace pitwatch::kernels::reference {

void undo_horizontal_differencing(std::uint16_t* row, std::size_t n) noexcept;

}  // namespace pitwatch::kernels::reference
