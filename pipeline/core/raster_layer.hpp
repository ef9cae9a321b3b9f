#pragma once
// Which numbers of a raster file are a band's, and what they become where they are not its 16-bit digital numbers.

#include <cstdint>
#include <optional>
#include <string>

namespace pitwatch {

enum class PixelCoding : std::uint8_t {
  as_stored,    // digital numbers of a band, classes of Sen2Cor, percent
  reflectance,  // numbers of any kind: reflectance = number * scale + offset
  fmask,        // bits of HLS's Fmask, to classes of Sen2Cor
  maja,         // bits of MAJA's CLM, and of its MG2 beside it, to classes of Sen2Cor
  qa60,         // bits of Earth Engine's QA60, to classes of Sen2Cor
};

/// Numbers of `reflectance` become digital numbers of `reflectance_calibration`, whatever they were stored as.
struct RasterLayer {
  int number = 1;  // of the file's bands, from 1
  PixelCoding coding = PixelCoding::as_stored;
  // Of `reflectance`: a number equal to nodata, and one that is not finite, is none. Of `as_stored` a nodata of 0 has
  // what the file itself calls no data read as 0, too; another, or none, leaves it as it is.
  double scale = 1;
  double offset = 0;
  std::optional<double> nodata = std::nullopt;
  std::string beside = {};  // the MG2 of `maja`; empty: none
  friend bool operator==(const RasterLayer&, const RasterLayer&) = default;
};

/// Tells layers of one file apart; empty for the first of them as it is stored.
std::string text_of(const RasterLayer& layer);

}  // namespace pitwatch
