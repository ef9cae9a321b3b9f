#include "pipeline/masks/spectral_mask.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "pipeline/masks/cloud_shadow.hpp"
#include "pipeline/masks/spectral.hpp"

namespace pitwatch {
namespace {

constexpr MaskBits no_measurement = mask_nodata | mask_saturated;
constexpr MaskBits any_cloud = mask_cloud | mask_cirrus;

bool is_whole(const SkyPixel& pixel) {
  return !std::isnan(pixel.blue + pixel.green + pixel.red + pixel.nir + pixel.swir16);
}

/// What holds of a pixel but for shadow.
MaskBits reasons_of(const SkyPixel& pixel, MaskBits classified) {
  const MaskBits own = spectral_reasons(pixel);
  const MaskBits overruled = own == mask_snow        ? any_cloud
                             : is_bare_ground(pixel) ? MaskBits{mask_cloud}
                                                     : MaskBits{mask_clear};
  return static_cast<MaskBits>(own | (classified & ~overruled));
}

}  // namespace

Plane<MaskBits> spectral_mask(const SkyBands& bands, PlaneView<const MaskBits> classified,
                              const SkyGeometry& geometry) {
  const int width = bands.blue.width;
  const int height = bands.blue.height;
  const PathReflectance path =
      geometry.at_top_of_atmosphere ? path_reflectance(geometry.sun ? geometry.sun->zenith : 45.0) : PathReflectance{};
  Plane<MaskBits> mask(width, height);
  Plane<std::uint8_t> clouds(width, height);  // what casts shadows
  Plane<std::uint8_t> unseen(width, height);
  std::int64_t seen = 0;
  std::int64_t cloudy = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const SkyPixel pixel{bands.blue.at(x, y) - path.blue, bands.green.at(x, y) - path.green,
                           bands.red.at(x, y) - path.red,   bands.nir.at(x, y) - path.nir,
                           bands.swir16.at(x, y),           bands.cirrus.width > 0 ? bands.cirrus.at(x, y) : 0.0F};
      const MaskBits given = classified.width > 0 ? classified.at(x, y) : MaskBits{mask_clear};
      MaskBits& reasons = mask.at(x, y);
      reasons = !is_whole(pixel)                ? static_cast<MaskBits>(given | mask_nodata)
                : (given & no_measurement) != 0 ? given
                                                : reasons_of(pixel, given);
      unseen.at(x, y) = (reasons & no_measurement) != 0 ? 1 : 0;
      clouds.at(x, y) = (reasons & mask_cloud) != 0 ? 1 : 0;
      seen += 1 - unseen.at(x, y);
      cloudy += clouds.at(x, y);
    }
  }
  if (!geometry.sun) return mask;
  Plane<std::uint8_t> dark = dark_pixels(bands.nir, bands.swir16, std::as_const(clouds).view(), unseen.view());
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if ((mask.at(x, y) & (mask_cloud_shadow | no_measurement | mask_cloud)) == mask_cloud_shadow) dark.at(x, y) = 1;
    }
  }
  const CloudShadow found =
      find_cloud_shadow(clouds.view(), dark.view(), unseen.view(), geometry.pixel_size_m, *geometry.sun);
  // Where there are many clouds, and it is not seen how high they are, the classification is all there is.
  const bool keep_classified = found.height_m == 0 && 10 * cloudy > seen;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      MaskBits& reasons = mask.at(x, y);
      if (!keep_classified) reasons = static_cast<MaskBits>(reasons & ~mask_cloud_shadow);
      if (found.shadow.at(x, y) != 0) reasons |= mask_cloud_shadow;
    }
  }
  return mask;
}

}  // namespace pitwatch
