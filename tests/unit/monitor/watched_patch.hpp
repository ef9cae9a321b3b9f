#pragma once
// A site of 16 x 16 pixels with a patch of 5 x 5 that changes, learnt for a year and then watched.

#include <cstddef>
#include <utility>

#include "tests/unit/monitor/test_support.hpp"

namespace pitwatch::test {

inline constexpr int side = 16;
inline constexpr int first_day = 370;  // of those that are watched

inline bool in_patch(int x, int y) { return x >= 5 && x < 10 && y >= 5 && y < 10; }

inline PixelReflectance mixed(const PixelReflectance& a, const PixelReflectance& b, float share_of_b) {
  const auto between = [share_of_b](float from, float to) { return from + share_of_b * (to - from); };
  return {between(a.blue, b.blue), between(a.green, b.green),   between(a.red, b.red),
          between(a.nir, b.nir),   between(a.swir16, b.swir16), between(a.swir22, b.swir22)};
}

/// `usual` everywhere; in a patch `then` between two days.
inline Ground ground_with(const PixelReflectance& usual, const PixelReflectance& then, int from, int until) {
  return [=](int x, int y, int day) { return in_patch(x, y) && day >= from && day < until ? then : usual; };
}

inline constexpr std::size_t pixel(int x, int y) { return static_cast<std::size_t>(y * side + x); }
inline constexpr std::size_t inside = pixel(7, 7);
inline constexpr std::size_t outside = pixel(14, 2);

/// Learns on undisturbed ground and observes `observations` observations from first_day on.
struct Watch {
  explicit Watch(Ground scene) : ground(std::move(scene)), state(learnt(camera, ground, side, side, options)) {}

  void observe_each(int observations) {
    for (int i = 0; i < observations; ++i, day += 10)
      observe(state, camera.features(ground, day, options), options, seen);
  }

  MonitorOptions options;
  Camera camera{side, side};
  Ground ground;
  MonitorState state;
  Observation seen;
  int day = first_day;
};

}  // namespace pitwatch::test
