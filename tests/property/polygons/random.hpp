#pragma once
// Random rasters for the property tests of pipeline/polygons.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "pipeline/core/plane.hpp"
#include "pipeline/polygons/components.hpp"

namespace pitwatch {

/// A new seed for each run, printed; PITWATCH_SEED repeats one.
inline std::uint32_t test_seed() {
  const char* given = std::getenv("PITWATCH_SEED");
  const std::uint32_t seed = given != nullptr ? static_cast<std::uint32_t>(std::stoul(given)) : std::random_device{}();
  std::cout << "PITWATCH_SEED=" << seed << '\n';
  return seed;
}

inline int random_int(std::mt19937& random, int from, int to) {
  return std::uniform_int_distribution(from, to)(random);
}

/// A field from 0 to 1, row-major: white noise, averaged twice over squares of (2 blur + 1) pixels and stretched again.
inline std::vector<double> random_field(std::mt19937& random, int width, int height, int blur) {
  const auto index = [&](int x, int y) {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  };
  std::vector<double> field(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  for (double& value : field) value = std::uniform_real_distribution<>()(random);
  for (int pass = 0; pass < 2; ++pass) {
    const std::vector<double> sharp = field;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        double sum = 0;
        int count = 0;
        for (int v = std::max(0, y - blur); v <= std::min(height - 1, y + blur); ++v) {
          for (int u = std::max(0, x - blur); u <= std::min(width - 1, x + blur); ++u) {
            sum += sharp[index(u, v)];
            ++count;
          }
        }
        field[index(x, y)] = sum / count;
      }
    }
  }
  const auto [lowest, highest] = std::minmax_element(field.begin(), field.end());
  const double offset = *lowest;
  const double range = std::max(*highest - *lowest, 1e-9);
  for (double& value : field) value = (value - offset) / range;
  return field;
}

/// Scores 0..score_max from a random field, a few pixels not judged.
inline Plane<std::uint8_t> random_scores(std::mt19937& random, int width, int height) {
  const std::vector<double> field = random_field(random, width, height, random_int(random, 0, 2));
  const double not_judged = random_int(random, 0, 2) * 0.02;
  Plane<std::uint8_t> scores(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double value =
          field[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
      const bool judged = std::uniform_real_distribution<>()(random) >= not_judged;
      scores.at(x, y) = judged ? static_cast<std::uint8_t>(value * score_max) : score_not_judged;
    }
  }
  return scores;
}

/// The runs of the pixels for which in(x, y) holds.
template <typename In>
std::vector<Run> runs_where(int width, int height, In in) {
  std::vector<Run> runs;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if (!in(x, y)) continue;
      if (!runs.empty() && runs.back().row == y && runs.back().end == x) {
        ++runs.back().end;
      } else {
        runs.push_back({y, x, x + 1});
      }
    }
  }
  return runs;
}

}  // namespace pitwatch
