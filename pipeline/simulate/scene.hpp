#pragma once
// A site through time as a satellite sees it: ground, events, sun, air and instrument put together into the pixels of a
// Level-2A granule.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/granule.hpp"
#include "pipeline/core/sun.hpp"
#include "pipeline/simulate/acquisitions.hpp"
#include "pipeline/simulate/clouds.hpp"
#include "pipeline/simulate/events.hpp"
#include "pipeline/simulate/ground.hpp"
#include "pipeline/simulate/shading.hpp"

namespace pitwatch {

/// What surrounds a window that is rendered: its ground is needed that far around it.
inline constexpr int render_halo_px = 4;
/// Windows begin and end at multiples of this: a pixel of 60 m.
inline constexpr int render_step_px = 6;

/// The truth of a granule's sky: from which opacity a pixel is under cloud (remnants that no mask knows included) or
/// cirrus, from which share of the beam kept from it in cloud shadow, and from which cover under snow. What has less,
/// but more than the edge's, bears sky_edge: neither clear nor hidden.
inline constexpr float sky_cloud_opacity = 0.3F;
inline constexpr float sky_cirrus_opacity = 0.15F;
inline constexpr float sky_shadow_share = 0.35F;
inline constexpr float sky_snow_cover = 0.5F;
inline constexpr float sky_edge_share = 0.05F;
inline constexpr std::uint8_t sky_edge = 1 << 7;

/// The pixels of a granule, bands at their native resolution; planes of bands that are not wanted are empty.
struct GranulePixels {
  std::array<Plane<std::uint16_t>, surface_band_count> bands;
  Plane<std::uint8_t> scl;                // 20 m
  Plane<std::uint8_t> cloud_probability;  // 20 m, percent
  Plane<std::uint8_t> snow_probability;   // 20 m, percent
  /// What hides the ground, 10 m: MaskBits for cloud, cirrus, shadow and snow, and sky_edge. Empty where not wanted.
  Plane<std::uint8_t> sky;

  /// Makes room for a granule of a grid of 10 m pixels.
  GranulePixels(const Grid& grid, std::span<const Band> wanted);
};

/// A grid at another resolution with the same upper left corner; a side that does not divide is cut off.
Grid coarser(const Grid& grid, int pixel_size_m);

/// A place, what lies there, and what happens to it.
struct SimulatedSite {
  std::string id;
  std::uint32_t seed = 0;
  Grid grid;             // 10 m pixels
  double longitude = 0;  // of its middle
  double latitude = 0;
  Terrain terrain;
  Ground ground;
  std::vector<Event> events;

  /// A site without events yet. `focus_px` as in Ground.
  SimulatedSite(std::string id, std::uint32_t seed, const Grid& grid, double longitude, double latitude,
                MapPoint focus_px);
  SimulatedSite(const SimulatedSite&) = delete;
  SimulatedSite& operator=(const SimulatedSite&) = delete;
};

/// One date of a site. Rendering is thread-safe and gives the same pixels whatever the windows.
class SceneRenderer {
 public:
  /// Both must outlive this object.
  SceneRenderer(const SimulatedSite& site, const Acquisition& acquisition);

  /// Renders a window of the grid, whose ground reaches render_halo_px (or more) beyond it on all sides, into its place
  /// in the granule. The window begins at multiples of render_step_px, and ends there or at the grid's end.
  void render(const GroundPixels& ground, const Window& window, GranulePixels& into) const;

  const ViewAngles& sun() const { return sun_; }
  const Season& season() const { return season_; }

  /// How much of the ground clouds and their shadows hide in a window, 0..1: the truth, not what the masks say.
  void hidden(const Window& window, PlaneView<float> into) const;

 private:
  struct Scratch;
  void reflect_ground(const GroundPixels& ground, Scratch& scratch) const;
  void light(const GroundPixels& ground, Scratch& scratch) const;
  void cover_with_snow(const GroundPixels& ground, Scratch& scratch) const;
  void look_through_air(Scratch& scratch) const;
  void look_through_optics(Scratch& scratch) const;
  void measure(const Window& window, const Scratch& scratch, GranulePixels& into) const;
  static void label_sky(const Window& window, const Scratch& scratch, Plane<std::uint8_t>& into);
  void classify(const Window& window, const GroundPixels& ground, const Scratch& scratch, GranulePixels& into) const;
  bool has_data(int x, int y) const;

  const SimulatedSite& site_;
  const Acquisition& acquisition_;
  ViewAngles sun_;
  Season season_;
  SurfaceSpectra spectra_;
  std::optional<SurfaceSpectra> clear_spectra_;  // of ground that lies too high for a plume
  Shading shading_;
  Clouds clouds_;
};

/// Shares of the classes of a granule.
GranuleQuality quality_of(PlaneView<const std::uint8_t> scl);

}  // namespace pitwatch
