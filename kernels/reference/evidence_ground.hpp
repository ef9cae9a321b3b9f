#pragma once
// What the scalar oracles of the evidence have in common, one pixel at a time.

#include <algorithm>
#include <cstddef>

#include "kernels/evidence.hpp"

namespace pitwatch::kernels::reference {

inline std::size_t ground_of(float red, float nir, const GroundEdges& edges) {
  std::size_t ground = 0;
  for (const float edge : edges) ground += nir - red > edge * (nir + red) ? 1 : 0;
  return ground;
}

inline float normalised(float after, const RelativeGain& gain) { return gain.gain * after + gain.offset; }

inline float clamp(float value, float low, float high) { return std::min(std::max(value, low), high); }

}  // namespace pitwatch::kernels::reference
