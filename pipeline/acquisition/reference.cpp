#include "pipeline/acquisition/reference.hpp"

#include <limits>

namespace pitwatch {

float kept_reflectance(std::uint16_t kept) {
  if (kept == 0) return std::numeric_limits<float>::quiet_NaN();
  return static_cast<float>((static_cast<int>(kept) - 1 - 3000) * 1e-4);
}

}  // namespace pitwatch
