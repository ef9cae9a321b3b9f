#pragma once
// Bands for the gate's tests, made of numbers that are the same everywhere.

#include <cstdint>
#include <vector>

#include "pipeline/gate/dark_pixels.hpp"

namespace pitwatch::test {

/// 0 <= value < range; a linear congruential generator (Knuth, MMIX).
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed) {}
  int below(int range) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<int>((state_ >> 33U) % static_cast<std::uint64_t>(range));
  }

 private:
  std::uint64_t state_;
};

using Dn = Plane<std::uint16_t>;

template <class Value>
Dn dn_plane(int width, int height, Value value) {
  Dn plane(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) plane.at(x, y) = static_cast<std::uint16_t>(value(x, y));
  }
  return plane;
}

inline BandPixels pixels_of(Band band, const Dn& dn, float offset = 0) {
  BandPixels pixels;
  pixels.band = band;
  pixels.dn = dn.view();
  pixels.calibration.offset = offset;
  return pixels;
}

}  // namespace pitwatch::test
