#include "kernels/reference/calibrate.hpp"

namespace pitwatch::kernels::reference {

void dn_to_reflectance(const std::uint16_t* dn, std::size_t n, const DnCalibration& calibration, float* reflectance,
                       std::uint8_t* mask) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const bool is_nodata = dn[i] == calibration.nodata || dn[i] < calibration.lowest;
    const bool is_saturated = dn[i] == calibration.saturated || dn[i] > calibration.highest;
    const float value = static_cast<float>(dn[i]) * calibration.scale + calibration.offset;
    reflectance[i] = is_nodata || is_saturated ? 0.0F : value;
    if (is_nodata) mask[i] |= calibration.nodata_bit;
    if (is_saturated) mask[i] |= calibration.saturated_bit;
  }
}

}  // namespace pitwatch::kernels::reference
