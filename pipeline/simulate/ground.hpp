#pragma once
// What covers the ground of a simulated site: forest, grass, terraced fields, rock, water, a village, an old mine.

#include <cstdint>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/simulate/spectra.hpp"
#include "pipeline/simulate/terrain.hpp"

namespace pitwatch {

/// The ground of one window, 10 m pixels. All planes have the window's size.
struct GroundPixels {
  Window window;
  TerrainPixels terrain;
  Plane<Surface> surface;
  Plane<std::uint8_t> phase;   // how far the season lags, 0..phase_steps - 1
  Plane<std::uint8_t> vigour;  // 0..vigour_steps - 1
  Plane<float> brightness;     // texture: what reflectances are multiplied with, about 1
};

/// A disc-like place of the grid, pixels.
struct Place {
  float x = 0;
  float y = 0;
  float radius_px = 0;
};

class Ground {
 public:
  /// `focus` is where the site is on the grid, in pixels: the mine and the village lie around it. `terrain` must
  /// outlive this object.
  Ground(const Terrain& terrain, std::uint32_t seed, MapPoint focus_px);

  /// The ground of a window, which may reach beyond the grid. Thread-safe.
  void window(const Window& window, GroundPixels& into) const;

  const Place& village() const { return village_; }
  const Place& mine() const { return mine_; }

 private:
  struct Segment {
    float x0, y0, x1, y1;
  };

  const Terrain* terrain_;
  std::uint32_t seed_;
  Place village_;
  Place mine_;
  Place tailings_;
  std::vector<Segment> roads_;
};

}  // namespace pitwatch
