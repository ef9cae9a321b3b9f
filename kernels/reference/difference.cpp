#include "kernels/reference/difference.hpp"

#include <limits>

namespace pitwatch::kernels::reference {

void difference(const float* before, const float* after, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = after[i] - before[i];
}

void standardised_difference(const float* before, const float* after, const float* noise, std::size_t n,
                             float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = noise[i] == 0.0F ? std::numeric_limits<float>::quiet_NaN() : (after[i] - before[i]) / noise[i];
  }
}

void affine(const float* in, std::size_t n, float gain, float offset, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = in[i] * gain + offset;
}

}  // namespace pitwatch::kernels::reference
