#include "kernels/reference/filter.hpp"

#include <cmath>

namespace pitwatch::kernels::reference {

void convolve_vertical(const float* const* rows, const float* taps, int radius, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    float sum = taps[0] * rows[radius][i];
    for (int k = 1; k <= radius; ++k) sum += taps[k] * (rows[radius - k][i] + rows[radius + k][i]);
    out[i] = sum;
  }
}

void convolve_horizontal(const float* padded_row, const float* taps, int radius, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const float* const centre = padded_row + i + radius;
    float sum = taps[0] * centre[0];
    for (int k = 1; k <= radius; ++k) sum += taps[k] * (centre[-k] + centre[k]);
    out[i] = sum;
  }
}

void gradient_magnitude_row(const float* above, const float* padded_row, const float* below, std::size_t n,
                            float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = 0.5F * (std::fabs(padded_row[i + 2] - padded_row[i]) + std::fabs(below[i] - above[i]));
  }
}

}  // namespace pitwatch::kernels::reference
