#pragma once
// Scalar oracle of kernels/calibrate.hpp: the same functions, one pixel at a time, compiled without vectorisation.

#include "kernels/calibrate.hpp"

namespace pitwatch::kernels::reference {

void dn_to_reflectance(const std::uint16_t* dn, std::size_t n, const DnCalibration& calibration, float* reflectance,
                       std::uint8_t* mask) noexcept;

}  // namespace pitwatch::kernels::reference
