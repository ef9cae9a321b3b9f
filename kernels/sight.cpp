#include "kernels/sight.hpp"

#include "kernels/cell_sums.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sight.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

/// A feature of some pixels.
template <class D>
struct Seen {
  using V = hn::Vec<D>;
  HWY_INLINE Seen(D d, const SightFeature& row, std::size_t x)
      : value(hn::LoadU(d, row.value + x)),
        residual(hn::LoadU(d, row.residual + x)),
        deviation(hn::LoadU(d, row.deviation + x)),
        unknown(hn::Le(deviation, hn::Zero(d))),
        expected(hn::Sub(value, residual)),
        sigmas(hn::IfThenZeroElse(unknown, hn::Div(residual, deviation))) {}
  V value, residual, deviation;
  hn::Mask<D> unknown;
  V expected, sigmas;
};

void sight_row(const SightRow& row, const SightParameters& p, std::size_t n, std::uint8_t* bits) {
  for_each_vector<float>(n, [&](auto d, std::size_t x) HWY_ATTR {
    using D = decltype(d);
    using V = hn::Vec<D>;
    const hn::Rebind<std::int32_t, D> di;
    const hn::Rebind<std::uint8_t, D> db;
    const auto set = [&](float value) HWY_ATTR { return hn::Set(d, value); };
    const auto times = [&](float factor, V value) HWY_ATTR { return hn::Mul(set(factor), value); };
    const V zero = hn::Zero(d);
    const Seen<D> ndvi(d, row.ndvi, x);
    const Seen<D> mndwi(d, row.mndwi, x);
    const Seen<D> visible(d, row.log_visible, x);
    const Seen<D> swir16(d, row.log_swir16, x);
    const Seen<D> swir22(d, row.log_swir22, x);
    const V blue_to_red = hn::LoadU(d, row.blue_to_red + x);

    const auto brightened = hn::Gt(visible.residual, set(p.brightened_log));
    const auto cloud =
        hn::AndNot(hn::Lt(swir16.residual, set(-p.dark_log)),
                   hn::And(hn::And(brightened, hn::Gt(visible.residual, times(p.screen_sigma, visible.deviation))),
                           hn::Gt(blue_to_red, set(p.white_blue_to_red))));
    const auto may_be_snow = p.snow_lies ? hn::Eq(zero, zero) : hn::Gt(ndvi.value, zero);
    const auto snow = hn::And(hn::And(brightened, hn::Lt(swir16.residual, zero)),
                              hn::And(hn::Gt(mndwi.residual, times(p.screen_sigma, mndwi.deviation)), may_be_snow));
    const auto darker = [&](const Seen<D>& one) HWY_ATTR {
      return hn::Or(one.unknown, hn::And(hn::Le(one.residual, set(-p.dark_log)),
                                         hn::Le(one.residual, times(-p.shadow_sigma, one.deviation))));
    };
    const auto stays = [&](const Seen<D>& one) HWY_ATTR {
      return hn::Or(one.unknown, hn::Lt(hn::Abs(one.residual), times(p.screen_sigma, one.deviation)));
    };
    const auto all_darker = hn::And(hn::And(darker(visible), darker(swir16)), darker(swir22));
    const auto shadow =
        hn::AndNot(hn::Or(visible.unknown, swir16.unknown), hn::And(all_darker, hn::And(stays(mndwi), stays(ndvi))));
    const auto is_dark = [&](V log_swir16) HWY_ATTR { return hn::Lt(log_swir16, set(p.brightest_water_log_swir16)); };
    const auto looks_wet = hn::And(hn::And(hn::Gt(mndwi.value, zero), hn::Lt(ndvi.value, zero)), is_dark(swir16.value));
    const V limit = times(p.level_sigma, mndwi.deviation);
    const auto wetter =
        hn::Or(hn::Or(looks_wet, shadow), hn::And(hn::Gt(mndwi.residual, limit), hn::Lt(swir16.residual, zero)));
    const auto drier = hn::Lt(mndwi.residual, hn::Neg(limit));
    const auto water_expected = hn::And(hn::Gt(mndwi.expected, set(p.water_mndwi)), is_dark(swir16.expected));
    const auto water_stays =
        hn::And(water_expected, hn::And(hn::Gt(mndwi.value, set(p.water_mndwi)), is_dark(swir16.value)));

    const V green = hn::Div(hn::Sub(ndvi.expected, set(p.bare_ndvi)), set(p.green_ndvi - p.bare_ndvi));
    const auto swir_brighter = hn::Gt(swir16.sigmas, set(p.soil_sigma));
    const auto new_where_bare = hn::And(hn::And(hn::Lt(green, set(0.5F)), hn::Lt(ndvi.sigmas, set(p.greener_sigma))),
                                        hn::And(swir_brighter, hn::Lt(mndwi.sigmas, set(p.soil_sigma))));
    const auto no_wetter = hn::And(hn::Gt(swir16.sigmas, zero), hn::Lt(mndwi.sigmas, set(p.screen_sigma)));
    const auto new_where_green =
        hn::And(hn::And(hn::Lt(ndvi.value, set(p.green_ndvi)), hn::Lt(ndvi.sigmas, set(-p.soil_sigma))),
                hn::Or(swir_brighter, no_wetter));
    const auto white_or_water = hn::Or(hn::Ge(blue_to_red, set(p.white_blue_to_red)), water_expected);
    const auto soil = hn::AndNot(
        white_or_water, hn::And(hn::Gt(visible.sigmas, set(p.soil_sigma)), hn::Or(new_where_bare, new_where_green)));

    const auto bit = [&](auto is_set, int value)
                         HWY_ATTR { return hn::IfThenElseZero(hn::RebindMask(di, is_set), hn::Set(di, value)); };
    const auto screens = hn::Or(hn::Or(bit(cloud, sight_cloud), bit(snow, sight_snow)), bit(shadow, sight_shadow));
    const auto level = hn::Or(bit(wetter, sight_wetter), bit(drier, sight_drier));
    const auto water = hn::Or(bit(water_expected, sight_water_expected), bit(water_stays, sight_water_stays));
    const auto all = hn::Or(hn::Or(screens, level), hn::Or(water, bit(soil, sight_soil)));
    hn::StoreU(hn::DemoteTo(db, all), db, bits + x);
  });
}

/// Places of the kinds of pixels in a row of cells.
template <class D>
HWY_INLINE hn::Vec<hn::Rebind<std::int32_t, D>> kinds_of(D, const WeatherRow& weather, std::size_t x,
                                                         hn::Mask<D> wanted) {
  const hn::Rebind<std::int32_t, D> di;
  const hn::Rebind<std::uint8_t, D> db;
  const auto kind = hn::PromoteTo(di, hn::LoadU(db, weather.kind + x));
  return hn::IfThenElseZero(hn::RebindMask(di, wanted), kind);  // elsewhere there may be none
}

template <class D>
HWY_INLINE hn::Mask<D> wanted_of(D d, const WeatherRow& weather, std::size_t x) {
  const hn::Rebind<std::int32_t, D> di;
  const hn::Rebind<std::uint8_t, D> db;
  const auto wanted = hn::PromoteTo(di, hn::LoadU(db, weather.wanted + x));
  return hn::RebindMask(d, hn::Ne(wanted, hn::Zero(di)));
}

template <class D>
HWY_INLINE hn::Vec<hn::Rebind<std::int32_t, D>> cells_of(D, std::size_t x) {
  static_assert(kind_cell_px == 4 && kind_lanes == 16);
  const hn::Rebind<std::int32_t, D> di;
  const auto pixel = hn::Iota(di, static_cast<std::int32_t>(x));
  return hn::ShiftLeft<4>(hn::ShiftRight<2>(pixel));
}

void take_off_weather_row(const WeatherRow& weather, float contrast, std::size_t n, std::span<float* const> residual,
                          std::span<float* const> deviation) {
  for_each_vector<float>(n, [&](auto d, std::size_t x) HWY_ATTR {
    const auto wanted = wanted_of(d, weather, x);
    if (hn::AllFalse(d, wanted)) return;
    const auto kind = kinds_of(d, weather, x, wanted);
    const auto place = hn::Add(cells_of(d, x), kind);
    for (std::size_t f = 0; f < residual.size(); ++f) {
      const auto before = hn::LoadU(d, residual[f] + x);
      const auto spread = hn::LoadU(d, deviation[f] + x);
      const auto changes = hn::And(wanted, hn::Gt(spread, hn::Zero(d)));
      const auto shared = hn::GatherIndex(d, weather.shared[f], place);
      const auto whole = hn::Sub(before, shared);
      const auto part = hn::Sub(before, hn::Mul(hn::Set(d, contrast), shared));
      const auto after = hn::IfThenElse(hn::Le(hn::Abs(whole), hn::Abs(before)), whole, part);
      const auto scatter = hn::GatherIndex(d, weather.scatter + f * kind_lanes, kind);
      hn::StoreU(hn::IfThenElse(changes, after, before), d, residual[f] + x);
      hn::StoreU(hn::IfThenElse(changes, hn::Mul(spread, scatter), spread), d, deviation[f] + x);
    }
  });
}

void less_shared_row(std::span<const float* const> values, const WeatherRow& weather, std::size_t n,
                     std::span<float* const> out) {
  for_each_vector<float>(n, [&](auto d, std::size_t x) HWY_ATTR {
    const auto wanted = wanted_of(d, weather, x);
    const auto place = hn::Add(cells_of(d, x), kinds_of(d, weather, x, wanted));
    for (std::size_t f = 0; f < values.size(); ++f) {
      const auto value = hn::LoadU(d, values[f] + x);
      const auto less = hn::Sub(value, hn::GatherIndex(d, weather.shared[f], place));
      hn::StoreU(hn::IfThenElse(wanted, less, value), d, out[f] + x);
    }
  });
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(sight_row);
void sight_row(const SightRow& row, const SightParameters& parameters, std::size_t n, std::uint8_t* bits) noexcept {
  HWY_DYNAMIC_DISPATCH(sight_row)(row, parameters, n, bits);
}

HWY_EXPORT(take_off_weather_row);
void take_off_weather_row(const WeatherRow& weather, float contrast, std::size_t n, std::span<float* const> residual,
                          std::span<float* const> deviation) noexcept {
  HWY_DYNAMIC_DISPATCH(take_off_weather_row)(weather, contrast, n, residual, deviation);
}

HWY_EXPORT(less_shared_row);
void less_shared_row(std::span<const float* const> values, const WeatherRow& weather, std::size_t n,
                     std::span<float* const> out) noexcept {
  HWY_DYNAMIC_DISPATCH(less_shared_row)(values, weather, n, out);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
