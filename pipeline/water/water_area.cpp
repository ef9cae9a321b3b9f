#include "pipeline/water/water_area.hpp"

#include <algorithm>

namespace pitwatch {

WaterSince water_since(std::span<const WaterSight> sights, std::int64_t pixels) {
  const std::int64_t least = std::max<std::int64_t>(1, std::min(least_wet_pixels, (pixels + 1) / 2));
  std::optional<Instant> dry;
  std::optional<Instant> once;
  for (const WaterSight& sight : sights) {
    if (static_cast<double>(sight.clear) < least_clear_share * static_cast<double>(pixels)) continue;
    if (sight.wet < least) {
      dry = sight.at;
      once.reset();
    } else if (once) {
      return {once, dry};
    } else {
      once = sight.at;
    }
  }
  return {};
}

}  // namespace pitwatch
