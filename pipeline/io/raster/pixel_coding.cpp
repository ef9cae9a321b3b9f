#include "pipeline/io/raster/pixel_coding.hpp"

#include <algorithm>
#include <cmath>

namespace pitwatch {
namespace {

constexpr bool has(std::uint16_t bits, int bit) { return ((bits >> bit) & 1) != 0; }

}  // namespace

SclClass class_of_fmask(std::uint16_t bits) {
  constexpr std::uint16_t fill = 255;
  if (bits >= fill) return SclClass::no_data;
  if (has(bits, 1)) return SclClass::cloud;
  if (has(bits, 3)) return SclClass::cloud_shadow;
  if (has(bits, 0)) return SclClass::cirrus;
  if (has(bits, 2)) return SclClass::cloud;
  if (has(bits, 4)) return SclClass::snow;
  return has(bits, 5) ? SclClass::water : SclClass::unclassified;
}

SclClass class_of_maja(std::uint16_t clm, std::uint16_t mg2) {
  if (has(mg2, 5) || has(mg2, 6) || has(mg2, 7)) return SclClass::no_data;
  if (has(clm, 1)) return SclClass::cloud;
  if (has(clm, 7) || has(clm, 4)) return SclClass::cirrus;
  if (has(mg2, 1)) return SclClass::cloud;
  if (has(clm, 5) || has(clm, 6) || has(mg2, 3)) return SclClass::cloud_shadow;
  if (has(mg2, 2)) return SclClass::snow;
  return has(mg2, 0) ? SclClass::water : SclClass::unclassified;
}

SclClass class_of_qa60(std::uint16_t bits) {
  if (has(bits, 10)) return SclClass::cloud;
  return has(bits, 11) ? SclClass::cirrus : SclClass::unclassified;
}

std::uint16_t dn_of(double number, const RasterLayer& layer) {
  constexpr double steps = 1e4;  // of reflectance_calibration
  constexpr double zero = 1000;
  constexpr double most = 65534;
  if (!std::isfinite(number) || number == layer.nodata) return 0;
  const double dn = std::round((number * layer.scale + layer.offset) * steps) + zero;
  return static_cast<std::uint16_t>(std::clamp(dn, 1.0, most));
}

}  // namespace pitwatch
