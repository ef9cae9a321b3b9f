#pragma once
// What one observation shows of a pixel beside what its model expects: missed cloud, shadow and snow, new bare ground,
// water and its level. Pure functions of one pixel; used inside this folder only.

#include <cstdint>

#include "kernels/sight.hpp"
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

/// How green the ground should have been: 0 where it has nothing to lose, 1 where it is all green.
float green_share(const PixelSight& sight, const MonitorOptions& options);

/// What kernels need to see missed cloud, shadow and snow, water and new bare ground (kernels/sight.hpp). `snow_lies`:
/// elsewhere in the observation.
kernels::SightParameters sight_parameters(const MonitorOptions& options, bool snow_lies);

/// What the level of water nearby may have to do with an observation.
enum class WaterLevel : std::uint8_t {
  as_ever,
  high,     // land that turned towards water
  another,  // where water was, or beside it
};

/// By what is seen there, kernels::SightBit.
WaterLevel level_of_water(std::uint8_t seen, WaterReach near_water);

}  // namespace pitwatch
