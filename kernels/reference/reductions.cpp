#include "kernels/reference/reductions.hpp"

#include <cmath>
#include <initializer_list>

namespace pitwatch::kernels::reference {
namespace {

bool counts(const float* values, const std::uint8_t* mask, std::size_t i) {
  return !std::isnan(values[i]) && (mask == nullptr || mask[i] == 0);
}

}  // namespace

Moments moments(const float* values, const std::uint8_t* mask, std::size_t n) noexcept {
  std::uint64_t count = 0;
  double sum[16] = {};
  double square[16] = {};
  for (std::size_t i = 0; i < n; ++i) {
    if (!counts(values, mask, i)) continue;
    const double x = values[i];
    ++count;
    sum[i % 16] += x;
    square[i % 16] += x * x;
  }
  for (const int width : {8, 4, 2, 1}) {
    for (int k = 0; k < width; ++k) {
      sum[k] += sum[k + width];
      square[k] += square[k + width];
    }
  }
  return {count, sum[0], square[0]};
}

void histogram(const float* values, const std::uint8_t* mask, std::size_t n, float low, float high,
               std::span<std::uint32_t> bins) noexcept {
  if (bins.empty() || bins.size() > (std::size_t{1} << 24) || !(low < high)) return;
  const float scale = static_cast<float>(bins.size()) / (high - low);
  if (!(scale > 0.0F) || std::isinf(scale)) return;
  const float last = static_cast<float>(bins.size() - 1);
  for (std::size_t i = 0; i < n; ++i) {
    if (!counts(values, mask, i)) continue;
    const float t = (values[i] - low) * scale;
    const float clamped = t < 0.0F ? 0.0F : (t > last ? last : t);
    ++bins[static_cast<std::size_t>(clamped)];
  }
}

}  // namespace pitwatch::kernels::reference
