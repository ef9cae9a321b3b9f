#pragma once
// What happened to a piece of ground, from its mean spectra before and after.

#include <array>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/named_options.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// Weighted sums of digital numbers over the valid pixels of a region, by band: whole numbers, so that regions add up
/// to the same whatever the order. `count` is the sum of the weights.
struct BandSums {
  std::array<std::int64_t, band_infos.size()> sum{};
  std::array<std::int64_t, band_infos.size()> count{};

  void add(Band band, std::uint16_t dn, int weight = 1) {
    sum[static_cast<std::size_t>(band)] += std::int64_t{dn} * weight;
    count[static_cast<std::size_t>(band)] += weight;
  }
  BandSums& operator+=(const BandSums& other);
};

/// Mean reflectance by band; nothing for bands that were not read or have a measurement at too few pixels.
using Spectrum = std::array<std::optional<float>, band_infos.size()>;

/// Mean reflectance of a region: calibration is linear, so that the mean of the digital numbers suffices. Nothing for a
/// band that has less than half of the weight of the one that has most: what is known of a corner is not the region's.
Spectrum mean_spectrum(const BandSums& sums, const std::map<Band, Calibration>& calibrations);

/// The spectral indices of a spectrum by name (kernels/indices.hpp), those whose bands are there and whose denominator
/// is not zero.
std::map<std::string, double> spectral_indices(const Spectrum& spectrum);

/// after - before for each index that both spectra have.
std::map<std::string, double> index_change(const Spectrum& before, const Spectrum& after);

/// The class of the change. Needs red and NIR on both dates, else it is `unknown`; SWIR refines: without it, burn and
/// water are told less surely, and bare ground is what is not green. Without blue, red alone is the brightness. Rules
/// and thresholds: README.md of this folder.
ChangeClass classify_change(const Spectrum& before, const Spectrum& after);

inline constexpr std::size_t class_count = change_class_names.size();
inline std::size_t index(ChangeClass change_class) { return static_cast<std::size_t>(change_class) - 1; }

/// How likely each class is by the same rules, each the truer the farther the spectra lie from its bounds; `unknown` is
/// ground without B12 that may be burnt or bared, and all ground without red or NIR on both dates.
/// `greenest_ndvi` is the highest NDVI that the ground was expected to have in a year, -1 where that is not known. The
/// same bits on every processor.
ClassProbabilities class_probabilities(const Spectrum& before, const Spectrum& after, double greenest_ndvi = -1);

}  // namespace pitwatch
