#pragma once
// The relief of a synthetic site: mountains with a main river through the middle, side valleys that drain into it, a
// flat valley floor along it, and a reservoir in its lower part.

#include <cstdint>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"

namespace pitwatch {

struct TerrainOptions {
  std::uint32_t seed = 0;
  Grid grid;             // of the site, 10 m pixels
  float lowest_m = 550;  // the river where it leaves the site, above sea level
  float relief_m = 700;  // highest ridge above that; small sites have less: an eighth of their length
  bool reservoir = true;
};

/// What a window of the terrain is filled into; the planes are given the window's size.
struct TerrainPixels {
  Plane<float> elevation;        // metres above sea level; of the valley bottom below the reservoir
  Plane<float> water;            // share of the pixel covered by rivers and streams, 0..1; not the reservoir
  Plane<float> above_channel;    // metres above the nearest stream or river, along the flow of water; >= 0
  Plane<float> reservoir_depth;  // metres below the full reservoir's level; <= 0 outside
};

/// A point of a channel on the coarse grid, in cells; `below` is the index of the point it flows to, its own at the
/// end.
struct ChannelNode {
  float x = 0;
  float y = 0;
  float width_m = 0;
  std::int32_t below = 0;
};

/// A landscape evolved on a coarse grid, from which windows at 10 m are interpolated. Construction takes seconds for a
/// full Sentinel-2 tile; afterwards it only reads: window() may be called by many threads.
///
/// Uplift and stream-power erosion, slope = uplift / sqrt(drained area), solved implicitly from the outlet upstream
/// (Braun and Willett 2013, Geomorphology 180, equation 22) over flow directions from a priority flood (Barnes,
/// Lehman and Mulla 2014, Computers & Geosciences 62), on grids that become finer from step to step; hillslopes fail
/// above a critical slope. Directions are perturbed as in rho8 (Fairfield and Leymarie 1991), so that valleys do not
/// follow the grid.
class Terrain {
 public:
  /// Throws ConfigError where the grid is empty or its pixels are not 10 m.
  explicit Terrain(const TerrainOptions& options);

  /// Fills the planes for a window of the site's grid, which may reach beyond the site by up to a kilometre.
  void window(const Window& window, TerrainPixels& into) const;

  /// Elevation alone.
  void elevation(const Window& window, PlaneView<float> into) const;

  /// The coarse grid reaches beyond the site on all sides; its cells are `cell_pixels()` pixels wide, and its cell
  /// (0, 0) begins at pixel (coarse_origin().x, coarse_origin().y) of the site.
  const Grid& coarse_grid() const { return coarse_grid_; }
  int cell_pixels() const { return cell_px_; }
  PixelPoint coarse_origin() const { return origin_px_; }
  PlaneView<const float> coarse_elevation() const { return elevation_.view(); }

  /// Mean elevation over the surrounding kilometre.
  PlaneView<const float> coarse_surroundings() const { return surroundings_.view(); }

  /// Metres above sea level; far below the terrain where there is no reservoir.
  float reservoir_level_m() const { return reservoir_level_m_; }

  /// A plane on the coarse grid at the pixels of a window: cubic B-spline, which smooths over about a cell.
  void interpolate(PlaneView<const float> coarse, const Window& window, PlaneView<float> into) const;

 private:
  /// A piece of a channel, in pixels of the site.
  struct Reach {
    float x0, y0, x1, y1;
    float width0, width1;
  };

  void add_reaches(const std::vector<ChannelNode>& nodes);
  void fill_elevation(const Window& window, PlaneView<float> elevation, PlaneView<float> above_channel,
                      PlaneView<float> detail) const;
  void draw_channels(const Window& window, PlaneView<float> water) const;

  std::uint32_t seed_;
  Grid coarse_grid_;
  int cell_px_ = 0;
  PixelPoint origin_px_;
  float reservoir_level_m_ = 0;
  Plane<float> elevation_;
  Plane<float> above_channel_;
  Plane<float> surroundings_;
  std::vector<Reach> reaches_;            // sorted by bin
  std::vector<std::uint32_t> bin_begin_;  // first reach of each bin, row-major, and the end
  int bins_across_ = 0;
  int bins_down_ = 0;
};

}  // namespace pitwatch
