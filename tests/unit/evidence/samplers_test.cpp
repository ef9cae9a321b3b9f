#include "pipeline/evidence/samplers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "pipeline/core/mask.hpp"
#include "tests/unit/evidence/test_support.hpp"

namespace pitwatch {
namespace {

using test::SyntheticPair;

struct SampledRow {
  std::vector<float> reflectance;
  std::vector<std::uint8_t> mask;
};

template <class Sampler>
SampledRow sample(Sampler& sampler, int y, int n) {
  SampledRow row{std::vector<float>(static_cast<std::size_t>(n)),
                 std::vector<std::uint8_t>(static_cast<std::size_t>(n))};
  sampler.row(y, row.reflectance.data(), row.mask.data());
  return row;
}

/// One band of one date, of which DN = value(x, y).
template <class Value>
SyntheticPair band_of(int width, int height, AxisMap x, AxisMap y, Value value) {
  SyntheticPair pair(1, 1);
  pair.add(Date::after, Band::B04, width, height, x);
  pair.geometry.find(Date::after, Band::B04)->y = y;
  for (int v = 0; v < height; ++v) {
    for (int u = 0; u < width; ++u) pair.dn(Date::after, Band::B04, u, v) = static_cast<std::uint16_t>(value(u, v));
  }
  return pair;
}

constexpr auto ramp = [](int x, int y) { return 1000 + 8 * x + 80 * y; };
constexpr double dn = 1e-4;

TEST(NearestSampler, TakesWholePixelsOfAShiftedBand) {
  const SyntheticPair pair = band_of(40, 30, {2, 1}, {-3, 1}, ramp);
  NearestSampler sampler;
  sampler.begin(pair, pair.geometry, Date::after, Band::B04, 5, 20);
  const SampledRow row = sample(sampler, 10, 20);
  for (int i = 0; i < 20; ++i) {
    EXPECT_FLOAT_EQ(row.reflectance[static_cast<std::size_t>(i)], static_cast<float>(ramp(i + 7, 7) * dn));
    EXPECT_EQ(row.mask[static_cast<std::size_t>(i)], mask_clear);
  }
}

TEST(NearestSampler, RepeatsPixelsOfACoarserBand) {
  const SyntheticPair pair = band_of(20, 15, {-0.25, 0.5}, {-0.25, 0.5}, ramp);
  NearestSampler sampler;
  for (const int x0 : {0, 1, 16}) {
    sampler.begin(pair, pair.geometry, Date::after, Band::B04, x0, 24);
    for (const int y : {0, 1, 2, 29}) {
      const SampledRow row = sample(sampler, y, 24);
      for (int i = 0; i < 24; ++i) {
        const auto k = static_cast<std::size_t>(i);
        EXPECT_FLOAT_EQ(row.reflectance[k], static_cast<float>(ramp((x0 + i) / 2, y / 2) * dn)) << x0 << " " << y;
        EXPECT_EQ(row.mask[k], mask_clear);
      }
    }
  }
}

TEST(NearestSampler, FollowsASlope) {
  const AxisMap map{0.3, 1.02};
  const SyntheticPair pair = band_of(200, 200, map, map, ramp);
  NearestSampler sampler;
  sampler.begin(pair, pair.geometry, Date::after, Band::B04, 10, 150);
  const SampledRow row = sample(sampler, 100, 150);
  for (int i = 0; i < 150; ++i) {
    const double expected = ramp(static_cast<int>(std::floor(map(10 + i) + 0.5)), 102) * dn;  // 0.3 + 1.02 * 100
    EXPECT_FLOAT_EQ(row.reflectance[static_cast<std::size_t>(i)], static_cast<float>(expected)) << i;
  }
}

TEST(NearestSampler, MasksWhatIsNoMeasurementAndKeepsOtherBits) {
  SyntheticPair pair = band_of(16, 4, {0, 1}, {0, 1}, ramp);
  pair.dn(Date::after, Band::B04, 3, 1) = 0;
  pair.dn(Date::after, Band::B04, 5, 1) = 65535;
  NearestSampler sampler;
  sampler.begin(pair, pair.geometry, Date::after, Band::B04, -2, 24);
  std::vector<float> reflectance(24);
  std::vector<std::uint8_t> mask(24, mask_snow);
  sampler.row(1, reflectance.data(), mask.data());
  for (int i = 0; i < 24; ++i) {
    const int x = i - 2;
    const int expected = x < 0 || x >= 16 || x == 3 ? mask_nodata : x == 5 ? mask_saturated : 0;
    EXPECT_EQ(mask[static_cast<std::size_t>(i)], mask_snow | expected) << x;
  }
  EXPECT_EQ(reflectance[5], 0.0F);  // finite
  EXPECT_EQ(reflectance[7], 0.0F);
}

TEST(NearestSampler, RowsAndColumnsOutsideOfTheRasterAreNodata) {
  const SyntheticPair pair = band_of(16, 4, {0, 1}, {0, 1}, ramp);
  NearestSampler sampler;
  sampler.begin(pair, pair.geometry, Date::after, Band::B04, 0, 16);
  for (const int y : {-5, -1, 4, 100}) {
    EXPECT_EQ(sample(sampler, y, 16).mask, std::vector<std::uint8_t>(16, mask_nodata)) << y;
    EXPECT_EQ(sample(sampler, y, 16).reflectance, std::vector<float>(16, 0.0F)) << y;
  }
  for (const int x0 : {-16, 16, 400}) {
    sampler.begin(pair, pair.geometry, Date::after, Band::B04, x0, 16);
    EXPECT_EQ(sample(sampler, 1, 16).mask, std::vector<std::uint8_t>(16, mask_nodata)) << x0;
  }
}

TEST(NearestSampler, DigitalNumbersAreZeroOutsideOfTheRaster) {
  const SyntheticPair pair = band_of(8, 2, {-0.25, 0.5}, {-0.25, 0.5}, [](int x, int y) { return 1 + x + 10 * y; });
  NearestSampler sampler;
  sampler.begin(pair, pair.geometry, Date::after, Band::B04, -3, 24);
  std::vector<std::uint16_t> row(24);
  sampler.dn_row(3, row.data());
  for (int i = 0; i < 24; ++i) {
    const int x = i - 3;
    EXPECT_EQ(row[static_cast<std::size_t>(i)], x < 0 || x >= 16 ? 0 : 11 + x / 2) << x;
  }
  sampler.dn_row(4, row.data());
  EXPECT_EQ(row, std::vector<std::uint16_t>(24, 0));
}

TEST(CubicSampler, AShiftOfWholePixelsIsACopy) {
  const SyntheticPair pair =
      band_of(60, 40, {3, 1}, {-2, 1}, [](int x, int y) { return 1 + (x * 7919 + y * 104729) % 9999; });
  NearestSampler nearest;
  CubicSampler cubic;
  nearest.begin(pair, pair.geometry, Date::after, Band::B04, -10, 80);
  cubic.begin(pair, pair.geometry, Date::after, Band::B04, -10, 80);
  for (int y = 2; y < 42; ++y) {
    const SampledRow expected = sample(nearest, y, 80);
    const SampledRow actual = sample(cubic, y, 80);
    EXPECT_EQ(actual.reflectance, expected.reflectance) << y;
    EXPECT_EQ(actual.mask, expected.mask) << y;
  }
}

// Cubic convolution keeps ramps and quadratics (Keys 1981). Tolerance: float rounding.
TEST(CubicSampler, HalfAPixelOnARampAndOnAQuadratic) {
  const auto quadratic = [](double x, double y) { return 2000 + 12 * x + 2 * x * x + 8 * y + 4 * y * y; };
  const SyntheticPair on_ramp = band_of(40, 40, {0.5, 1}, {-0.5, 1}, ramp);
  const SyntheticPair on_quadratic = band_of(40, 40, {0.5, 1}, {-0.5, 1}, quadratic);
  CubicSampler sampler;
  sampler.begin(on_ramp, on_ramp.geometry, Date::after, Band::B04, 2, 30);
  SampledRow row = sample(sampler, 20, 30);
  for (int i = 0; i < 30; ++i) {
    EXPECT_NEAR(row.reflectance[static_cast<std::size_t>(i)], (1000 + 8 * (i + 2.5) + 80 * 19.5) * dn, 1e-6);
    EXPECT_EQ(row.mask[static_cast<std::size_t>(i)], mask_clear);
  }
  sampler.begin(on_quadratic, on_quadratic.geometry, Date::after, Band::B04, 2, 30);
  row = sample(sampler, 20, 30);
  for (int i = 0; i < 30; ++i) {
    EXPECT_NEAR(row.reflectance[static_cast<std::size_t>(i)], quadratic(i + 2.5, 19.5) * dn, 2e-6) << i;
  }
}

TEST(CubicSampler, FollowsAChangeOfScale) {
  const SyntheticPair slope = band_of(400, 60, {1.3, 1.004}, {0.4, 0.996}, ramp);
  const SyntheticPair coarse = band_of(200, 60, {-0.25, 0.5}, {-0.25, 0.5}, ramp);
  for (const SyntheticPair* pair : {&slope, &coarse}) {
    const BandPlace& place = pair->geometry.at(Date::after, Band::B04);
    CubicSampler sampler;
    sampler.begin(*pair, pair->geometry, Date::after, Band::B04, 16, 300);
    for (int y = 20; y < 25; ++y) {
      const SampledRow row = sample(sampler, y, 300);
      for (int i = 0; i < 300; ++i) {
        const double expected = (1000 + 8 * place.x(16 + i) + 80 * place.y(y)) * dn;
        EXPECT_NEAR(row.reflectance[static_cast<std::size_t>(i)], expected, 2e-6) << i;
        EXPECT_EQ(row.mask[static_cast<std::size_t>(i)], mask_clear);
      }
    }
  }
}

TEST(CubicSampler, MasksAllThatDrawsFromABadPixel) {
  SyntheticPair pair = band_of(40, 40, {0.5, 1}, {0.5, 1}, ramp);
  pair.dn(Date::after, Band::B04, 20, 20) = 0;
  pair.dn(Date::after, Band::B04, 30, 20) = 65535;
  CubicSampler sampler;
  sampler.begin(pair, pair.geometry, Date::after, Band::B04, 0, 38);
  for (int y = 15; y < 25; ++y) {
    const SampledRow row = sample(sampler, y, 38);
    for (int x = 0; x < 38; ++x) {
      // Position x + 0.5 draws from x - 1 .. x + 2.
      const bool rows_meet = y - 1 <= 20 && 20 <= y + 2;
      int expected = 0;
      if (rows_meet && x - 1 <= 20 && 20 <= x + 2) expected |= mask_nodata;
      if (rows_meet && x - 1 <= 30 && 30 <= x + 2) expected |= mask_saturated;
      EXPECT_EQ(row.mask[static_cast<std::size_t>(x)], expected) << x << " " << y;
      EXPECT_TRUE(std::isfinite(row.reflectance[static_cast<std::size_t>(x)]));
    }
  }
}

TEST(CubicSampler, OutsideOfTheRasterIsNodata) {
  for (const double scale : {1.0, 0.5, 1.01}) {
    const AxisMap map{0.3, scale};
    const SyntheticPair pair = band_of(16, 8, map, map, ramp);
    CubicSampler sampler;
    sampler.begin(pair, pair.geometry, Date::after, Band::B04, -8, 64);
    for (int y = -8; y < 24; ++y) {
      const SampledRow row = sample(sampler, y, 64);
      const bool row_inside = map(y) >= -0.5 && map(y) < 7.5;
      for (int i = 0; i < 64; ++i) {
        const bool inside = row_inside && map(i - 8) >= -0.5 && map(i - 8) < 15.5;
        EXPECT_EQ(row.mask[static_cast<std::size_t>(i)], inside ? mask_clear : mask_nodata) << i - 8 << " " << y;
      }
    }
  }
}

// Values and masks must not depend on where the columns asked for begin and end, whatever the map.
TEST(CubicSampler, APixelDoesNotDependOnItsRow) {
  for (const AxisMap x : {AxisMap{0.3, 1}, AxisMap{0.3, 1.004}, AxisMap{-0.25, 0.5}}) {
    SyntheticPair pair = band_of(300, 30, x, {0.7, 1}, [](int u, int v) { return (u * 7919 + v * 104729) % 2003; });
    CubicSampler whole, part;
    whole.begin(pair, pair.geometry, Date::after, Band::B04, -8, 300);
    part.begin(pair, pair.geometry, Date::after, Band::B04, 96, 40);
    for (int y = 5; y < 15; ++y) {
      const SampledRow of_whole = sample(whole, y, 300);
      const SampledRow of_part = sample(part, y, 40);
      for (std::size_t i = 0; i < 40; ++i) {
        EXPECT_EQ(of_part.reflectance[i], of_whole.reflectance[i + 104]);
        EXPECT_EQ(of_part.mask[i], of_whole.mask[i + 104]);
      }
    }
  }
}

}  // namespace
}  // namespace pitwatch
