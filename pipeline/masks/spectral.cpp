#include "pipeline/masks/spectral.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pitwatch {

PathReflectance path_reflectance(double sun_zenith_deg) {
  const double cos_sun = std::cos(std::clamp(sun_zenith_deg, 0.0, 80.0) * std::numbers::pi / 180);
  const double phase = 0.75 * (1 + cos_sun * cos_sun);
  const auto at = [&](double wavelength_um) {
    const double per_square = 1 / (wavelength_um * wavelength_um);
    const double thickness = 0.008569 * per_square * per_square * (1 + 0.0113 * per_square);
    return static_cast<float>(thickness * phase / (4 * cos_sun));
  };
  return {at(0.493), at(0.560), at(0.665), at(0.833)};
}

bool is_bare_ground(const SkyPixel& pixel) {
  return pixel.blue < 0.85F * pixel.red && pixel.blue < 0.75F * pixel.swir16 && pixel.nir < 2 * pixel.red;
}

MaskBits spectral_reasons(const SkyPixel& pixel) {
  const auto& [blue, green, red, nir, swir16, cirrus] = pixel;
  if (std::isnan(blue + green + red + nir + swir16)) return mask_clear;
  const float hot = blue - 0.5F * red;
  // A ratio of differences, so that nothing is divided: reflectances may be 0 or below.
  const bool is_icy = green - swir16 > 0.4F * (green + swir16);
  if (is_icy && hot > 0.055F && nir > 0.4F * green) return mask_snow;
  if (hot > 0.09F && !is_bare_ground(pixel)) return mask_cloud;
  if (hot > 0.055F && blue > 0.85F * red && nir > 0.5F * green) return mask_cirrus;
  if (cirrus > 0.012F) return mask_cirrus;
  return mask_clear;
}

}  // namespace pitwatch
