#pragma once
// What one observation shows of a pixel beside what its model expects: missed cloud, shadow and snow, new bare ground,
// water and its level. Pure functions of one pixel; used inside this folder only.

#include <cstdint>

#include "pipeline/monitor/features.hpp"
#include "pipeline/monitor/options.hpp"
#include "pipeline/monitor/state.hpp"

namespace pitwatch {

inline float at(const FeatureVector& values, Feature feature) { return values[index(feature)]; }

/// One pixel of an observation.
struct PixelSight {
  FeatureVector values{};     // as observed
  FeatureVector residual{};   // observed less expected, from some step on less the regional anomaly too
  FeatureVector deviation{};  // standard deviation of the residual; 0: the feature is not monitored
  float blue_to_red = 0;      // NaN where unknown

  /// What the observation should have shown of a feature.
  float expected(Feature feature) const { return at(values, feature) - at(residual, feature); }
  /// By how much a feature deviates, in noise.
  float sigmas(Feature feature) const {
    return at(deviation, feature) > 0 ? at(residual, feature) / at(deviation, feature) : 0;
  }
};

/// Brightened and white. Cloud does not darken the short-wave infrared; a pond does.
bool is_missed_cloud(const PixelSight& sight, const MonitorOptions& options);

/// Snow between plants and stones: brighter to the eye, and darker in the short-wave infrared. Water is darker in the
/// near infrared too; what is dug or dumped rises in all bands. `snow_lies`: elsewhere in the observation.
bool is_patchy_snow(const PixelSight& sight, bool snow_lies, const MonitorOptions& options);

/// Darkened in all bands alike.
bool is_missed_shadow(const PixelSight& sight, const MonitorOptions& options);

/// How green the ground should have been: 0 where it has nothing to lose, 1 where it is all green.
float green_share(const PixelSight& sight, const MonitorOptions& options);

/// Bare mineral ground that is new: brighter to the eye but not white, and not where water was. Where it was green it
/// is less green, and brighter in the short-wave infrared as well, or at least neither darker nor wetter; where it
/// was bare it is brighter in all bands, and neither greener nor wetter. Cloud and snow are white, haze makes ground
/// wetter by MNDWI, shade and water are darker: one such observation tells more than others.
bool shows_soil(const PixelSight& sight, const MonitorOptions& options);

/// Water should have been there; and is there, too.
bool is_expected_water(const PixelSight& sight, const MonitorOptions& options);
bool was_and_is_water(const PixelSight& sight, const MonitorOptions& options);

/// What the level of water nearby may have to do with an observation.
enum class WaterLevel : std::uint8_t {
  as_ever,
  high,     // land that turned towards water
  another,  // where water was, or beside it
};

WaterLevel level_of_water(const PixelSight& sight, WaterReach near_water, const MonitorOptions& options);

}  // namespace pitwatch
