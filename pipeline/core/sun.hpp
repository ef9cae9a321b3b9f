#pragma once
// Where the sun stands.

#include "pipeline/core/date.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// The sun's position for an instant and a place (degrees, east and north positive); the zenith without refraction.
/// Within 0.02 degrees between 1950 and 2050. Low-accuracy solar coordinates and equation of time: Meeus 1998,
/// Astronomical Algorithms, chapters 25 and 28, in the form of NOAA's solar calculator. Thread-safe, does not throw.
ViewAngles sun_position(Instant utc, double longitude, double latitude);

}  // namespace pitwatch
