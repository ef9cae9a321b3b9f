#pragma once
// Light and shade of slopes taken out of a band: the C-correction of Teillet, Guindon and Goodenough (1982), Canadian
// Journal of Remote Sensing 8(2), 84-106. All functions are thread-safe, and their results the same on every CPU but
// for the sines of the sun's angles.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "pipeline/core/plane.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// cos(i) of each pixel, the cosine of the angle between the surface's normal and the sun: 1 where the sun stands
/// straight above the slope, 0 or less where the slope faces away, cos(sun zenith) on level ground. Slopes from the
/// eight neighbours, weights 1 2 1 (Horn 1981, Proceedings of the IEEE 69, 14-47). `elevation` in metres, north up, one
/// pixel more on each side: (width + 2) x (height + 2) of `cos_incidence`. NaN where an elevation in reach is NaN. The
/// sun's azimuth is taken as the grid's: the convergence of meridians is left out.
void illumination(PlaneView<const float> elevation, double pixel_size_m, const ViewAngles& sun,
                  PlaneView<float> cos_incidence);

/// The pixels that other terrain keeps the sun from: 1, others 0. From each pixel a ray goes towards the sun, pixel by
/// pixel, until it meets ground that is higher, is higher than all ground, or leaves what is known. `elevation` as for
/// illumination(), with `margin` pixels more on each side of `shadow`; what lies farther away casts none. Elevations
/// are linear between pixel centres; those that are NaN cast no shadow and lie in none. Earth's curvature, 2 m over 5
/// km, and refraction are left out, and the sun is a point. Its zenith is below 90. Slopes that face away are told by
/// illumination().
void cast_shadow(PlaneView<const float> elevation, int margin, double pixel_size_m, const ViewAngles& sun,
                 PlaneView<std::uint8_t> shadow);

/// reflectance = intercept + slope * cos(i), over pixels of similar ground.
struct IlluminationFit {
  double intercept = 0;
  double slope = 0;
  double correlation = 0;  // of reflectance and cos(i), 0..1
  std::size_t pixels = 0;

  /// Teillet's C = intercept / slope, a measure of the diffuse light. Never below 0, where the correction has a pole.
  double c() const { return intercept > 0 ? intercept / slope : 0; }
};

inline constexpr std::size_t min_lit_pixels = 100;

/// Least squares over pixels that belong together by index: one band's reflectance, and cos(i). Pixels with a NaN, and
/// those that face away from the sun (cos(i) <= 0), do not count. Nothing where fewer than min_lit_pixels are left,
/// cos(i) is the same everywhere (standard deviation below 0.01: level ground), or reflectance does not rise with it.
std::optional<IlluminationFit> fit_illumination(std::span<const float> reflectance,
                                                std::span<const float> cos_incidence);

/// A pixel is not made brighter or darker than by this factor: what little light a steep shady slope has tells little.
inline constexpr float max_topographic_factor = 3;

/// reflectance * (cos z + C) / (cos i + C), the factor held within 1/3..3, in place. Pixels that face away from the sun
/// stay as they are; they have no direct light to correct and belong in a mask of shadow. So do those whose cos(i) is
/// NaN. Planes of one size; `sun_zenith_deg` below 90, c >= 0.
void correct_illumination(PlaneView<float> reflectance, PlaneView<const float> cos_incidence, double sun_zenith_deg,
                          double c);

}  // namespace pitwatch
