#pragma once
// Why a pixel is not judged. A bit field, so that several reasons can hold at once; 0 is a clear pixel.

#include <array>
#include <cstdint>
#include <string_view>

namespace pitwatch {

using MaskBits = std::uint8_t;

enum MaskReason : MaskBits {
  mask_clear = 0,
  mask_nodata = 1 << 0,     // no measurement: DN is the nodata value, or outside the scene
  mask_saturated = 1 << 1,  // a band is saturated or defective
  mask_cloud = 1 << 2,      // cloud, medium or high probability
  mask_cloud_shadow = 1 << 3,
  mask_cirrus = 1 << 4,  // thin cirrus
  mask_snow = 1 << 5,
  mask_terrain_shadow = 1 << 6,  // no direct light: behind other terrain, or on a slope that faces away from the sun
};

struct MaskReasonName {
  MaskBits bit;
  std::string_view name;
};

/// All reasons with their names, as run.json and inspect have them.
inline constexpr std::array<MaskReasonName, 7> mask_reasons{{
    {mask_nodata, "nodata"},
    {mask_saturated, "saturated"},
    {mask_cloud, "cloud"},
    {mask_cloud_shadow, "cloud_shadow"},
    {mask_cirrus, "cirrus"},
    {mask_snow, "snow"},
    {mask_terrain_shadow, "terrain_shadow"},
}};

}  // namespace pitwatch
