#pragma once
// Shadows of clouds: what is dark against its surroundings, where the sun casts the shadow of a cloud that was found.

#include <cstdint>
#include <optional>

#include "pipeline/core/plane.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {

// All planes have one size and are north up; flags are 0 or 1.

/// Ground that is dark in the near and in the short-wave infrared, where the sky sheds least light into a shadow: both
/// below 0.7 of what a third of the ground exceeds that is neither cloudy nor `unseen`. Water, dense forest, and slopes
/// that face away from the sun are dark, too: see find_cloud_shadow().
Plane<std::uint8_t> dark_pixels(PlaneView<const float> nir, PlaneView<const float> swir16,
                                PlaneView<const std::uint8_t> clouds, PlaneView<const std::uint8_t> unseen);

/// How far shadows lie from their clouds, pixels: to the right, down.
struct ShadowOffset {
  double x_px = 0;
  double y_px = 0;
};

/// Away from the sun by height * tan(zenith). The sun's azimuth is taken as the grid's.
ShadowOffset shadow_offset(const ViewAngles& sun, double height_m, double pixel_size_m);

struct CloudShadow {
  Plane<std::uint8_t> shadow;
  double height_m = 0;     // of the clouds above the ground, as far as can be told; 0: none found
  double correlation = 0;  // of dark pixels and the clouds cast from there, -1..1
};

/// The clouds are cast along the sun's direction from heights of 200 to 4000 m, and up to a fifth of the way beside it,
/// since a satellite that looks aslant sees clouds displaced. The height counts at which they cover the dark
/// pixels best: by the correlation of the two flags over ground that is seen, whose cloud would be, too, times the root
/// of that ground's share; if it reaches 0.1. One height holds for all clouds. Shadow is what is dark within 60 m of
/// the clouds cast from there (object matching of Zhu and Woodcock 2012, with all clouds as the object). Where the
/// cloud would lie outside of what is seen, what is dark is shadow if more than a tenth of what is seen is cloud. The
/// sun at most 75 degrees from the zenith; for a lower one nothing is found.
CloudShadow find_cloud_shadow(PlaneView<const std::uint8_t> clouds, PlaneView<const std::uint8_t> dark,
                              PlaneView<const std::uint8_t> unseen, double pixel_size_m, const ViewAngles& sun);

}  // namespace pitwatch
