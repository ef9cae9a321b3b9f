#include "pipeline/monitor/sight.hpp"

#include <algorithm>
#include <cmath>

namespace pitwatch {

bool is_missed_cloud(const PixelSight& sight, const MonitorOptions& options) {
  const float rise = at(sight.residual, Feature::log_visible);
  if (at(sight.residual, Feature::log_swir16) < -options.dark_log) return false;
  return rise > options.brightened_log && rise > options.screen_sigma * at(sight.deviation, Feature::log_visible) &&
         sight.blue_to_red > options.white_blue_to_red;
}

bool is_patchy_snow(const PixelSight& sight, bool snow_lies, const MonitorOptions& options) {
  return at(sight.residual, Feature::log_visible) > options.brightened_log &&
         at(sight.residual, Feature::log_swir16) < 0 &&
         at(sight.residual, Feature::mndwi) > options.screen_sigma * at(sight.deviation, Feature::mndwi) &&
         (at(sight.values, Feature::ndvi) > 0 || snow_lies);
}

bool is_missed_shadow(const PixelSight& sight, const MonitorOptions& options) {
  const auto is_known = [&](Feature feature) { return at(sight.deviation, feature) > 0; };
  if (!is_known(Feature::log_visible) || !is_known(Feature::log_swir16)) return false;
  for (const Feature feature : {Feature::log_visible, Feature::log_swir16, Feature::log_swir22}) {
    if (!is_known(feature)) continue;
    if (at(sight.residual, feature) > -options.dark_log ||
        at(sight.residual, feature) > -options.shadow_sigma * at(sight.deviation, feature))
      return false;
  }
  const auto stays = [&](Feature feature) {
    if (!is_known(feature)) return true;
    return std::abs(at(sight.residual, feature)) < options.screen_sigma * at(sight.deviation, feature);
  };
  return stays(Feature::mndwi) && stays(Feature::ndvi);
}

float green_share(const PixelSight& sight, const MonitorOptions& options) {
  return std::clamp((sight.expected(Feature::ndvi) - options.bare_ndvi) / (options.green_ndvi - options.bare_ndvi),
                    0.0F, 1.0F);
}

bool shows_soil(const PixelSight& sight, const MonitorOptions& options) {
  if (sight.blue_to_red >= options.white_blue_to_red || sight.sigmas(Feature::log_visible) <= options.soil_sigma ||
      is_expected_water(sight, options)) {
    return false;
  }
  const float ndvi = sight.sigmas(Feature::ndvi);
  const float swir = sight.sigmas(Feature::log_swir16);
  const float wetness = sight.sigmas(Feature::mndwi);
  if (green_share(sight, options) < 0.5F && ndvi < options.greener_sigma && swir > options.soil_sigma &&
      wetness < options.soil_sigma)
    return true;
  return at(sight.values, Feature::ndvi) < options.green_ndvi && ndvi < -options.soil_sigma &&
         (swir > options.soil_sigma || (swir > 0 && wetness < options.screen_sigma));
}

bool is_expected_water(const PixelSight& sight, const MonitorOptions& options) {
  return sight.expected(Feature::mndwi) > options.water_mndwi &&
         sight.expected(Feature::log_swir16) < brightest_water_log_swir16;
}

bool was_and_is_water(const PixelSight& sight, const MonitorOptions& options) {
  return is_expected_water(sight, options) && at(sight.values, Feature::mndwi) > options.water_mndwi &&
         at(sight.values, Feature::log_swir16) < brightest_water_log_swir16;
}

WaterLevel level_of_water(const PixelSight& sight, WaterReach near_water, const MonitorOptions& options) {
  if (near_water == WaterReach::none) return WaterLevel::as_ever;
  const float limit = options.level_sigma * at(sight.deviation, Feature::mndwi);
  const float change = at(sight.residual, Feature::mndwi);
  // Ground that is wet, or partly under water, is darker in all bands, as in shadow.
  const bool wetter = looks_wet(sight.values) || is_missed_shadow(sight, options) ||
                      (change > limit && at(sight.residual, Feature::log_swir16) < 0);
  if (near_water == WaterReach::shore) return wetter ? WaterLevel::high : WaterLevel::as_ever;
  return wetter || change < -limit || is_expected_water(sight, options) ? WaterLevel::another : WaterLevel::as_ever;
}

}  // namespace pitwatch
