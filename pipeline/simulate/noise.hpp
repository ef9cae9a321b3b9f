#pragma once
// Repeatable randomness over the plane: every value is a function of a seed and of absolute pixel coordinates, so that
// windows computed in any order by any thread fit together. Integer hashes and the four operations only: the same bits
// on every processor. All functions are thread-safe.

#include <cstdint>
#include <span>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"

namespace pitwatch {

/// A bijective mixing of 32 bits in which every input bit reaches every output bit ("lowbias32": Wellons 2018, Hash
/// Function Prospector, bias 0.17).
constexpr std::uint32_t mix_of(std::uint32_t value) {
  value ^= value >> 16;
  value *= 0x7feb352dU;
  value ^= value >> 15;
  value *= 0x846ca68bU;
  value ^= value >> 16;
  return value;
}

/// What a row of a hashed plane has in common. Two keys, one before and one between the multiplications, so that no
/// row is a shifted copy of another.
struct RowKey {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  constexpr RowKey(std::uint32_t seed, std::int32_t y)
      : first(mix_of(mix_of(seed ^ 0x9e3779b9U) + static_cast<std::uint32_t>(y))),
        second(mix_of(first ^ 0x85ebca6bU)) {}

  constexpr std::uint32_t hash_at(std::int32_t x) const {
    std::uint32_t value = static_cast<std::uint32_t>(x) + first;
    value ^= value >> 16;
    value *= 0x7feb352dU;
    value ^= (value >> 15) ^ second;
    value *= 0x846ca68bU;
    value ^= value >> 16;
    return value;
  }
};

/// 32 random bits for a pixel. Call RowKey::hash_at() in loops over a row.
constexpr std::uint32_t hash_of(std::uint32_t seed, std::int32_t x, std::int32_t y) {
  return RowKey(seed, y).hash_at(x);
}

/// [0, 1), in steps of 2^-24.
constexpr float uniform_of(std::uint32_t hash) {
  return static_cast<float>(static_cast<std::int32_t>(hash >> 8)) * (1.0F / 16777216.0F);
}

/// One octave of value noise: random values in [-amplitude, amplitude] on a lattice of `period_px`, between them
/// interpolated with a quintic fade (Perlin 2002, Improving Noise, section 2); the seed also moves the lattice.
/// Mean 0, standard deviation about 0.45 x amplitude.
struct Octave {
  int period_px = 1;
  float amplitude = 1;
  std::uint32_t seed = 0;
};

/// out(x, y) = the sum of the octaves at pixel (window.x + x, window.y + y), which may be negative. `out` has the size
/// of `window`. Throws std::bad_alloc only.
void fill_noise(std::span<const Octave> octaves, const Window& window, PlaneView<float> out);

/// Octaves of a fractal: periods fall by about 2.1 from `longest_px` and amplitudes by `persistence`. Ends early where
/// periods would fall below two pixels.
std::vector<Octave> fractal(std::uint32_t seed, int longest_px, int octave_count, float amplitude, float persistence);

/// Independent values, mean 0, variance 1, about normal: the sum of four uniform bytes, hence within +-3.45 and in
/// steps of 1/148. `out` has the size of `window`.
void fill_white_noise(std::uint32_t seed, const Window& window, PlaneView<float> out);

}  // namespace pitwatch
