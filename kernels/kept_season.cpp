#include "kernels/kept_season.hpp"

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/kept_season.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/elementary-inl.h"
#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

template <class D>
HWY_INLINE hn::Mask<D> is_not_0(D d, const std::uint8_t* bytes) {
  const hn::Rebind<std::int32_t, D> di;
  return hn::RebindMask(d, hn::Ne(load_bytes(d, bytes), hn::Zero(di)));
}

template <class D>
HWY_INLINE hn::Vec<hn::Rebind<std::int32_t, D>> load_shorts(D, const std::int16_t* from) {
  const hn::Rebind<std::int32_t, D> di;
  const hn::Rebind<std::int16_t, D> ds;
  return hn::PromoteTo(di, hn::LoadU(ds, from));
}

template <class D>
HWY_INLINE hn::Vec<D> weight_of(D d, const std::uint8_t* kept) {
  const auto root = hn::Mul(hn::ConvertTo(d, load_bytes(d, kept)), hn::Set(d, 1 / steps_of_observations));
  return hn::Mul(root, root);
}

/// Asks for as many numbers as are read, behind them: who walks a row walks on, and planes are too many for the
/// processor to see that by itself.
template <typename T>
HWY_INLINE void fetch_ahead(const T* from, std::size_t n) {
  constexpr std::size_t per_line = 64 / sizeof(T);
  for (std::size_t i = 0; i < n; i += per_line) hwy::Prefetch(from + n + i);
}

void unpack_models_row(const KeptModelRows& kept, const ModelUnits& units, std::size_t n, const ModelNumberRows& into) {
  for (std::size_t k = 0; k < kept.coefficients.size(); ++k) {
    fetch_ahead(kept.coefficients[k], n);
    for_each_vector<float>(n, [&](auto d, std::size_t x) HWY_ATTR {
      const auto steps = hn::ConvertTo(d, load_shorts(d, kept.coefficients[k] + x));
      hn::StoreU(hn::Mul(steps, hn::Set(d, units.step[k])), d, into.coefficients[k] + x);
    });
  }
  for (std::size_t f = 0; f < kept.noise.size(); ++f) {
    fetch_ahead(kept.noise[f], n);
    for_each_vector<float>(n, [&](auto d, std::size_t x) HWY_ATTR {
      hn::StoreU(hn::GatherIndex(d, units.noise, load_bytes(d, kept.noise[f] + x)), d, into.noise[f] + x);
    });
  }
  for (std::size_t part = 0; part < season_parts; ++part) {
    fetch_ahead(kept.observations[part], n);
    for_each_vector<float>(n, [&](auto d, std::size_t x) HWY_ATTR {
      hn::StoreU(weight_of(d, kept.observations[part] + x), d, into.observations[part] + x);
    });
  }
}

void deviate_row(const SeenRow& row, std::size_t features, std::size_t brightness, std::size_t n,
                 float* const* residual, float* const* deviation, std::uint8_t* known) {
  for_each_vector<float>(n, [&](auto d, std::size_t x) HWY_ATTR {
    using V = hn::Vec<decltype(d)>;
    const hn::Rebind<std::int32_t, decltype(d)> di;
    const hn::Rebind<std::uint8_t, decltype(d)> db;
    auto is_known = is_not_0(d, row.wanted + x);
    if (hn::AllFalse(d, is_known)) {
      hn::StoreU(hn::Zero(db), db, known + x);
      return;
    }
    const V zero = hn::Zero(d);
    for (std::size_t f = 0; f < features; ++f) {
      const auto is_monitored = hn::Gt(hn::LoadU(d, row.expected_deviation[f] + x), zero);
      const V above = hn::Sub(hn::LoadU(d, row.value[f] + x), hn::LoadU(d, row.expected[f] + x));
      const V difference = hn::IfThenElseZero(is_monitored, above);
      is_known = hn::And(is_known, hn::Eq(difference, difference));
      hn::StoreU(difference, d, residual[f] + x);
    }
    const V brighter = hn::IfThenElseZero(is_known, hn::LoadU(d, residual[brightness] + x));
    const V darker = exp_of(d, hn::Min(hn::Max(brighter, zero), hn::Set(d, 4.0F)));
    for (std::size_t f = 0; f < features; ++f) {
      const V expected = hn::LoadU(d, row.expected_deviation[f] + x);
      const V error = hn::Mul(darker, hn::LoadU(d, row.error[f] + x));
      const V both = hn::Sqrt(hn::Add(hn::Mul(expected, expected), hn::Mul(error, error)));
      hn::StoreU(hn::IfThenElseZero(hn::Gt(expected, zero), both), d, deviation[f] + x);
    }
    const auto flags = hn::IfThenElseZero(hn::RebindMask(di, is_known), hn::Set(di, 1));
    hn::StoreU(hn::DemoteTo(db, flags), db, known + x);
  });
}

/// mixed_bits().
template <class DU, class VU = hn::Vec<DU>>
HWY_INLINE VU mixed(DU du, VU x) {
  x = hn::Mul(hn::Xor(x, hn::ShiftRight<16>(x)), hn::Set(du, 0x7feb352dU));
  x = hn::Mul(hn::Xor(x, hn::ShiftRight<15>(x)), hn::Set(du, 0x846ca68bU));
  return hn::Xor(x, hn::ShiftRight<16>(x));
}

/// Thresholds of some pixels.
template <class D>
class Thresholds {
 public:
  HWY_INLINE Thresholds(D d, std::uint32_t first, std::uint32_t chance)
      : state_(mixed(du, hn::Add(hn::Mul(hn::Iota(du, first), hn::Set(du, golden)), hn::Set(du, chance)))), d_(d) {}

  /// threshold_of().
  HWY_INLINE hn::Vec<D> at(std::size_t k) const {
    const auto bits = mixed(du, hn::Add(state_, hn::Set(du, static_cast<std::uint32_t>(k / 2 + 1) * golden)));
    const auto half = k % 2 == 0 ? hn::And(bits, hn::Set(du, 0xffffU)) : hn::ShiftRight<16>(bits);
    return hn::Mul(hn::ConvertTo(d_, hn::BitCast(hn::Rebind<std::int32_t, D>(), half)), hn::Set(d_, 1.0F / 65536));
  }

 private:
  static constexpr std::uint32_t golden = 0x9e3779b9U;
  static constexpr hn::Rebind<std::uint32_t, D> du{};
  hn::Vec<hn::Rebind<std::uint32_t, D>> state_;
  D d_;
};

void adapt_row(const KeptModelRows& models, const ModelUnits& units, const Adaptation& observation,
               const AdaptedRow& row, std::size_t n) {
  for_each_vector<float>(n, [&](auto d, std::size_t x) HWY_ATTR {
    using D = decltype(d);
    using V = hn::Vec<D>;
    const hn::Rebind<std::int32_t, D> di;
    const hn::Rebind<std::int16_t, D> ds;
    const hn::Rebind<std::uint8_t, D> db;
    const auto wanted = is_not_0(d, row.wanted + x);
    if (hn::AllFalse(d, wanted)) return;
    const Thresholds<D> thresholds(d, observation.first + static_cast<std::uint32_t>(x), observation.chance);
    V direction[season_terms];
    for (std::size_t i = 0; i < season_terms; ++i) direction[i] = hn::LoadU(d, row.direction[i] + x);
    const auto product = [&](const V* vectors) HWY_ATTR {
      V sum = hn::Mul(vectors[0], hn::Set(d, observation.terms[0]));
      for (std::size_t i = 1; i < season_terms; ++i)
        sum = hn::Add(sum, hn::Mul(vectors[i], hn::Set(d, observation.terms[i])));
      return sum;
    };
    const V scale = hn::Div(hn::Set(d, 1.0F), hn::Add(hn::Set(d, 1 / observation.weight), product(direction)));
    const V largest = hn::Set(d, 32767.0F);
    for (std::size_t f = 0; f < models.noise.size(); ++f) {
      const V value = hn::LoadU(d, row.value[f] + x);
      const auto is_monitored = is_not_0(d, models.noise[f] + x);
      const auto changes = hn::And(hn::And(wanted, is_monitored), hn::Eq(value, value));
      V coefficients[season_terms];
      for (std::size_t i = 0; i < season_terms; ++i) {
        const std::size_t place = f * season_terms + i;
        const V steps = hn::ConvertTo(d, load_shorts(d, models.coefficients[place] + x));
        coefficients[i] = hn::Mul(steps, hn::Set(d, units.step[place]));
      }
      const V innovation = hn::Sub(value, product(coefficients));
      for (std::size_t i = 0; i < season_terms; ++i) {
        const std::size_t place = f * season_terms + i;
        const V adapted = hn::Add(coefficients[i], hn::Mul(hn::Mul(direction[i], scale), innovation));
        const V added = hn::Sub(thresholds.at(place), hn::Set(d, 0.5F));
        V held = hn::Add(hn::Mul(adapted, hn::Set(d, units.per_unit[place])), added);
        held = hn::Min(hn::Max(hn::IfThenElseZero(changes, held), hn::Neg(largest)), largest);
        const auto after = hn::IfThenElse(hn::RebindMask(di, changes), hn::NearestInt(held),
                                          load_shorts(d, models.coefficients[place] + x));
        hn::StoreU(hn::DemoteTo(ds, after), ds, models.coefficients[place] + x);
      }
    }
    std::uint8_t* const kept = models.observations[observation.part] + x;
    const V root = hn::Sqrt(hn::Add(weight_of(d, kept), hn::Set(d, observation.weight)));
    const V threshold = thresholds.at(models.coefficients.size());
    const V steps = hn::Min(hn::Add(hn::Mul(hn::Set(d, steps_of_observations), root), threshold), hn::Set(d, 255.0F));
    const auto after = hn::IfThenElse(hn::RebindMask(di, wanted), hn::ConvertTo(di, steps), load_bytes(d, kept));
    hn::StoreU(hn::DemoteTo(db, after), db, kept);
  });
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(unpack_models_row);
void unpack_models_row(const KeptModelRows& kept, const ModelUnits& units, std::size_t n,
                       const ModelNumberRows& into) noexcept {
  HWY_DYNAMIC_DISPATCH(unpack_models_row)(kept, units, n, into);
}

HWY_EXPORT(deviate_row);
void deviate_row(const SeenRow& row, std::size_t features, std::size_t brightness, std::size_t n,
                 float* const* residual, float* const* deviation, std::uint8_t* known) noexcept {
  HWY_DYNAMIC_DISPATCH(deviate_row)(row, features, brightness, n, residual, deviation, known);
}

HWY_EXPORT(adapt_row);
void adapt_row(const KeptModelRows& models, const ModelUnits& units, const Adaptation& observation,
               const AdaptedRow& row, std::size_t n) noexcept {
  HWY_DYNAMIC_DISPATCH(adapt_row)(models, units, observation, row, n);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
