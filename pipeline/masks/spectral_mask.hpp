#pragma once
// The mask of an acquisition by its own pixels.

#include <optional>

#include "pipeline/core/mask.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// Reflectance 0..1, NaN where there is none; views of one size, north up.
struct SkyBands {
  PlaneView<const float> blue;    // B02
  PlaneView<const float> green;   // B03
  PlaneView<const float> red;     // B04
  PlaneView<const float> nir;     // B08
  PlaneView<const float> swir16;  // B11
  PlaneView<const float> cirrus;  // B10; empty where there is none
};

struct SkyGeometry {
  double pixel_size_m = 20;
  std::optional<ViewAngles> sun;      // without it no shadow is looked for
  bool at_top_of_atmosphere = false;  // Level-1C: what the air adds is taken off first
};

/// Cloud, thin cloud and snow by spectral_reasons(), cloud shadow by find_cloud_shadow(); nodata where a band but B10
/// is NaN. At the top of the atmosphere without the sun's place it is taken to stand 45 degrees from the zenith.
///
/// `classified` is what a classification says, of the same size, or empty. What it says is added to the pixel's own
/// tests, with these exceptions:
///
///   cloud    not where the pixel is bare ground or snow by its spectrum
///   cirrus   not where it is snow
///   shadow   only where the clouds of both cast it: it counts as dark, as dark pixels do. Where more than a tenth is
///            cloud, but their height is not found, or the sun is not known, it is believed.
Plane<MaskBits> spectral_mask(const SkyBands& bands, PlaneView<const MaskBits> classified, const SkyGeometry& geometry);

}  // namespace pitwatch
