#include "kernels/filter.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/filter.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

void convolve_vertical(const float* const* rows, const float* taps, int radius, std::size_t n, float* out) {
  const float* const* const centre = rows + radius;
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    auto sum = hn::Mul(hn::Set(d, taps[0]), hn::LoadU(d, centre[0] + i));
    for (int k = 1; k <= radius; ++k) {
      const auto pair = hn::Add(hn::LoadU(d, centre[-k] + i), hn::LoadU(d, centre[k] + i));
      sum = hn::Add(sum, hn::Mul(hn::Set(d, taps[k]), pair));
    }
    hn::StoreU(sum, d, out + i);
  });
}

void convolve_horizontal(const float* padded_row, const float* taps, int radius, std::size_t n, float* out) {
  const float* const centre = padded_row + radius;
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    auto sum = hn::Mul(hn::Set(d, taps[0]), hn::LoadU(d, centre + i));
    for (int k = 1; k <= radius; ++k) {
      const auto pair = hn::Add(hn::LoadU(d, centre + i - k), hn::LoadU(d, centre + i + k));
      sum = hn::Add(sum, hn::Mul(hn::Set(d, taps[k]), pair));
    }
    hn::StoreU(sum, d, out + i);
  });
}

void gradient_magnitude_row(const float* above, const float* padded_row, const float* below, std::size_t n,
                            float* out) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto dx = hn::Abs(hn::Sub(hn::LoadU(d, padded_row + i + 2), hn::LoadU(d, padded_row + i)));
    const auto dy = hn::Abs(hn::Sub(hn::LoadU(d, below + i), hn::LoadU(d, above + i)));
    hn::StoreU(hn::Mul(hn::Set(d, 0.5F), hn::Add(dx, dy)), d, out + i);
  });
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(convolve_vertical);
void convolve_vertical(const float* const* rows, const float* taps, int radius, std::size_t n, float* out) noexcept {
  HWY_DYNAMIC_DISPATCH(convolve_vertical)(rows, taps, radius, n, out);
}

HWY_EXPORT(convolve_horizontal);
void convolve_horizontal(const float* padded_row, const float* taps, int radius, std::size_t n, float* out) noexcept {
  HWY_DYNAMIC_DISPATCH(convolve_horizontal)(padded_row, taps, radius, n, out);
}

HWY_EXPORT(gradient_magnitude_row);
void gradient_magnitude_row(const float* above, const float* padded_row, const float* below, std::size_t n,
                            float* out) noexcept {
  HWY_DYNAMIC_DISPATCH(gradient_magnitude_row)(above, padded_row, below, n, out);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
