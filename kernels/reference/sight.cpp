#include "kernels/reference/sight.hpp"

#include <cmath>

#include "kernels/cell_sums.hpp"

namespace pitwatch::kernels::reference {
namespace {

/// A feature at a pixel.
struct Seen {
  Seen(const SightFeature& row, std::size_t x)
      : value(row.value[x]), residual(row.residual[x]), deviation(row.deviation[x]) {}
  bool is_known() const { return deviation > 0; }
  float expected() const { return value - residual; }
  float sigmas() const { return is_known() ? residual / deviation : 0; }
  float value, residual, deviation;
};

std::uint8_t bits_at(const SightRow& row, const SightParameters& p, std::size_t x) {
  const Seen ndvi(row.ndvi, x);
  const Seen mndwi(row.mndwi, x);
  const Seen visible(row.log_visible, x);
  const Seen swir16(row.log_swir16, x);
  const Seen swir22(row.log_swir22, x);
  const float blue_to_red = row.blue_to_red[x];

  const bool cloud = !(swir16.residual < -p.dark_log) && visible.residual > p.brightened_log &&
                     visible.residual > p.screen_sigma * visible.deviation && blue_to_red > p.white_blue_to_red;
  const bool snow = visible.residual > p.brightened_log && swir16.residual < 0 &&
                    mndwi.residual > p.screen_sigma * mndwi.deviation && (ndvi.value > 0 || p.snow_lies);
  const auto darker = [&](const Seen& one) {
    return !one.is_known() || (one.residual <= -p.dark_log && one.residual <= -p.shadow_sigma * one.deviation);
  };
  const auto stays = [&](const Seen& one) {
    return !one.is_known() || std::abs(one.residual) < p.screen_sigma * one.deviation;
  };
  const bool shadow = visible.is_known() && swir16.is_known() && darker(visible) && darker(swir16) && darker(swir22) &&
                      stays(mndwi) && stays(ndvi);
  const auto is_dark = [&](float log_swir16) { return log_swir16 < p.brightest_water_log_swir16; };
  const bool looks_wet = mndwi.value > 0 && ndvi.value < 0 && is_dark(swir16.value);
  const float limit = p.level_sigma * mndwi.deviation;
  const bool wetter = looks_wet || shadow || (mndwi.residual > limit && swir16.residual < 0);
  const bool drier = mndwi.residual < -limit;
  const bool water_expected = mndwi.expected() > p.water_mndwi && is_dark(swir16.expected());
  const bool water_stays = water_expected && mndwi.value > p.water_mndwi && is_dark(swir16.value);

  const float green = (ndvi.expected() - p.bare_ndvi) / (p.green_ndvi - p.bare_ndvi);
  const bool new_where_bare = green < 0.5F && ndvi.sigmas() < p.greener_sigma && swir16.sigmas() > p.soil_sigma &&
                              mndwi.sigmas() < p.soil_sigma;
  const bool new_where_green =
      ndvi.value < p.green_ndvi && ndvi.sigmas() < -p.soil_sigma &&
      (swir16.sigmas() > p.soil_sigma || (swir16.sigmas() > 0 && mndwi.sigmas() < p.screen_sigma));
  const bool soil = !(blue_to_red >= p.white_blue_to_red) && visible.sigmas() > p.soil_sigma && !water_expected &&
                    (new_where_bare || new_where_green);
  return static_cast<std::uint8_t>((cloud ? sight_cloud : 0) | (snow ? sight_snow : 0) | (shadow ? sight_shadow : 0) |
                                   (wetter ? sight_wetter : 0) | (drier ? sight_drier : 0) |
                                   (water_expected ? sight_water_expected : 0) | (water_stays ? sight_water_stays : 0) |
                                   (soil ? sight_soil : 0));
}

}  // namespace

void sight_row(const SightRow& row, const SightParameters& parameters, std::size_t n, std::uint8_t* bits) noexcept {
  for (std::size_t x = 0; x < n; ++x) bits[x] = bits_at(row, parameters, x);
}

void take_off_weather_row(const WeatherRow& weather, float contrast, std::size_t n, std::span<float* const> residual,
                          std::span<float* const> deviation) noexcept {
  for (std::size_t x = 0; x < n; ++x) {
    if (weather.wanted[x] == 0) continue;
    const std::size_t kind = weather.kind[x];
    for (std::size_t f = 0; f < residual.size(); ++f) {
      if (!(deviation[f][x] > 0)) continue;
      const float shared = weather.shared[f][x / kind_cell_px * kind_lanes + kind];
      const float whole = residual[f][x] - shared;
      residual[f][x] = std::abs(whole) <= std::abs(residual[f][x]) ? whole : residual[f][x] - contrast * shared;
      deviation[f][x] *= weather.scatter[f * kind_lanes + kind];
    }
  }
}

void less_shared_row(std::span<const float* const> values, const WeatherRow& weather, std::size_t n,
                     std::span<float* const> out) noexcept {
  for (std::size_t x = 0; x < n; ++x) {
    for (std::size_t f = 0; f < values.size(); ++f) {
      out[f][x] = values[f][x];
      if (weather.wanted[x] != 0) out[f][x] -= weather.shared[f][x / kind_cell_px * kind_lanes + weather.kind[x]];
    }
  }
}

}  // namespace pitwatch::kernels::reference
