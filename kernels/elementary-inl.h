// The functions of elementary.hpp for vectors, operation by operation the same. Re-included once per target.

#if defined(PITWATCH_KERNELS_ELEMENTARY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PITWATCH_KERNELS_ELEMENTARY_INL_H_
#undef PITWATCH_KERNELS_ELEMENTARY_INL_H_
#else
#define PITWATCH_KERNELS_ELEMENTARY_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// portable_log().
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log_of(D d, V x) {
  const hn::Rebind<std::int32_t, D> di;
  const auto half_root = hn::Set(di, 0x3f3504f3);
  const auto shifted = hn::Sub(hn::BitCast(di, x), half_root);
  const auto exponent = hn::ConvertTo(d, hn::ShiftRight<23>(shifted));
  const V m = hn::BitCast(d, hn::Add(hn::And(shifted, hn::Set(di, 0x007fffff)), half_root));
  const V one = hn::Set(d, 1.0F);
  const V t = hn::Div(hn::Sub(m, one), hn::Add(m, one));
  const V t2 = hn::Mul(t, t);
  V series = hn::Mul(t2, hn::Set(d, 2.0F / 7));
  series = hn::Mul(t2, hn::Add(hn::Set(d, 2.0F / 5), series));
  series = hn::Mul(t2, hn::Add(hn::Set(d, 2.0F / 3), series));
  series = hn::Mul(t, hn::Add(hn::Set(d, 2.0F), series));
  return hn::Add(hn::Mul(exponent, hn::Set(d, 0.693147181F)), series);
}

/// portable_exp().
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp_of(D d, V x) {
  const hn::Rebind<std::int32_t, D> di;
  const V y = hn::Mul(x, hn::Set(d, 1.44269504F));
  const V half = hn::IfThenElse(hn::Lt(y, hn::Zero(d)), hn::Set(d, -0.5F), hn::Set(d, 0.5F));
  const auto whole = hn::ConvertTo(di, hn::Add(y, half));
  const V r = hn::Mul(hn::Sub(y, hn::ConvertTo(d, whole)), hn::Set(d, 0.693147181F));
  V p = hn::Mul(r, hn::Set(d, 1.0F / 120));
  p = hn::Mul(r, hn::Add(hn::Set(d, 1.0F / 24), p));
  p = hn::Mul(r, hn::Add(hn::Set(d, 1.0F / 6), p));
  p = hn::Mul(r, hn::Add(hn::Set(d, 0.5F), p));
  p = hn::Mul(r, hn::Add(hn::Set(d, 1.0F), p));
  p = hn::Add(hn::Set(d, 1.0F), p);
  return hn::Mul(p, hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(whole, hn::Set(di, 127)))));
}

/// portable_logistic() of any number but NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V logistic_of(D d, V x) {
  const V clamped = hn::Min(hn::Max(x, hn::Set(d, -40.0F)), hn::Set(d, 40.0F));
  const V one = hn::Set(d, 1.0F);
  return hn::Div(one, hn::Add(one, exp_of(d, hn::Neg(clamped))));
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // PITWATCH_KERNELS_ELEMENTARY_INL_H_
