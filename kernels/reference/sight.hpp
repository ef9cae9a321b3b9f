#pragma once
// Scalar oracle of kernels/sight.hpp: the same functions, one pixel at a time, compiled without vectorisation.

#include "kernels/sight.hpp"

namespace pitwatch::kernels::reference {

void sight_row(const SightRow& row, const SightParameters& parameters, std::size_t n, std::uint8_t* bits) noexcept;

void take_off_weather_row(const WeatherRow& weather, float contrast, std::size_t n, std::span<float* const> residual,
                          std::span<float* const> deviation) noexcept;

void less_shared_row(std::span<const float* const> values, const WeatherRow& weather, std::size_t n,
                     std::span<float* const> out) noexcept;

}  // namespace pitwatch::kernels::reference
