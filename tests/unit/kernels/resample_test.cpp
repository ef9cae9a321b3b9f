// Exact against the oracle on every target; properties of the interpolations within stated tolerances.

#include "kernels/resample.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cmath>

#include "kernels/reference/resample.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using Resample = TargetTest;
PITWATCH_FOR_ALL_TARGETS(Resample);

constexpr std::array<float, 5> fractions{0.0F, 0.25F, 0.3F, 0.75F, 1.0F};

TEST_P(Resample, Upsample2EqualsReference) {
  std::mt19937 generator(7);
  for (const std::size_t n : widths()) {
    const auto above = random_reflectance(n, generator, false);
    const auto below = random_reflectance(n, generator, false);
    const auto mask_above = random_mask(n, generator);
    const auto mask_below = random_mask(n, generator);
    for (const float weight : fractions) {
      Row<float> actual(2 * n, 9.0F);
      Row<float> expected(2 * n, 8.0F);
      upsample2_row(above.data(), below.data(), weight, n, actual.data());
      reference::upsample2_row(above.data(), below.data(), weight, n, expected.data());
      ASSERT_TRUE(same(actual, expected)) << weight;

      Row<std::uint8_t> actual_mask(2 * n, 9);
      Row<std::uint8_t> expected_mask(2 * n, 8);
      upsample2_mask_row(mask_above.data(), mask_below.data(), weight, n, actual_mask.data());
      reference::upsample2_mask_row(mask_above.data(), mask_below.data(), weight, n, expected_mask.data());
      ASSERT_TRUE(same(actual_mask, expected_mask)) << weight;
    }
  }
}

TEST_P(Resample, Upsample2KeepsAConstantExactlyAndARampInside) {
  constexpr std::size_t n = 61;
  const Row<float> constant(n, 0.3F);
  Row<float> fine(2 * n);
  upsample2_row(constant.data(), constant.data(), 0.25F, n, fine.data());
  EXPECT_TRUE(same(fine, Row<float>(2 * n, 0.3F)));

  Row<float> ramp(n);
  for (std::size_t j = 0; j < n; ++j) ramp[j] = static_cast<float>(j);
  upsample2_row(ramp.data(), ramp.data(), 0.75F, n, fine.data());
  EXPECT_EQ(fine[0], 0.0F);
  EXPECT_EQ(fine[2 * n - 1], static_cast<float>(n - 1));
  // Pixel k of the fine grid has its centre at (k + 0.5) / 2 - 0.5 of the coarse one. Exact: all are quarters.
  for (std::size_t k = 1; k < 2 * n - 1; ++k) EXPECT_EQ(fine[k], (static_cast<float>(k) + 0.5F) / 2 - 0.5F);
}

TEST_P(Resample, TranslateBilinearEqualsReference) {
  std::mt19937 generator(8);
  for (const std::size_t n : widths()) {
    const auto row0 = random_reflectance(n + 1, generator, false);
    const auto row1 = random_reflectance(n + 1, generator, false);
    const auto mask0 = random_mask(n + 1, generator);
    const auto mask1 = random_mask(n + 1, generator);
    for (const float fx : fractions) {
      for (const float fy : fractions) {
        Row<float> actual(n, 9.0F);
        Row<float> expected(n, 8.0F);
        translate_bilinear_row(row0.data(), row1.data(), fx, fy, n, actual.data());
        reference::translate_bilinear_row(row0.data(), row1.data(), fx, fy, n, expected.data());
        ASSERT_TRUE(same(actual, expected)) << fx << " " << fy;

        Row<std::uint8_t> actual_mask(n, 9);
        Row<std::uint8_t> expected_mask(n, 8);
        translate_bilinear_mask_row(mask0.data(), mask1.data(), fx, fy, n, actual_mask.data());
        reference::translate_bilinear_mask_row(mask0.data(), mask1.data(), fx, fy, n, expected_mask.data());
        ASSERT_TRUE(same(actual_mask, expected_mask)) << fx << " " << fy;
      }
    }
  }
}

TEST_P(Resample, TranslateByWholePixelsIsACopyThatIgnoresTheOtherPixels) {
  const auto row0 = row_of<float>({0.1F, 0.2F, nan, 0.4F});
  const Row<float> row1(4, nan);
  Row<float> out(3);
  translate_bilinear_row(row0.data(), row1.data(), 0.0F, 0.0F, 3, out.data());
  EXPECT_TRUE(same(out, row_of<float>({0.1F, 0.2F, nan})));
  translate_bilinear_row(row1.data(), row0.data(), 1.0F, 1.0F, 3, out.data());
  EXPECT_TRUE(same(out, row_of<float>({0.2F, nan, 0.4F})));

  const float* const rows[4] = {row1.data(), row0.data(), row1.data(), row1.data()};
  float w[4];
  bicubic_weights(0.0F, w);
  Row<float> one(1);
  translate_bicubic_row(rows, w, w, 1, one.data());
  EXPECT_TRUE(same(one, row_of<float>({0.2F})));
}

TEST_P(Resample, TranslateBicubicEqualsReference) {
  std::mt19937 generator(9);
  for (const std::size_t n : widths()) {
    std::vector<Row<float>> rows;
    std::vector<Row<std::uint8_t>> masks;
    for (int r = 0; r < 4; ++r) {
      rows.push_back(random_reflectance(n + 3, generator, false));
      masks.push_back(random_mask(n + 3, generator));
    }
    const float* const row[4] = {rows[0].data(), rows[1].data(), rows[2].data(), rows[3].data()};
    const std::uint8_t* const mask[4] = {masks[0].data(), masks[1].data(), masks[2].data(), masks[3].data()};
    for (const float fx : fractions) {
      for (const float fy : fractions) {
        float wx[4];
        float wy[4];
        bicubic_weights(fx, wx);
        bicubic_weights(fy, wy);
        Row<float> actual(n, 9.0F);
        Row<float> expected(n, 8.0F);
        translate_bicubic_row(row, wx, wy, n, actual.data());
        reference::translate_bicubic_row(row, wx, wy, n, expected.data());
        ASSERT_TRUE(same(actual, expected)) << fx << " " << fy;

        Row<std::uint8_t> actual_mask(n, 9);
        Row<std::uint8_t> expected_mask(n, 8);
        translate_bicubic_mask_row(mask, wx, wy, n, actual_mask.data());
        reference::translate_bicubic_mask_row(mask, wx, wy, n, expected_mask.data());
        ASSERT_TRUE(same(actual_mask, expected_mask)) << fx << " " << fy;
      }
    }
  }
}

TEST_P(Resample, BicubicReproducesAQuadratic) {
  // Keys (1981): a = -1/2 reproduces polynomials up to the second degree. Tolerance: float rounding at values near 10.
  constexpr std::size_t n = 50;
  const auto surface = [](double x, double y) { return 1 + 0.1 * x - 0.2 * y + 0.002 * x * x + 0.03 * x * y; };
  std::vector<Row<float>> rows;
  for (int r = 0; r < 4; ++r) {
    rows.emplace_back(n + 3);
    for (std::size_t i = 0; i < n + 3; ++i) {
      rows.back()[i] = static_cast<float>(surface(static_cast<double>(i) - 1, r - 1));
    }
  }
  const float* const row[4] = {rows[0].data(), rows[1].data(), rows[2].data(), rows[3].data()};
  float wx[4];
  float wy[4];
  bicubic_weights(0.3F, wx);
  bicubic_weights(0.8F, wy);
  Row<float> out(n);
  translate_bicubic_row(row, wx, wy, n, out.data());
  for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(out[i], surface(static_cast<double>(i) + 0.3, 0.8), 1e-5);
}

TEST(BicubicWeights, SumToOneAndMirror) {
  for (int k = 0; k <= 64; ++k) {
    const float t = static_cast<float>(k) / 64;
    float w[4];
    float mirrored[4];
    bicubic_weights(t, w);
    bicubic_weights(1 - t, mirrored);
    EXPECT_NEAR(w[0] + w[1] + w[2] + w[3], 1.0F, 2e-7F);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(w[i], mirrored[3 - i]);  // exact: all terms are dyadic here
  }
  float w[4];
  bicubic_weights(0.5F, w);
  EXPECT_EQ(w[0], -0.0625F);
  EXPECT_EQ(w[1], 0.5625F);
}

TEST(TapsAt, InsideAtTheEdgeAndOutside) {
  const Taps inside = taps_at(3.25, 10);
  EXPECT_EQ(inside.nearest, 3);
  EXPECT_THAT(inside.at, testing::ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(inside.linear, testing::ElementsAre(0, 0.75F, 0.25F, 0));
  float w[4];
  bicubic_weights(0.25F, w);
  EXPECT_THAT(inside.cubic, testing::ElementsAreArray(w));
  // Half a pixel beyond the middles of the first and the last.
  EXPECT_EQ(taps_at(-0.5, 10).nearest, 0);
  EXPECT_THAT(taps_at(-0.5, 10).at, testing::ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(taps_at(9.4, 10).at, testing::ElementsAre(8, 9, 9, 9));
  for (const double outside : {-0.501, 9.5, 1e300, std::nan("")}) EXPECT_EQ(taps_at(outside, 10).nearest, -1);
}

}  // namespace
}  // namespace pitwatch::kernels::test
