// Garbage that is made, one kind at a time, of a band that is none.

#include "pipeline/gate/scene_gate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/unit/gate/test_support.hpp"

namespace pitwatch {
namespace {

using test::Dn;
using test::pixels_of;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr int size_px = 256;

/// Fields of 8 pixels and noise: 1500 .. 2599.
template <class Change>
Dn ground(Change change) {
  test::Numbers numbers(11);
  return test::dn_plane(size_px, size_px, [&](int x, int y) {
    const int dn = 1500 + 100 * ((3 * (x / 8) + 5 * (y / 8)) % 10) + numbers.below(200);
    return change(x, y, dn);
  });
}

std::vector<std::string> findings(const Dn& dn, const GateLimits& limits = {}) {
  return garbage_in(pixels_of(Band::B04, dn), limits);
}

TEST(SceneGate, GroundIsNoGarbage) {
  EXPECT_THAT(findings(ground([](int, int, int dn) { return dn; })), IsEmpty());
  // Half of the granule is not covered, along a slanting edge.
  EXPECT_THAT(findings(ground([](int x, int y, int dn) { return x + y / 8 < 70 ? 0 : dn; })), IsEmpty());
}

TEST(SceneGate, Stripes) {
  const Dn rows = ground([](int, int y, int dn) { return y % 2 == 0 ? dn + 500 : dn; });
  EXPECT_THAT(findings(rows), ElementsAre(StartsWith("B04: striped rows, by 0.0")));
  const Dn columns = ground([](int x, int, int dn) { return x % 4 < 2 ? dn + 500 : dn; });
  EXPECT_THAT(findings(columns), ElementsAre(StartsWith("B04: striped columns, by 0.0")));
  GateLimits off;
  off.stripe_ratio = 1;
  EXPECT_THAT(findings(rows, off), IsEmpty());
  // Stripes that are lost in the ground's own contrast, and smooth cloud whose stripes are nothing.
  EXPECT_THAT(findings(ground([](int, int y, int dn) { return y % 2 == 0 ? dn + 30 : dn; })), IsEmpty());
  const Dn smooth = test::dn_plane(size_px, size_px, [](int x, int y) { return 8000 + x % 3 + 20 * (y % 2); });
  EXPECT_THAT(findings(smooth), IsEmpty());
}

/// Slopes and hills at 20 m, 0.2 by 0.2 of contrast, as short-wave infrared of bare mountains has it.
double hill(double x, double y) { return 2500 + 900 * std::sin(x / 5.0) + 700 * std::cos(y / 7.0 + x / 23.0); }

TEST(SceneGate, TwentyMetreBandsOnTenMetrePixels) {
  // By nearest neighbour: each pixel four times, at every phase.
  for (const int phase_x : {0, 1}) {
    for (const int phase_y : {0, 1}) {
      for (const int size : {48, 144, 256}) {
        const Dn doubled = test::dn_plane(
            size, size, [&](int x, int y) { return static_cast<int>(hill((x + phase_x) / 2, (y + phase_y) / 2)); });
        EXPECT_THAT(findings(doubled), IsEmpty()) << phase_x << phase_y << size;
      }
    }
  }
  // And with noise on top, so that no two pixels are the same.
  test::Numbers numbers(3);
  EXPECT_THAT(findings(test::dn_plane(
                  size_px, size_px,
                  [&](int x, int y) { return static_cast<int>(hill(x / 2, (y + 1) / 2)) + numbers.below(120); })),
              IsEmpty());
  // Six times, as bands of 60 m are, and by linear and by cubic interpolation.
  EXPECT_THAT(findings(test::dn_plane(size_px, size_px,
                                      [](int x, int y) { return static_cast<int>(hill(x / 6 * 3, y / 6 * 3)); })),
              IsEmpty());
  const auto between = [](double position, const auto& value, const auto& weight) {
    const double from = std::floor(position);
    double sum = 0;
    for (int k = -1; k <= 2; ++k) sum += weight(std::abs(position - from - k)) * value(from + k);
    return sum;
  };
  const auto linear = [](double t) { return std::max(0.0, 1 - t); };
  const auto cubic = [](double t) {
    return t < 1 ? (1.5 * t - 2.5) * t * t + 1 : (t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0.0);
  };
  const auto resampled = [&](const auto& weight) {
    return test::dn_plane(size_px, size_px, [&](int x, int y) {
      return static_cast<int>(between(
          y / 2.0 - 0.25,
          [&](double v) {
            return between(
                x / 2.0 - 0.25, [&](double u) { return hill(u, v); }, weight);
          },
          weight));
    });
  };
  EXPECT_THAT(findings(resampled(linear)), IsEmpty());
  EXPECT_THAT(findings(resampled(cubic)), IsEmpty());
}

TEST(SceneGate, StripesOfTwentyMetreBandsAreStripes) {
  // Lines of the sensor's own 20 m pixels, and lines that were added to the band on its 10 m grid.
  const auto striped = [](int added_20m, int added_10m) {
    return test::dn_plane(size_px, size_px, [&](int x, int y) {
      return static_cast<int>(hill(x / 2, y / 2)) + (y / 2 % 2) * added_20m + (y % 2) * added_10m;
    });
  };
  EXPECT_THAT(findings(striped(600, 0)), ElementsAre(StartsWith("B04: striped rows, by 0.0")));
  EXPECT_THAT(findings(striped(0, 600)), ElementsAre(StartsWith("B04: striped rows, by 0.0")));
  const Dn columns = test::dn_plane(size_px, size_px, [](int x, int y) {
    return static_cast<int>(hill((x + 1) / 2, y / 2)) + ((x + 1) / 2 % 2) * 600;
  });
  EXPECT_THAT(findings(columns), ElementsAre(StartsWith("B04: striped columns, by 0.0")));
}

TEST(SceneGate, FewOrShortLinesSayNothingOfStripes) {
  for (const int width : {95, 96}) {
    test::Numbers numbers(5);
    const Dn rows =
        test::dn_plane(width, size_px, [&](int, int y) { return 1500 + numbers.below(200) + (y % 2) * 600; });
    EXPECT_EQ(findings(rows).size(), width < 96 ? 0U : 1U) << width;
  }
  for (const int height : {97, 98}) {  // the first and the last have no neighbours on both sides
    test::Numbers numbers(5);
    const Dn rows =
        test::dn_plane(size_px, height, [&](int, int y) { return 1500 + numbers.below(200) + (y % 2) * 600; });
    EXPECT_EQ(findings(rows).size(), height < 98 ? 0U : 1U) << height;
  }
}

TEST(SceneGate, LostLines) {
  const Dn empty = ground([](int, int y, int dn) { return y % 20 < 2 ? 0 : dn; });
  EXPECT_THAT(findings(empty), ElementsAre(AllOf(StartsWith("B04: "), HasSubstr("% of the rows are lost"))));
  const Dn filled = ground([](int x, int, int dn) { return x % 20 == 7 ? 1234 : dn; });
  EXPECT_THAT(findings(filled), Contains(HasSubstr("% of the columns are lost")));
  EXPECT_THAT(findings(ground([](int, int y, int dn) { return y == 60 ? 0 : dn; })), IsEmpty());
}

TEST(SceneGate, OneValue) {
  const Dn same = ground([](int x, int y, int dn) { return (x * 7 + y * 13) % 10 < 6 ? 1234 : dn; });
  EXPECT_THAT(findings(same), Contains("B04: 60.0 % of the pixels are 1234"));
  // Water of reflectance 0 and less, clipped at 1; cloud, clipped at 10000.
  for (const int clipped : {1, 10000}) {
    EXPECT_THAT(findings(test::dn_plane(size_px, size_px, [&](int, int) { return clipped; })), IsEmpty()) << clipped;
  }
}

TEST(SceneGate, ConstantBlocks) {
  const Dn blocks =
      ground([](int x, int y, int dn) { return (x / 16 + y / 16) % 3 == 0 ? 1500 + x / 16 + 10 * (y / 16) : dn; });
  EXPECT_THAT(findings(blocks), ElementsAre("B04: 33.6 % of the blocks of 16 x 16 pixels are constant"));
}

TEST(SceneGate, Saturation) {
  const Dn saturated = ground([](int x, int y, int dn) { return (x + y) % 2 == 0 ? 65535 : dn; });
  EXPECT_THAT(findings(saturated), Contains("B04: 50.0 % of the pixels are saturated or above 2.0 reflectance"));
}

TEST(SceneGate, BrighterThanAnyGround) {
  const Dn bright = ground([](int, int, int dn) { return dn + 12000; });
  EXPECT_THAT(findings(bright), ElementsAre("B04: 100.0 % of the pixels are above 1.2 reflectance"));
  const Dn half = ground([](int x, int, int dn) { return x % 2 == 0 ? dn + 12000 : 9000 + dn % 700; });
  EXPECT_THAT(garbage_in(pixels_of(Band::B04, half), {.stripe_ratio = 1}), IsEmpty());
}

TEST(SceneGate, NumbersThatHaveWrappedAround) {
  // An offset taken off twice, in 16 bits.
  const Dn wrapped = ground([](int x, int, int dn) { return x % 3 == 0 ? 65000 + dn % 500 : dn; });
  EXPECT_THAT(findings(wrapped), Contains(AllOf(StartsWith("B04: 33."), HasSubstr("above 2.0 reflectance"))));
  const Dn few = ground([](int x, int y, int dn) { return x % 8 == 0 && y % 2 == 0 ? 65000 + dn % 500 : dn; });
  EXPECT_THAT(findings(few), IsEmpty());
}

TEST(SceneGate, TheFloorOfTheNumbers) {
  const Dn floor = test::dn_plane(size_px, size_px, [](int x, int) { return x % 9 == 0 ? 400 : 1; });
  EXPECT_THAT(garbage_in(pixels_of(Band::B02, floor)), Contains(HasSubstr("% of the pixels are at the floor")));
  // Clear water, in the other bands.
  EXPECT_THAT(garbage_in(pixels_of(Band::B12, floor), {.lost_line_share = 1, .stripe_ratio = 1}), IsEmpty());
}

TEST(SceneGate, FewPixelsSayNothing) {
  EXPECT_THAT(findings(test::dn_plane(19, 19, [](int, int) { return 1234; })), IsEmpty());
  EXPECT_THAT(findings(Dn(0, 0)), IsEmpty());
}

TEST(SceneGate, Misplaced) {
  EXPECT_THAT(misplaced(2, -2, 20), IsEmpty());
  EXPECT_THAT(misplaced(3, -4, 5), IsEmpty());
  EXPECT_THAT(misplaced(3, -4, 6), ElementsAre("lies 5.0 pixels elsewhere (east 3.0, south -4.0), more than 3.0"));
}

}  // namespace
}  // namespace pitwatch
