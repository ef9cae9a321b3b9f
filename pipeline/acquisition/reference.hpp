#pragma once
// The pixels that the acquisitions of a site are laid over and measured against.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "pipeline/core/large_buffer.hpp"
#include "pipeline/core/mask.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// The bands that the monitor takes in, in this order.
inline constexpr std::array<Band, 6> watched_bands{Band::B02, Band::B03, Band::B04, Band::B08, Band::B11, Band::B12};

/// Of these, without which a site can be watched: NDVI is left, by the bands that all of it is laid over and that tell
/// what is green.
inline constexpr std::array dispensable_bands{Band::B02, Band::B03, Band::B11, Band::B12};

/// What the acquisitions of a site are laid over and measured against: a clear one of the history. The state keeps it,
/// since its files may go, as it is used: rounded to what is kept.
struct ReferencePixels {
  std::string scene;
  int width = 0;  // of the grid on which shifts are measured; row-major
  int height = 0;
  PixelVector<std::uint16_t> red;  // keep_reflectance()
  PixelVector<MaskBits> mask;
  /// On the site's own grid, where acquisitions are brought to its level; empty otherwise.
  PixelVector<std::array<std::uint16_t, watched_bands.size()>> level;
  PixelVector<MaskBits> level_mask;
  /// Of watched_bands those that all acquisitions of the site are read by (bands_of_history()), in their order. Empty:
  /// of a state that did not keep them, whose acquisitions have all of them but for B03 and B12.
  std::vector<Band> bands;
};

/// Reflectance in steps of 0.0001 from -0.3 on, halves rounded up; what is no number is 0. Without branches and calls:
/// a chip of an alert is made of rows of them.
inline std::uint16_t keep_reflectance(float reflectance) {
  constexpr float least = -0.3F;
  constexpr float per_step = 1e4F;
  constexpr float most_steps = 65534;
  const float steps = std::min(std::max(0.0F, (reflectance - least) * per_step), most_steps);  // NaN: 0
  const int kept = static_cast<int>(static_cast<double>(steps) + 0.5) + 1;                     // exact in double
  return static_cast<std::uint16_t>(std::abs(reflectance) <= std::numeric_limits<float>::max() ? kept : 0);
}

float kept_reflectance(std::uint16_t kept);

}  // namespace pitwatch
