#pragma once
// Digital numbers to reflectance.
//
// Like all kernels here: row arithmetic, noexcept, no allocation, reentrant (safe from any number of threads), and the
// same bytes on every target. See README.md for the rules that hold for the whole folder.

#include <cstddef>
#include <cstdint>

namespace pitwatch::kernels {

/// How one band of one product is encoded. The same form as STAC's `raster:bands`.
/// For a Sentinel-2 product: scale = 1 / QUANTIFICATION_VALUE and offset = BOA_ADD_OFFSET / QUANTIFICATION_VALUE
/// (RADIO_ADD_OFFSET for L1C), so 1e-4 and -0.1 since processing baseline 04.00, 1e-4 and 0 before.
struct DnCalibration {
  float scale = 1e-4F;             ///< reflectance per DN
  float offset = 0.0F;             ///< reflectance at DN 0
  int nodata = 0;                  ///< the DN that means no measurement, -1 for none
  int saturated = 65535;           ///< the DN that means saturated, -1 for none
  int lowest = 0;                  ///< a DN below it is as `nodata`
  int highest = 65535;             ///< a DN above it is as `saturated`
  std::uint8_t nodata_bit = 0;     ///< mask bits OR-ed in where dn == nodata or dn < lowest
  std::uint8_t saturated_bit = 0;  ///< mask bits OR-ed in where dn == saturated or dn > highest
};

/// reflectance[i] = dn[i] * scale + offset, both operations rounded to float (ESA, Sentinel-2 Products Specification
/// Document 14.9, 2022: the reflectance formula, with the division by the quantification value folded into `scale`).
///
/// `dn`, `reflectance` and `mask` hold n elements each and do not overlap; any alignment; n may be 0.
/// Where dn is `nodata` or `saturated`, or beyond `lowest` or `highest`, reflectance is 0 (finite, so that filters
/// downstream stay finite) and the bits go into `mask`; the other bits of `mask` stay as they are. Where both hold,
/// both sets of bits are set. Valid pixels may come out negative (dark pixels with an offset) or above 1; nothing is
/// clamped.
void dn_to_reflectance(const std::uint16_t* dn, std::size_t n, const DnCalibration& calibration, float* reflectance,
                       std::uint8_t* mask) noexcept;

}  // namespace pitwatch::kernels
