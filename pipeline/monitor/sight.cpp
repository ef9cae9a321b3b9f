#include "pipeline/monitor/sight.hpp"

#include <algorithm>

namespace pitwatch {

float green_share(const PixelSight& sight, const MonitorOptions& options) {
  return std::clamp((sight.expected(Feature::ndvi) - options.bare_ndvi) / (options.green_ndvi - options.bare_ndvi),
                    0.0F, 1.0F);
}

kernels::SightParameters sight_parameters(const MonitorOptions& options, bool snow_lies) {
  return {.brightened_log = options.brightened_log,
          .dark_log = options.dark_log,
          .screen_sigma = options.screen_sigma,
          .shadow_sigma = options.shadow_sigma,
          .white_blue_to_red = options.white_blue_to_red,
          .soil_sigma = options.soil_sigma,
          .greener_sigma = options.greener_sigma,
          .bare_ndvi = options.bare_ndvi,
          .green_ndvi = options.green_ndvi,
          .water_mndwi = options.water_mndwi,
          .level_sigma = options.level_sigma,
          .brightest_water_log_swir16 = brightest_water_log_swir16,
          .snow_lies = snow_lies};
}

WaterLevel level_of_water(std::uint8_t seen, WaterReach near_water) {
  const bool wetter = (seen & kernels::sight_wetter) != 0;
  if (near_water == WaterReach::shore) return wetter ? WaterLevel::high : WaterLevel::as_ever;
  if (near_water == WaterReach::none) return WaterLevel::as_ever;
  const bool is_level = wetter || (seen & (kernels::sight_drier | kernels::sight_water_expected)) != 0;
  return is_level ? WaterLevel::another : WaterLevel::as_ever;
}

}  // namespace pitwatch
