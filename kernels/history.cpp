#include "kernels/history.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/history.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

/// In steps, held within what 16 bits hold; `value` is a number.
template <class D, class V>
HWY_INLINE auto in_steps(D d, V value, float per_step) {
  const auto most = hn::Set(d, 32000.0F);
  const auto scaled = hn::Mul(value, hn::Set(d, per_step));
  return hn::NearestInt(hn::Min(hn::Max(scaled, hn::Neg(most)), most));
}

void pack_history(const float* values, std::size_t n, float per_step, std::int16_t* out) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const hn::RebindToSigned<decltype(d)> di;
    const hn::Rebind<std::int16_t, decltype(d)> d16;
    const auto value = hn::LoadU(d, values + i);
    const auto is_number = hn::Eq(value, value);
    const auto packed = in_steps(d, hn::IfThenElseZero(is_number, value), per_step);
    const auto none = hn::Set(di, no_season_value);
    hn::StoreU(hn::DemoteTo(d16, hn::IfThenElse(hn::RebindMask(di, is_number), packed, none)), d16, out + i);
  });
}

void take_off_history(const float* amounts, std::size_t n, float per_step, std::int16_t* values) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const hn::RebindToSigned<decltype(d)> di;
    const hn::Rebind<std::int16_t, decltype(d)> d16;
    const auto packed = hn::PromoteTo(di, hn::LoadU(d16, values + i));
    const auto none = hn::Set(di, no_season_value);
    const auto most = hn::Set(d, 32000.0F);
    const auto amount = hn::Mul(hn::LoadU(d, amounts + i), hn::Set(d, per_step));
    const auto rest = hn::Sub(hn::ConvertTo(d, packed), amount);
    const auto held = hn::NearestInt(hn::Min(hn::Max(rest, hn::Neg(most)), most));
    hn::StoreU(hn::DemoteTo(d16, hn::IfThenElse(hn::Eq(packed, none), none, held)), d16, values + i);
  });
}

void history_residuals(const std::int16_t* values, std::size_t feature_stride, const std::uint8_t* counts,
                       std::size_t features, std::size_t n, float step, const float* const* expected,
                       const float* const* deviation, float* const* residual, std::uint8_t* is_usable) {
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const hn::RebindToSigned<decltype(d)> di;
    const hn::Rebind<std::int16_t, decltype(d)> d16;
    const hn::Rebind<std::uint8_t, decltype(d)> d8;
    const auto none = hn::Set(di, no_season_value);
    const auto zero = hn::Zero(d);
    auto usable = hn::Gt(hn::PromoteTo(di, hn::LoadU(d8, counts + i)), hn::Zero(di));
    for (std::size_t f = 0; f < features; ++f) {
      const auto packed = hn::PromoteTo(di, hn::LoadU(d16, values + f * feature_stride + i));
      const auto is_monitored = hn::RebindMask(di, hn::Gt(hn::LoadU(d, deviation[f] + i), zero));
      usable = hn::And(usable, hn::Not(hn::And(is_monitored, hn::Eq(packed, none))));
    }
    for (std::size_t f = 0; f < features; ++f) {
      const auto value = hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(d16, values + f * feature_stride + i)));
      const auto is_monitored = hn::Gt(hn::LoadU(d, deviation[f] + i), zero);
      const auto rest = hn::Sub(hn::Mul(value, hn::Set(d, step)), hn::LoadU(d, expected[f] + i));
      hn::StoreU(hn::IfThenElseZero(hn::And(is_monitored, hn::RebindMask(d, usable)), rest), d, residual[f] + i);
    }
    hn::StoreU(hn::DemoteTo(d8, hn::IfThenElseZero(usable, hn::Set(di, 1))), d8, is_usable + i);
  });
}

/// Pixels that D has lanes for, from x on.
template <class D>
void lasting_errors_of(D d, const SeasonHistory& history, const SeasonRows& models, const LastingErrorOptions& options,
                       std::size_t x, float* squares_out, float* windows_out) {
  using V = hn::Vec<D>;
  const hn::RebindToSigned<D> di;
  const hn::Rebind<std::int16_t, D> d16;
  const hn::Rebind<std::uint8_t, D> d8;
  const std::size_t features = history.features;
  const V zero = hn::Zero(d);
  const V one = hn::Set(d, 1.0F);
  V last[season_window][most_season_features];  // the newest first
  V sum[most_season_features];
  for (std::size_t f = 0; f < features; ++f) {
    sum[f] = zero;
    for (std::size_t k = 0; k < season_window; ++k) last[k][f] = zero;
  }
  V count = zero;
  V squares = zero;
  V windows = zero;
  const V whole = hn::Set(d, static_cast<float>(season_window));
  for (std::size_t l = 0; l < history.days.size(); ++l) {
    const SeasonDay& day = history.days[l];
    const auto counted = hn::PromoteTo(di, hn::LoadU(d8, history.counts + l * history.counts_stride + x));
    auto usable = hn::RebindMask(d, hn::Gt(counted, hn::Zero(di)));
    if (hn::AllFalse(d, usable)) continue;
    V standard[most_season_features];
    for (std::size_t f = 0; f < features; ++f) {
      const float* const* const coefficients = models.coefficients + f * season_terms;
      V expected = zero;
      V slope = zero;
      for (std::size_t i = 0; i < season_terms; ++i) {
        const V coefficient = hn::LoadU(d, coefficients[i] + x);
        expected = hn::Add(expected, hn::Mul(coefficient, hn::Set(d, day.terms[i])));
        slope = hn::Add(slope, hn::Mul(coefficient, hn::Set(d, day.slopes[i])));
      }
      const V drift = hn::Mul(slope, hn::Set(d, options.shift_days));
      const V noise = hn::LoadU(d, models.noise[f] + x);
      const V deviation = hn::Sqrt(hn::Add(hn::Mul(noise, noise), hn::Mul(drift, drift)));
      const auto packed = hn::PromoteTo(di, hn::LoadU(d16, history.values[l] + f * history.feature_stride + x));
      const auto is_monitored = hn::Gt(noise, zero);
      const auto is_none = hn::RebindMask(d, hn::Eq(packed, hn::Set(di, no_season_value)));
      usable = hn::AndNot(hn::And(is_monitored, is_none), usable);
      const V rest = hn::Sub(hn::Mul(hn::ConvertTo(d, packed), hn::Set(d, history.step)), expected);
      standard[f] = hn::IfThenElseZero(is_monitored, hn::Div(rest, hn::IfThenElse(is_monitored, deviation, one)));
    }
    V whitened[most_season_features];
    V length = zero;
    for (std::size_t r = 0; r < features; ++r) {
      whitened[r] = zero;
      for (std::size_t c = 0; c <= r; ++c) {
        whitened[r] = hn::Add(whitened[r], hn::Mul(hn::Set(d, options.whitening[r * features + c]), standard[c]));
      }
      length = hn::Add(length, hn::Mul(whitened[r], whitened[r]));
    }
    usable = hn::And(usable, hn::Le(length, hn::Set(d, options.most_square)));
    if (hn::AllFalse(d, usable)) continue;
    V of_sum = zero;
    for (std::size_t f = 0; f < features; ++f) {
      const V moved = hn::Add(sum[f], hn::Sub(whitened[f], last[season_window - 1][f]));
      sum[f] = hn::IfThenElse(usable, moved, sum[f]);
      of_sum = hn::Add(of_sum, hn::Mul(sum[f], sum[f]));
      for (std::size_t k = season_window - 1; k > 0; --k) {
        last[k][f] = hn::IfThenElse(usable, last[k - 1][f], last[k][f]);
      }
      last[0][f] = hn::IfThenElse(usable, whitened[f], last[0][f]);
    }
    count = hn::Add(count, hn::IfThenElseZero(usable, one));
    const auto is_whole = hn::And(usable, hn::Ge(count, whole));
    squares = hn::Add(squares, hn::IfThenElseZero(is_whole, of_sum));
    windows = hn::Add(windows, hn::IfThenElseZero(is_whole, one));
  }
  hn::StoreU(squares, d, squares_out + x);
  hn::StoreU(windows, d, windows_out + x);
}

void lasting_errors(const SeasonHistory& history, const SeasonRows& models, const LastingErrorOptions& options,
                    std::size_t n, float* squares, float* windows) {
  for_each_vector<float>(
      n, [&](auto d, std::size_t x) HWY_ATTR { lasting_errors_of(d, history, models, options, x, squares, windows); });
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(pack_history);
void pack_history(const float* values, std::size_t n, float per_step, std::int16_t* out) noexcept {
  HWY_DYNAMIC_DISPATCH(pack_history)(values, n, per_step, out);
}

HWY_EXPORT(take_off_history);
void take_off_history(const float* amounts, std::size_t n, float per_step, std::int16_t* values) noexcept {
  HWY_DYNAMIC_DISPATCH(take_off_history)(amounts, n, per_step, values);
}

HWY_EXPORT(history_residuals);
void history_residuals(const std::int16_t* values, std::size_t feature_stride, const std::uint8_t* counts,
                       std::size_t features, std::size_t n, float step, const float* const* expected,
                       const float* const* deviation, float* const* residual, std::uint8_t* is_usable) noexcept {
  HWY_DYNAMIC_DISPATCH(history_residuals)
  (values, feature_stride, counts, features, n, step, expected, deviation, residual, is_usable);
}

HWY_EXPORT(lasting_errors);
void lasting_errors(const SeasonHistory& history, const SeasonRows& models, const LastingErrorOptions& options,
                    std::size_t n, float* squares, float* windows) noexcept {
  HWY_DYNAMIC_DISPATCH(lasting_errors)(history, models, options, n, squares, windows);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
