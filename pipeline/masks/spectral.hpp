#pragma once
// Cloud, thin cloud and snow by the colour of a single pixel.

#include "pipeline/core/mask.hpp"

namespace pitwatch {

/// Reflectance 0..1 at the surface, or at the top of the atmosphere less path_reflectance(); NaN where there is none.
struct SkyPixel {
  float blue = 0;    // B02
  float green = 0;   // B03
  float red = 0;     // B04
  float nir = 0;     // B08
  float swir16 = 0;  // B11
  float cirrus = 0;  // B10, at the top of the atmosphere; 0 where it is not known, as in Level-2A
};

/// What the air adds to the reflectance at the top of the atmosphere, by band.
struct PathReflectance {
  float blue = 0;
  float green = 0;
  float red = 0;
  float nir = 0;
};

/// Single scattering by the molecules of a standard atmosphere, seen from straight above (Rayleigh's phase function;
/// optical thickness after Hansen and Travis 1974, Space Science Reviews 16, 527-610). Aerosol is not in it. The sun's
/// zenith in degrees, 0..80; a lower sun counts as 80.
PathReflectance path_reflectance(double sun_zenith_deg);

/// Redder than cloud, darker to the eye than in the short-wave infrared, and not green: blue < 0.85 red, blue < 0.75
/// swir16 and nir < 2 red. The ratio of B02 to B11 is Sen2Cor's test for soil (Louis et al. 2016, Proceedings of the
/// Living Planet Symposium). False where one of these bands is NaN.
bool is_bare_ground(const SkyPixel& pixel);

/// mask_snow, mask_cloud, mask_cirrus (thin cloud of any kind) or mask_clear; clear where a band but B10 is NaN. The
/// rules, of which the first that holds counts:
///
///   snow     NDSI > 0.4, HOT > 0.055, nir > 0.4 green: white but for the short-wave infrared; in shade it is blue, and
///            brighter in the near infrared than any water
///   cloud    HOT > 0.09, no bare ground
///   cirrus   HOT > 0.055, blue > 0.85 red, no water (nir > 0.5 green); or B10 > 0.012, where water vapour hides the
///            ground and low cloud, and ice clouds lie above it (the lower threshold of Sen2Cor)
///
/// with NDSI = (green - swir16) / (green + swir16) (Dozier 1989; in Fmask, Zhu and Woodcock 2012, Remote Sensing of
/// Environment 118, 83-94), HOT = blue - red / 2, the haze-optimised transform (Zhang et al. 2002, in Fmask's
/// form).
MaskBits spectral_reasons(const SkyPixel& pixel);

}  // namespace pitwatch
