#include "kernels/reference/median.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pitwatch::kernels::reference {

void median_of_rows(std::span<const float* const> rows, std::span<const Comparator> /*network*/, std::size_t n,
                    float* scratch, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t count = 0;
    for (const float* const row : rows) {
      if (!std::isnan(row[i])) scratch[count++] = row[i];
    }
    std::stable_sort(scratch, scratch + count);
    out[i] = count == 0 ? std::numeric_limits<float>::quiet_NaN()
                        : 0.5F * scratch[(count - 1) / 2] + 0.5F * scratch[count / 2];
  }
}

}  // namespace pitwatch::kernels::reference
