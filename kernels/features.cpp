#include "kernels/features.hpp"

#include <algorithm>
#include <limits>
#include <numbers>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/features.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/elementary-inl.h"
#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

template <class D>
HWY_INLINE hn::Vec<D> no_value(D d) {
  return hn::Set(d, std::numeric_limits<float>::quiet_NaN());
}

template <class D>
HWY_INLINE hn::Vec<D> load_band(D d, const float* band, std::size_t i) {
  return band == nullptr ? no_value(d) : hn::LoadU(d, band + i);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V floored(D d, V reflectance) {
  const V darkest = hn::Set(d, darkest_reflectance);
  return hn::IfThenElse(hn::Lt(reflectance, darkest), darkest, reflectance);  // keeps NaN
}

/// Of a band's sum with path_error; NaN stays.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log_or_none(D d, V sum) {
  return hn::IfThenElse(hn::Eq(sum, sum), log_of(d, sum), no_value(d));
}

/// (a - b) / (a + b), and its error where a and b have the standard deviation `each`.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void store_ratio(D d, V a, V b, float each, float* value, float* error) {
  const V sum = hn::Add(a, b);
  hn::StoreU(hn::Div(hn::Sub(a, b), sum), d, value);
  const V length = hn::Sqrt(hn::Add(hn::Mul(a, a), hn::Mul(b, b)));
  hn::StoreU(hn::Div(hn::Mul(hn::Set(d, each * 2), length), hn::Mul(sum, sum)), d, error);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE void store_log(D d, V reflectance, V each, float* value, float* error) {
  const V sum = hn::Add(reflectance, hn::Set(d, path_error));
  hn::StoreU(log_or_none(d, sum), d, value);
  hn::StoreU(hn::Div(each, sum), d, error);
}

void feature_row(const BandRows& bands, const FeatureParameters& parameters, std::size_t n, const FeatureRows& out) {
  const float error = parameters.reflectance_error;
  for_each_vector<float>(n, [&](auto d, std::size_t i) HWY_ATTR {
    using V = hn::Vec<decltype(d)>;
    const hn::Rebind<std::int32_t, decltype(d)> di;
    const hn::Rebind<std::uint8_t, decltype(d)> db;
    const V raw_blue = load_band(d, bands.blue, i);
    const V raw_green = load_band(d, bands.green, i);
    const V raw_red = load_band(d, bands.red, i);
    const V raw_nir = load_band(d, bands.nir, i);
    const V raw_swir16 = load_band(d, bands.swir16, i);
    const V raw_swir22 = load_band(d, bands.swir22, i);
    const V blue = floored(d, raw_blue);
    const V green = floored(d, raw_green);
    const V red = floored(d, raw_red);
    const V nir = floored(d, raw_nir);
    const V swir16 = floored(d, raw_swir16);
    const V swir22 = floored(d, raw_swir22);

    store_ratio(d, nir, red, error, out.values[0] + i, out.errors[0] + i);
    store_ratio(d, hn::Add(swir16, red), hn::Add(nir, blue), error * std::numbers::sqrt2_v<float>, out.values[1] + i,
                out.errors[1] + i);
    store_ratio(d, green, swir16, error, out.values[2] + i, out.errors[2] + i);
    const auto has_green = hn::Eq(green, green);
    const V visible = hn::IfThenElse(has_green, hn::Mul(hn::Add(hn::Add(blue, green), red), hn::Set(d, 1.0F / 3)),
                                     hn::Mul(hn::Add(blue, red), hn::Set(d, 0.5F)));
    const V of_mean = hn::IfThenElse(has_green, hn::Set(d, error * std::numbers::inv_sqrt3_v<float>),
                                     hn::Set(d, error * (0.5F * std::numbers::sqrt2_v<float>)));
    store_log(d, visible, of_mean, out.values[3] + i, out.errors[3] + i);
    store_log(d, swir16, hn::Set(d, error), out.values[4] + i, out.errors[4] + i);
    store_log(d, swir22, hn::Set(d, error), out.values[5] + i, out.errors[5] + i);
    hn::StoreU(hn::Div(blue, red), d, out.blue_to_red + i);

    // A feature is known where its bands are; all six are made of these three, or of one alone.
    const auto exceeds = [&](V band) HWY_ATTR { return hn::Gt(band, hn::Set(d, 0.00015F)); };
    const auto above =
        hn::Or(hn::Or(hn::Or(exceeds(raw_blue), exceeds(raw_green)), hn::Or(exceeds(raw_red), exceeds(raw_nir))),
               hn::Or(exceeds(raw_swir16), exceeds(raw_swir22)));
    auto known = hn::Eq(hn::LoadU(d, out.values[0] + i), hn::LoadU(d, out.values[0] + i));
    for (std::size_t f = 1; f < ground_feature_count; ++f) {
      const V value = hn::LoadU(d, out.values[f] + i);
      known = hn::Or(known, hn::Eq(value, value));
    }
    const V sum = hn::Add(hn::Add(raw_blue, raw_green), raw_red);
    const auto snow = hn::And(hn::Gt(hn::LoadU(d, out.values[2] + i), hn::Set(d, parameters.snow_mndwi)),
                              hn::Gt(sum, hn::Set(d, 3 * parameters.snow_visible)));
    const auto bare = hn::And(hn::And(hn::Lt(raw_blue, hn::Mul(hn::Set(d, parameters.ground_blue_to_red), raw_red)),
                                      hn::Gt(hn::Mul(hn::Set(d, 3.0F), raw_swir16), sum)),
                              hn::Lt(raw_nir, hn::Mul(hn::Set(d, 2.0F), raw_red)));
    const auto bit = [&](auto is_set, int value)
                         HWY_ATTR { return hn::IfThenElseZero(hn::RebindMask(di, is_set), hn::Set(di, value)); };
    const auto spectrum = hn::Or(hn::Or(bit(hn::And(above, known), spectrum_measured), bit(snow, spectrum_snow)),
                                 bit(bare, spectrum_bare));
    hn::StoreU(hn::DemoteTo(db, spectrum), db, out.spectrum + i);
  });
}

/// Of values one behind the other.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V slope(D d, V before, V here, V after) {
  const auto has_before = hn::Eq(before, before);
  const auto has_after = hn::Eq(after, after);
  const V one_sided =
      hn::IfThenElse(has_after, hn::Sub(after, here), hn::IfThenElseZero(has_before, hn::Sub(here, before)));
  return hn::IfThenElse(hn::And(has_before, has_after), hn::Mul(hn::Sub(after, before), hn::Set(d, 0.5F)), one_sided);
}

void add_position_error_row(const float* above, const float* values, const float* below, std::size_t n, float error_px,
                            float* errors) {
  if (n == 0) return;
  const auto step = [&](auto d, std::size_t i, auto before, auto after) HWY_ATTR {
    const auto here = hn::LoadU(d, values + i);
    const auto across = slope(d, before, here, after);
    const auto down = slope(d, load_band(d, above, i), here, load_band(d, below, i));
    const auto error = hn::LoadU(d, errors + i);
    const auto squares = hn::Add(hn::Mul(across, across), hn::Mul(down, down));
    hn::StoreU(hn::Sqrt(hn::Add(hn::Mul(error, error), hn::Mul(hn::Set(d, error_px * error_px), squares))), d,
               errors + i);
  };
  const hn::CappedTag<float, 1> one;
  const auto at = [&](std::size_t i) HWY_ATTR { return hn::LoadU(one, values + i); };
  step(one, 0, no_value(one), n > 1 ? at(1) : no_value(one));
  if (n == 1) return;
  for_each_vector<float>(n - 2, [&](auto d, std::size_t i) HWY_ATTR {
    step(d, i + 1, hn::LoadU(d, values + i), hn::LoadU(d, values + i + 2));
  });
  step(one, n - 1, at(n - 2), no_value(one));
}

void move_window_row(const std::uint8_t* into, const std::uint8_t* out_of, std::size_t n, std::int32_t* sums) {
  for_each_vector<std::int32_t>(n, [&](auto d, std::size_t i) HWY_ATTR {
    const hn::Rebind<std::uint8_t, decltype(d)> db;
    auto sum = hn::LoadU(d, sums + i);
    if (into != nullptr) sum = hn::Add(sum, hn::PromoteTo(d, hn::LoadU(db, into + i)));
    if (out_of != nullptr) sum = hn::Sub(sum, hn::PromoteTo(d, hn::LoadU(db, out_of + i)));
    hn::StoreU(sum, d, sums + i);
  });
}

void window_sum_row(const std::int32_t* columns, std::size_t n, std::size_t radius, std::int32_t* out) {
  const auto cut = [&](std::size_t i) {
    std::int32_t sum = 0;
    for (std::size_t j = i - std::min(i, radius); j <= std::min(n - 1, i + radius); ++j) sum += columns[j];
    return sum;
  };
  const std::size_t begin = std::min(n, radius);
  const std::size_t end = std::max(begin, n - std::min(n, radius));
  for (std::size_t i = 0; i < begin; ++i) out[i] = cut(i);
  for_each_vector<std::int32_t>(end - begin, [&](auto d, std::size_t i) HWY_ATTR {
    auto sum = hn::Zero(d);
    for (std::size_t j = 0; j <= 2 * radius; ++j) sum = hn::Add(sum, hn::LoadU(d, columns + i + j));
    hn::StoreU(sum, d, out + begin + i);
  });
  for (std::size_t i = end; i < n; ++i) out[i] = cut(i);
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(feature_row);
void feature_row(const BandRows& bands, const FeatureParameters& parameters, std::size_t n,
                 const FeatureRows& out) noexcept {
  HWY_DYNAMIC_DISPATCH(feature_row)(bands, parameters, n, out);
}

HWY_EXPORT(add_position_error_row);
void add_position_error_row(const float* above, const float* values, const float* below, std::size_t n, float error_px,
                            float* errors) noexcept {
  HWY_DYNAMIC_DISPATCH(add_position_error_row)(above, values, below, n, error_px, errors);
}

HWY_EXPORT(move_window_row);
void move_window_row(const std::uint8_t* into, const std::uint8_t* out_of, std::size_t n, std::int32_t* sums) noexcept {
  HWY_DYNAMIC_DISPATCH(move_window_row)(into, out_of, n, sums);
}

HWY_EXPORT(window_sum_row);
void window_sum_row(const std::int32_t* columns, std::size_t n, std::size_t radius, std::int32_t* out) noexcept {
  HWY_DYNAMIC_DISPATCH(window_sum_row)(columns, n, radius, out);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
