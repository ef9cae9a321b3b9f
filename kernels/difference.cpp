#include "kernels/difference.hpp"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/difference.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

void difference(const float* before, const float* after, std::size_t n, float* out) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    hn::StoreU(hn::Sub(hn::LoadU(d, after + i), hn::LoadU(d, before + i)), d, out + i);
  });
}

void standardised_difference(const float* before, const float* after, const float* noise, std::size_t n, float* out) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const auto change = hn::Sub(hn::LoadU(d, after + i), hn::LoadU(d, before + i));
    const auto sigma = hn::LoadU(d, noise + i);
    const auto is_zero = hn::Eq(sigma, hn::Zero(d));
    const auto nan = hn::Set(d, std::numeric_limits<float>::quiet_NaN());
    hn::StoreU(hn::IfThenElse(is_zero, nan, hn::Div(change, sigma)), d, out + i);
  });
}

void affine(const float* in, std::size_t n, float gain, float offset, float* out) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    hn::StoreU(hn::Add(hn::Mul(hn::LoadU(d, in + i), hn::Set(d, gain)), hn::Set(d, offset)), d, out + i);
  });
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(difference);
void difference(const float* before, const float* after, std::size_t n, float* out) noexcept {
  HWY_DYNAMIC_DISPATCH(difference)(before, after, n, out);
}

HWY_EXPORT(standardised_difference);
void standardised_difference(const float* before, const float* after, const float* noise, std::size_t n,
                             float* out) noexcept {
  HWY_DYNAMIC_DISPATCH(standardised_difference)(before, after, noise, n, out);
}

HWY_EXPORT(affine);
void affine(const float* in, std::size_t n, float gain, float offset, float* out) noexcept {
  HWY_DYNAMIC_DISPATCH(affine)(in, n, gain, offset, out);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
