#pragma once
// Spectral indices of one row, from surface reflectance.
// Same bytes on every target; reentrant; see README.md.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pitwatch::kernels {

enum class SpectralIndex : std::uint8_t {
  ndvi,
  evi2,
  nbr,
  nbr2,
  ndmi,
  mndwi,
  ndwi,
  bsi,
  iron_oxide,
  ferrous,
  clay,
};

/// Bits of SpectralIndexInfo::bands.
enum BandBit : std::uint8_t {
  band_blue = 1 << 0,    // Sentinel-2 B02
  band_green = 1 << 1,   // B03
  band_red = 1 << 2,     // B04
  band_nir = 1 << 3,     // B08 (or B8A, the caller's choice)
  band_swir16 = 1 << 4,  // B11
  band_swir22 = 1 << 5,  // B12
};

struct SpectralIndexInfo {
  SpectralIndex index;
  std::string_view name;
  std::string_view formula;
  std::string_view source;
  std::uint8_t bands;  ///< BandBit of every row that is read
};

/// Every index with its formula, in the order of the enumeration (spectral_indices[int(index)] describes `index`).
inline constexpr std::array<SpectralIndexInfo, 11> spectral_indices{{
    {SpectralIndex::ndvi, "ndvi", "(nir - red) / (nir + red)", "Tucker 1979", band_nir | band_red},
    {SpectralIndex::evi2, "evi2", "2.5 * (nir - red) / (nir + 2.4 * red + 1)", "Jiang et al. 2008",
     band_nir | band_red},
    {SpectralIndex::nbr, "nbr", "(nir - swir22) / (nir + swir22)", "Key & Benson 2006", band_nir | band_swir22},
    {SpectralIndex::nbr2, "nbr2", "(swir16 - swir22) / (swir16 + swir22)", "Key & Benson 2006, USGS Landsat NBR2",
     band_swir16 | band_swir22},
    {SpectralIndex::ndmi, "ndmi", "(nir - swir16) / (nir + swir16)", "Gao 1996, Wilson & Sader 2002",
     band_nir | band_swir16},
    {SpectralIndex::mndwi, "mndwi", "(green - swir16) / (green + swir16)", "Xu 2006", band_green | band_swir16},
    {SpectralIndex::ndwi, "ndwi", "(green - nir) / (green + nir)", "McFeeters 1996", band_green | band_nir},
    {SpectralIndex::bsi, "bsi", "((swir16 + red) - (nir + blue)) / ((swir16 + red) + (nir + blue))",
     "Rikimaru et al. 2002", band_swir16 | band_red | band_nir | band_blue},
    {SpectralIndex::iron_oxide, "iron_oxide", "red / blue", "Segal 1982, Drury 1987", band_red | band_blue},
    {SpectralIndex::ferrous, "ferrous", "swir16 / nir", "Segal 1982", band_swir16 | band_nir},
    {SpectralIndex::clay, "clay", "swir16 / swir22", "Drury 1987", band_swir16 | band_swir22},
}};

constexpr const SpectralIndexInfo& info(SpectralIndex index) {
  return spectral_indices[static_cast<std::size_t>(index)];
}

/// One row of reflectance per band. Rows that an index does not read may be null.
struct BandRows {
  const float* blue = nullptr;
  const float* green = nullptr;
  const float* red = nullptr;
  const float* nir = nullptr;
  const float* swir16 = nullptr;
  const float* swir22 = nullptr;
};

/// out[i] = the index's formula at pixel i, evaluated in float in the order of info(index).formula (+, -, * and / are
/// rounded one by one; sources are in info(index).source).
///
/// Rows and `out` hold n elements, any alignment; `out` may be one of the rows, but may not overlap one partly.
/// A zero denominator (either sign) gives NaN, not an infinity. A NaN in a row gives NaN. Every NaN written is the
/// quiet NaN with no sign and no payload, so that the bytes do not depend on the CPU. Nodata is the caller's: a masked
/// pixel holds reflectance 0, which gives NaN for the ratios, but 0 for evi2.
/// Negative reflectances (possible after the offset) are not clamped: normalised differences can then leave -1..1.
void spectral_index(SpectralIndex index, const BandRows& bands, std::size_t n, float* out) noexcept;

}  // namespace pitwatch::kernels
