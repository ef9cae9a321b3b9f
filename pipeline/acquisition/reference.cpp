#include "pipeline/acquisition/reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pitwatch {

std::uint16_t keep_reflectance(float reflectance) {
  constexpr float least = -0.3F;
  constexpr float per_step = 1e4F;
  if (!std::isfinite(reflectance)) return 0;
  return static_cast<std::uint16_t>(std::lround(std::clamp((reflectance - least) * per_step, 0.0F, 65534.0F)) + 1);
}

float kept_reflectance(std::uint16_t kept) {
  if (kept == 0) return std::numeric_limits<float>::quiet_NaN();
  return static_cast<float>((static_cast<int>(kept) - 1 - 3000) * 1e-4);
}

}  // namespace pitwatch
