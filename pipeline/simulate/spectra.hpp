#pragma once
// What surfaces reflect, by band, through the year.

#include <array>
#include <cstdint>
#include <vector>

#include "pipeline/core/scene.hpp"
#include "pipeline/simulate/season.hpp"

namespace pitwatch {

/// The bands of a Level-2A product, in the order of every spectrum here.
inline constexpr std::array<Band, 12> surface_bands{Band::B01, Band::B02, Band::B03, Band::B04, Band::B05, Band::B06,
                                                    Band::B07, Band::B08, Band::B8A, Band::B09, Band::B11, Band::B12};
inline constexpr std::size_t surface_band_count = surface_bands.size();

/// Bottom-of-atmosphere reflectance 0..1 of level ground under a high sun.
using Reflectances = std::array<float, surface_band_count>;

/// What the ground is. Plants change with the season; the rest only with its wetness.
enum class Surface : std::uint8_t {
  forest,
  grass,
  scrub,
  crop_winter,  // winter wheat: green in spring, harvested in early summer
  crop_summer,  // maize, vegetables: bare in spring, green in summer
  crop_hay,     // lucerne and hay, cut three times
  orchard,
  rock_grey,       // andesite
  rock_pale,       // limestone
  rock_limonitic,  // oxidised, rich in iron
  rock_altered,    // clay minerals around an ore body
  rock_dark,       // basalt
  scree,
  river,
  reservoir,
  reservoir_bed,  // fallen dry
  village,
  road,
  pit,   // an excavation at work
  dump,  // overburden
  tailings_beach,
  tailings_water,
  // States that events bring.
  ploughed,
  stubble,
  burnt,
  muddy_water,
  mud,
  building,
  snow,
  washed_gravel,
};
inline constexpr std::size_t surface_count = 30;

/// How a pixel differs from others of its surface: in steps, since spectra are tabulated.
inline constexpr int phase_steps = 16;  // of phase_step_days, how far the season lags behind the valley's
inline constexpr float phase_step_days = 3.0F;
inline constexpr int vigour_steps = 32;  // from the sparsest to the densest cover, or from dry to wet

/// All spectra of one day.
class SurfaceSpectra {
 public:
  explicit SurfaceSpectra(const Season& season);

  /// `phase` in 0..phase_steps - 1, `vigour` in 0..vigour_steps - 1.
  const Reflectances& of(Surface surface, int phase, int vigour) const {
    return table_[(static_cast<std::size_t>(surface) * phase_steps + static_cast<std::size_t>(phase)) * vigour_steps +
                  static_cast<std::size_t>(vigour)];
  }

 private:
  std::vector<Reflectances> table_;
};

}  // namespace pitwatch
