#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "pipeline/simulate/noise.hpp"

namespace pitwatch {
namespace {

using Fill = std::function<void(const Window&, PlaneView<float>)>;

Plane<float> filled(const Fill& fill, const Window& window) {
  Plane<float> plane(window.width, window.height);
  fill(window, plane.view());
  return plane;
}

void expect_windows_fit(const Fill& fill) {
  const Window all{-70, -45, 150, 120};
  const Plane<float> whole = filled(fill, all);
  for (const Window& part : {Window{-70, -45, 1, 1}, Window{-3, -2, 40, 33}, Window{11, 20, 69, 55}}) {
    const Plane<float> piece = filled(fill, part);
    for (int y = 0; y < part.height; ++y) {
      for (int x = 0; x < part.width; ++x) {
        ASSERT_EQ(piece.at(x, y), whole.at(part.x + x - all.x, part.y + y - all.y)) << x << ' ' << y;
      }
    }
  }
}

struct Moments {
  double mean = 0;
  double variance = 0;
  double right = 0;  // correlation with the neighbour to the right
  double below = 0;
};

Moments moments_of(const Plane<float>& plane) {
  Moments result;
  const double count = static_cast<double>(plane.width()) * plane.height();
  for (int y = 0; y < plane.height(); ++y) {
    for (int x = 0; x < plane.width(); ++x) result.mean += plane.at(x, y) / count;
  }
  for (int y = 0; y < plane.height(); ++y) {
    for (int x = 0; x < plane.width(); ++x) {
      const double value = plane.at(x, y) - result.mean;
      result.variance += value * value / count;
      if (x + 1 < plane.width()) result.right += value * (plane.at(x + 1, y) - result.mean) / count;
      if (y + 1 < plane.height()) result.below += value * (plane.at(x, y + 1) - result.mean) / count;
    }
  }
  result.right /= result.variance;
  result.below /= result.variance;
  return result;
}

TEST(SimulateHash, EveryInputBitFlipsHalfOfTheOutput) {
  for (int bit = 0; bit < 32; ++bit) {
    const std::uint32_t flip = 1U << bit;
    std::array<int, 3> flipped{};
    constexpr int trials = 2000;
    for (int i = 0; i < trials; ++i) {
      const std::uint32_t seed = mix_of(static_cast<std::uint32_t>(i));
      const int x = i * 7 - 5000;
      const int y = 3000 - i * 3;
      const std::uint32_t plain = hash_of(seed, x, y);
      flipped[0] += std::popcount(plain ^ hash_of(seed ^ flip, x, y));
      flipped[1] += std::popcount(plain ^ hash_of(seed, static_cast<int>(static_cast<std::uint32_t>(x) ^ flip), y));
      flipped[2] += std::popcount(plain ^ hash_of(seed, x, static_cast<int>(static_cast<std::uint32_t>(y) ^ flip)));
    }
    for (const int count : flipped) EXPECT_NEAR(count / static_cast<double>(trials), 16, 0.5) << "bit " << bit;
  }
}

TEST(SimulateHash, ValuesStayTheSame) {
  // Published data depend on them.
  EXPECT_EQ(hash_of(0, 0, 0), 0x5b9854c2U);
  EXPECT_EQ(hash_of(1, -2, 3), 0x0745f196U);
}

TEST(SimulateHash, UniformFromZeroToBelowOne) {
  EXPECT_EQ(uniform_of(0), 0.0F);
  EXPECT_LT(uniform_of(0xffffffffU), 1.0F);
  EXPECT_GT(uniform_of(0xffffffffU), 0.999999F);
}

TEST(SimulateNoise, WindowsFitTogether) {
  for (const int period : {1, 2, 3, 7, 16, 50, 1000}) {
    SCOPED_TRACE(period);
    const Octave octave{period, 2, 99};
    expect_windows_fit([&](const Window& window, PlaneView<float> out) { fill_noise({&octave, 1}, window, out); });
  }
}

TEST(SimulateNoise, BoundedCentredAndSmooth) {
  constexpr int period = 16;
  const Octave octave{period, 3, 5};
  const Plane<float> plane = filled(
      [&](const Window& window, PlaneView<float> out) {
        fill_noise({&octave, 1}, window, out);
      },
      {-300, 100, 1600, 1600});
  const Moments moments = moments_of(plane);
  EXPECT_NEAR(moments.mean, 0, 0.05);
  EXPECT_NEAR(std::sqrt(moments.variance), 0.45 * 3, 0.05);
  // The fade's steepest slope is 15/8 of a lattice step that is at most from -3 to 3.
  const float steepest = 1.875F * 6 / period;
  for (int y = 1; y < plane.height(); ++y) {
    for (int x = 1; x < plane.width(); ++x) {
      ASSERT_LE(std::fabs(plane.at(x, y)), 3.0F);
      ASSERT_LE(std::fabs(plane.at(x, y) - plane.at(x - 1, y)), steepest);
      ASSERT_LE(std::fabs(plane.at(x, y) - plane.at(x, y - 1)), steepest);
    }
  }
}

TEST(SimulateNoise, OctavesAdd) {
  const Octave first{20, 1, 1};
  const Octave second{7, 0.5F, 2};
  const std::vector<Octave> both{first, second};
  const Window window{5, 6, 40, 30};
  Plane<float> a(40, 30);
  Plane<float> b(40, 30);
  Plane<float> sum(40, 30);
  fill_noise({&first, 1}, window, a.view());
  fill_noise({&second, 1}, window, b.view());
  fill_noise(both, window, sum.view());
  for (int y = 0; y < 30; ++y) {
    for (int x = 0; x < 40; ++x) ASSERT_FLOAT_EQ(sum.at(x, y), a.at(x, y) + b.at(x, y));
  }
}

TEST(SimulateNoise, EmptyWindowAndNoOctaves) {
  Plane<float> plane(2, 1);
  plane.at(0, 0) = plane.at(1, 0) = 7;
  fill_noise({}, {0, 0, 0, 0}, plane.view());
  EXPECT_EQ(plane.at(0, 0), 7);
  fill_noise({}, {0, 0, 2, 1}, plane.view());
  EXPECT_EQ(plane.at(1, 0), 0);
}

TEST(SimulateNoise, FractalFallsInPeriodAndAmplitude) {
  const std::vector<Octave> octaves = fractal(3, 500, 5, 2, 0.5F);
  ASSERT_EQ(octaves.size(), 5U);
  EXPECT_EQ(octaves[0].period_px, 500);
  EXPECT_EQ(octaves[1].period_px, 238);
  EXPECT_EQ(octaves[2].amplitude, 0.5F);
  for (std::size_t i = 1; i < octaves.size(); ++i) {
    EXPECT_NE(octaves[i - 1].period_px % octaves[i].period_px, 0) << i;
    EXPECT_NE(octaves[i - 1].seed, octaves[i].seed);
  }
  EXPECT_EQ(fractal(3, 9, 8, 1, 0.5F).size(), 3U);  // 9, 4, 2; then below two
}

TEST(SimulateWhiteNoise, WindowsFitTogether) {
  expect_windows_fit([](const Window& window, PlaneView<float> out) { fill_white_noise(42, window, out); });
}

TEST(SimulateWhiteNoise, MomentsOfANormalAndNoMemory) {
  const Plane<float> plane = filled(
      [](const Window& window, PlaneView<float> out) { fill_white_noise(42, window, out); }, {-500, 77, 1000, 1000});
  const Moments moments = moments_of(plane);
  EXPECT_NEAR(moments.mean, 0, 0.005);
  EXPECT_NEAR(moments.variance, 1, 0.01);
  EXPECT_NEAR(moments.right, 0, 0.005);
  EXPECT_NEAR(moments.below, 0, 0.005);
  double beyond_two = 0;
  for (int y = 0; y < 1000; ++y) {
    for (int x = 0; x < 1000; ++x) beyond_two += std::fabs(plane.at(x, y)) > 2 ? 1e-6 : 0;
  }
  EXPECT_NEAR(beyond_two, 0.0455, 0.01);
}

TEST(SimulateWhiteNoise, SeedsAreIndependent) {
  const Window window{0, 0, 500, 500};
  const Plane<float> a = filled([](const Window& w, PlaneView<float> out) { fill_white_noise(1, w, out); }, window);
  const Plane<float> b = filled([](const Window& w, PlaneView<float> out) { fill_white_noise(2, w, out); }, window);
  double product = 0;
  for (int y = 0; y < 500; ++y) {
    for (int x = 0; x < 500; ++x) product += a.at(x, y) * b.at(x, y) / 250000.0;
  }
  EXPECT_NEAR(product, 0, 0.01);
}

}  // namespace
}  // namespace pitwatch
