#pragma once
// Typical spectra of ground, for the unit tests of pipeline/classify.

#include <cstddef>

#include "pipeline/classify/classify.hpp"

namespace pitwatch {

/// Surface reflectances of the six bands that classification reads.
struct Ground {
  float blue, green, red, nir, swir16, swir22;
};

inline constexpr Ground forest{0.02F, 0.04F, 0.03F, 0.30F, 0.14F, 0.06F};
inline constexpr Ground meadow{0.04F, 0.08F, 0.06F, 0.35F, 0.22F, 0.12F};
inline constexpr Ground dry_meadow{0.06F, 0.09F, 0.10F, 0.24F, 0.26F, 0.18F};  // NDVI 0.41
inline constexpr Ground soil{0.08F, 0.12F, 0.17F, 0.24F, 0.34F, 0.30F};
inline constexpr Ground red_soil{0.06F, 0.10F, 0.20F, 0.28F, 0.38F, 0.33F};
inline constexpr Ground rock{0.12F, 0.14F, 0.16F, 0.19F, 0.24F, 0.22F};
inline constexpr Ground shaded_rock{0.040F, 0.042F, 0.041F, 0.051F, 0.049F, 0.039F};
inline constexpr Ground water{0.05F, 0.05F, 0.03F, 0.02F, 0.01F, 0.01F};
inline constexpr Ground turbid_water{0.08F, 0.11F, 0.12F, 0.07F, 0.02F, 0.01F};
inline constexpr Ground muddy_water{0.10F, 0.13F, 0.15F, 0.12F, 0.08F, 0.05F};
inline constexpr Ground charred{0.03F, 0.04F, 0.05F, 0.08F, 0.17F, 0.16F};
inline constexpr Ground charred_soil{0.06F, 0.07F, 0.08F, 0.11F, 0.20F, 0.18F};  // redder than the forest was
inline constexpr Ground concrete{0.24F, 0.27F, 0.29F, 0.32F, 0.33F, 0.30F};
inline constexpr Ground lime{0.34F, 0.38F, 0.42F, 0.46F, 0.52F, 0.45F};
inline constexpr Ground sand{0.24F, 0.32F, 0.38F, 0.45F, 0.55F, 0.52F};
inline constexpr Ground pale_sand{0.26F, 0.34F, 0.40F, 0.47F, 0.57F, 0.54F};
inline constexpr Ground blue_roof{0.28F, 0.24F, 0.18F, 0.26F, 0.20F, 0.16F};
inline constexpr Ground grey_roof{0.19F, 0.19F, 0.19F, 0.21F, 0.20F, 0.18F};
inline constexpr Ground snow{0.60F, 0.60F, 0.58F, 0.52F, 0.10F, 0.08F};

inline Spectrum spectrum(const Ground& ground, bool with_swir = true) {
  Spectrum result;
  const auto set = [&](Band band, float value) { result[static_cast<std::size_t>(band)] = value; };
  set(Band::B02, ground.blue);
  set(Band::B03, ground.green);
  set(Band::B04, ground.red);
  set(Band::B08, ground.nir);
  if (with_swir) {
    set(Band::B11, ground.swir16);
    set(Band::B12, ground.swir22);
  }
  return result;
}

}  // namespace pitwatch
