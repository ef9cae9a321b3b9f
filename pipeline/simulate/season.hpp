#pragma once
// The course of the year: plants, snow line and the reservoir's level, and how years differ.

#include <cstdint>

#include "pipeline/core/date.hpp"

namespace pitwatch {

/// Where in the year a day is, for one world. All values are the same wherever and in whatever order they are asked
/// for.
struct Season {
  int year = 2020;
  float day = 1;                // of the year, 1..366
  float spring_shift_days = 0;  // how late this year's spring is
  float drought = 0;            // -1 wet .. 1 dry summer
  float wetness = 0;            // of the topsoil on this day, 0 dry .. 1 after rain
  float snow_line_m = 0;        // ground above it is covered
  float drawdown_m = 0;         // of the reservoir below its full level
  float plume = 0;              // share of tailings water in rivers and the reservoir
};

Season season_of(std::uint32_t seed, Instant day);

/// A smooth step from 0 (x << 0) to 1 (x >> 0) with slope 1/2 at 0. Algebraic, so that it is the same on every CPU.
float smooth_step_up(float x);

/// 0 below `from`, 1 above `to`, a cubic between (Hermite).
float ramp(float from, float to, float x);

}  // namespace pitwatch
