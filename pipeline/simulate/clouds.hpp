#pragma once
// Clouds over a site on one date, and their shadows.

#include <array>
#include <cstdint>

#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/core/sun.hpp"

namespace pitwatch {

enum class CloudKind : std::uint8_t { clear, cumulus, stratocumulus, overcast };

/// The weather of one date over an area of about 30 x 30 km.
struct CloudWeather {
  CloudKind kind = CloudKind::clear;
  float cover = 0;           // wanted share of pixels with an opacity above a half, 0..1; cirrus not counted
  float cirrus_opacity = 0;  // of the densest streaks, 0..1; 0 for no cirrus
};

/// Weather at random, with the two peaks of real cloud cover: over the year about 38 % of dates nearly clear, 32 %
/// nearly overcast, the others between. Cloudier in spring, clearer in late summer, as in the Lesser Caucasus.
CloudWeather draw_weather(std::uint32_t seed, Instant date);

/// What a window of the sky is filled into; the planes are given the window's size.
struct CloudPixels {
  Plane<float> opacity;                   // of water clouds, 0..1
  Plane<float> brightness;                // of the cloud relative to the brightest, 0.5..1; of use where opacity > 0
  Plane<float> cirrus;                    // opacity of ice clouds, 0..1
  Plane<float> shadow;                    // share of the direct beam that water clouds keep from the ground, 0..1
  std::array<Plane<float>, 2> workspace;  // kept from window to window: fresh memory costs more than what goes into it
};

/// The sky of one date, seen from above: a threshold in fractal noise over the plane of pixels. Construction finds the
/// threshold that gives the wanted cover over the grid, or over 30 x 30 km around it where it is smaller: a small site
/// may well lie under a hole. Shadows are the clouds displaced away from the sun by the height of their base, which is
/// the same everywhere. After construction it only reads: window() may be called by many threads.
class Clouds {
 public:
  /// `grid` has 10 m pixels. The sun should stand 15 degrees above the horizon or higher.
  Clouds(const Grid& grid, std::uint32_t seed, const CloudWeather& weather, const ViewAngles& sun);

  void window(const Window& window, CloudPixels& into) const;

  /// From a shaded pixel to the cloud above it, in pixels.
  PixelPoint to_cloud() const { return to_cloud_; }
  float base_m() const { return base_m_; }

 private:
  void density(const Window& window, Plane<float>& into, Plane<float>& detail) const;
  void fill_clouds(const Window& window, CloudPixels& into) const;
  void fill_shadow(const Window& window, CloudPixels& into) const;
  void fill_cirrus(const Window& window, PlaneView<float> into) const;

  std::uint32_t seed_;
  CloudWeather weather_;
  float wind_x_ = 1;  // unit vector along which clouds are drawn out
  float wind_y_ = 0;
  float base_m_ = 0;  // above ground
  PixelPoint to_cloud_;
  PixelPoint to_sun_;  // one or two pixels towards the sun
  float threshold_ = 0;
};

}  // namespace pitwatch
