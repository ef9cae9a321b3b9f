// Shared by the kernels' .cpp files, re-included once per target: hence the toggling guard instead of #pragma once.

#if defined(PITWATCH_KERNELS_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PITWATCH_KERNELS_ROWS_INL_H_
#undef PITWATCH_KERNELS_ROWS_INL_H_
#else
#define PITWATCH_KERNELS_ROWS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Calls step(d, i) for i over 0..n: with full vectors of T while they fit, then with vectors of one lane. So a formula
/// is written once, no lane is read or written outside the row (Highway 1.0.3's MaskedLoad and BlendedStore touch whole
/// vectors for 8 and 16-bit lanes), and the tail rounds like the body.
/// `step` is a generic lambda: [&](auto d, std::size_t i) HWY_ATTR { ... }. HWY_ATTR gives it the target's
/// instructions.
template <typename T, class Step>
HWY_INLINE void for_each_vector(std::size_t n, const Step& step) {
  const hn::ScalableTag<T> full;
  const std::size_t lanes = hn::Lanes(full);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) step(full, i);
  const hn::CappedTag<T, 1> one;
  for (; i < n; ++i) step(one, i);
}

/// Bytes of a row as whole numbers, one for each lane of D.
template <class D>
HWY_INLINE hn::Vec<hn::Rebind<std::int32_t, D>> load_bytes(D, const std::uint8_t* from) {
  const hn::Rebind<std::int32_t, D> di;
  const hn::Rebind<std::uint8_t, D> db;
  return hn::PromoteTo(di, hn::LoadU(db, from));
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // PITWATCH_KERNELS_ROWS_INL_H_
