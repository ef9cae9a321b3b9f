#include "kernels/reference/predictor.hpp"

namespace pitwatch::kernels::reference {

void undo_horizontal_differencing(std::uint16_t* row, std::size_t n) noexcept {
  for (std::size_t i = 1; i < n; ++i) row[i] = static_cast<std::uint16_t>(row[i] + row[i - 1]);
}

}  // namespace pitwatch::kernels::reference
