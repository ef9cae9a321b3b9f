#pragma once
// The light of an acquisition: shadow and shade of terrain, the side from which ground is seen, and the level of
// another date. Nothing is done about it unless options ask for it.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/geo/geodesy.hpp"

namespace pitwatch {

struct LightOptions {
  std::string elevation;                // raster of elevations, metres, any format of GDAL; empty: none
  bool topographic_correction = false;  // the C-correction; needs `elevation`
  bool brdf = false;                    // reflectance as seen from straight above, by the c-factor
  bool normalise = false;               // to the reference acquisition's level, by pixels that did not change
  friend bool operator==(const LightOptions&, const LightOptions&) = default;
};

/// Throws ConfigError for a topographic correction without elevations.
void check(const LightOptions& options);

/// What of the options changes a result, as text for hashes: empty where nothing is asked for. Of elevations the hash
/// of what they are at the site, to a tenth of a metre, whatever file they come from. Reads them; throws as SiteLight.
std::string light_text(const LightOptions& options, const Grid& grid);

/// Immutable but for take_reference(): otherwise for any number of threads.
class SiteLight {
 public:
  /// Reads elevations of the grid and 5 km around. Throws DataError as read_elevation() does.
  SiteLight(const LightOptions& options, const Grid& grid);

  /// Memory that it holds, and that correct() takes for each pixel of an acquisition beside it.
  std::int64_t bytes() const;
  std::int64_t acquisition_pixel_bytes() const;

  /// Scenes of an acquisition as they are to be read: with `brdf` calibrated to the view from straight above, where
  /// they know their angles.
  std::vector<Scene> to_read(std::vector<Scene> parts) const;

  /// Marks mask_terrain_shadow, and corrects reflectances in place. `parts` give the sun, the first that knows it;
  /// where none does, it is where it stood over the site at `acquired`.
  ///
  /// The C-correction: for each band and each of three strata (bare, sparse, green; by the acquisition's NDVI around
  /// 0.15, 0.4 and 0.65) a C of its own, over clear pixels; between those NDVI factors pass over linearly, so that
  /// nothing jumps with the season. Kinds whose reflectance does not rise with the light have a factor of 1: Level-2A
  /// products that ESA made with its own elevations have mostly lost that.
  ///
  /// Normalisation: fit_invariant() over all bands, clear pixels of both acquisitions, at most 20 000 spread evenly;
  /// not where less than a tenth of those stay, or a gain is not within 1/2..2.
  void correct(std::span<const Scene> parts, Instant acquired, Mosaic& acquisition) const;

  bool wants_reference() const { return options_.normalise; }
  /// Corrected as other acquisitions are, but for the level, which is its own.
  void take_reference(Mosaic acquisition) { reference_ = std::move(acquisition); }

 private:
  void shade(const ViewAngles& sun, Mosaic& acquisition) const;
  void normalise(Mosaic& acquisition) const;

  LightOptions options_;
  Grid grid_;
  LonLat middle_;
  double convergence_deg_ = 0;  // of meridians: azimuths on the grid are less by this
  int margin_ = 0;              // of the elevations, pixels
  Plane<float> elevation_;      // empty without
  std::optional<Mosaic> reference_;
};

}  // namespace pitwatch
