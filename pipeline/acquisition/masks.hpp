#pragma once
// What is added to the mask of an acquisition beside its scene classification: spectral tests, and probabilities of
// cloud and snow.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "pipeline/acquisition/mosaic.hpp"

namespace pitwatch {

/// Those that scl_reasons gives a reason.
constexpr std::array<bool, 12> usual_classes() {
  std::array<bool, 12> classes{};
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = scl_reasons[i] != mask_clear;
  return classes;
}

enum class SpectralMasks : std::uint8_t {
  automatic,  // where a scene has no classification
  on,         // together with the classification where there is one
  off,
};

struct MaskChoice {
  std::array<bool, 12> classes = usual_classes();  // of the scene classification that are masked
  SpectralMasks own = SpectralMasks::automatic;
  std::optional<int> cloud_probability;  // percent from which a pixel is cloud, by the band CLD; nothing: not used
  std::optional<int> snow_probability;   // the same of snow, by the band SNW
};

/// Classes of the scene classification as an option names them: "3,8,9". Throws ConfigError.
std::array<bool, 12> parse_classes(const std::string& text);

/// As MosaicOptions wants it: a class that is masked bears its reason of scl_reasons; dark ground (2) that of cloud
/// shadow, and others that have none there that of cloud.
std::array<MaskBits, 12> class_reasons(const MaskChoice& choice);

/// Throws ConfigError for a probability that is not 0 to 100.
void check(const MaskChoice& choice);

/// What of a choice changes results, as text; empty for the default.
std::string text_of(const MaskChoice& choice);

/// Whether spectral tests are made of these scenes.
bool uses_spectral_masks(std::span<const Scene> parts, const MaskChoice& choice);

/// The ground around a grid of 10 m pixels on which clouds are looked for, 20 m pixels: as far as their shadows may
/// have come from.
Grid sky_grid(const Grid& grid, const std::optional<ViewAngles>& sun);

/// What spectral tests of one acquisition take in memory; 0 where none are made.
std::int64_t spectral_mask_bytes(std::span<const Scene> parts, const MaskChoice& choice, const Grid& grid);

/// Completes the mask of an acquisition that read_mosaic() has read with `how`, on a grid of 10 m pixels with whole
/// ones of 20 m. Own tests are made on pixels of 20 m of the site and of what lies around it (sky_grid()).
/// Probabilities are used where all parts have the band. Throws as read_mosaic(). Thread-safe.
void complete_mask(std::span<const Scene> parts, const MosaicOptions& how, const MaskChoice& choice,
                   Mosaic& acquisition);

/// Writes a mask as a Byte COG whose metadata name the bits (BIT_0 is the lowest). Throws IoError.
void write_mask(const std::string& path, const Grid& grid, PlaneView<const MaskBits> mask, const std::string& scene);

}  // namespace pitwatch
