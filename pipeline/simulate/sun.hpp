#pragma once
// Where the sun stands.

#include "pipeline/core/date.hpp"

namespace pitwatch {

/// Degrees: zenith 0 overhead and 90 at the horizon (without refraction), azimuth clockwise from true north.
struct SunPosition {
  double zenith = 0;
  double azimuth = 0;
};

/// The sun's position for an instant and a place (degrees, east and north positive). Within 0.02 degrees between 1950
/// and 2050. Low-accuracy solar coordinates and equation of time: Meeus 1998, Astronomical Algorithms, chapters 25 and
/// 28, in the form of NOAA's solar calculator. Thread-safe, does not throw.
SunPosition sun_position(Instant utc, double longitude, double latitude);

/// 1 on the first of January, 366 on the last day of a leap year; UTC.
int day_of_year(Instant utc);

}  // namespace pitwatch
