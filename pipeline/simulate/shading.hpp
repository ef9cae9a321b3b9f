#pragma once
// How the sun lights a terrain.

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/core/sun.hpp"
#include "pipeline/simulate/terrain.hpp"

namespace pitwatch {

/// What a window of the lighting is filled into; the planes are given the window's size.
struct ShadingPixels {
  Plane<float> direct;    // cosine of the angle between sun and surface normal / cosine of the sun's zenith angle;
                          // 1 on level ground, 0 where the surface faces away
  Plane<float> beam;      // share of the direct beam that arrives, 0 in shadow cast by other terrain, 1 in the sun
  Plane<float> sky_view;  // share of the sky's diffuse light that arrives, 0..1, 1 on an open plain
};

/// The light of one sun position. Refers to the terrain, which must outlive it. Construction sweeps the coarse grid
/// once; afterwards it only reads: window() may be called by many threads. Directions are the grid's: the convergence
/// of meridians is left out.
class Shading {
 public:
  /// Throws ConfigError where the sun stands lower than one degree above the horizon.
  Shading(const Terrain& terrain, const ViewAngles& sun);

  /// `elevation` is Terrain's for window.grown(1): size (width + 2) x (height + 2).
  void window(const Window& window, PlaneView<const float> elevation, ShadingPixels& into) const;

 private:
  const Terrain* terrain_;
  float east_ = 0;  // towards the sun, unit vector
  float north_ = 0;
  float up_ = 1;
  float tan_height_ = 0;  // of the sun's height
  Plane<float> shadow_;   // on the coarse grid: elevation up to which other terrain casts its shadow
};

}  // namespace pitwatch
