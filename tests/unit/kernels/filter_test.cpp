// Exact against the oracle on every target.

#include "kernels/filter.hpp"

#include "kernels/reference/filter.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using Filter = TargetTest;
PITWATCH_FOR_ALL_TARGETS(Filter);

const std::vector<float> taps{0.31F, 0.21F, 0.11F, 0.02F, 0.005F, 0.001F, 0.0005F};

TEST_P(Filter, ConvolutionsEqualReference) {
  std::mt19937 generator(10);
  for (int radius = 0; radius < static_cast<int>(taps.size()); ++radius) {
    const auto padding = static_cast<std::size_t>(radius);
    for (const std::size_t n : widths()) {
      std::vector<Row<float>> rows;
      std::vector<const float*> pointers;
      for (int r = 0; r <= 2 * radius; ++r) rows.push_back(random_reflectance(n, generator));
      for (const auto& row : rows) pointers.push_back(row.data());
      Row<float> actual(n, 9.0F);
      Row<float> expected(n, 8.0F);
      convolve_vertical(pointers.data(), taps.data(), radius, n, actual.data());
      reference::convolve_vertical(pointers.data(), taps.data(), radius, n, expected.data());
      ASSERT_TRUE(same(actual, expected)) << radius;

      const auto padded = random_reflectance(n + 2 * padding, generator);
      convolve_horizontal(padded.data(), taps.data(), radius, n, actual.data());
      reference::convolve_horizontal(padded.data(), taps.data(), radius, n, expected.data());
      ASSERT_TRUE(same(actual, expected)) << radius;
    }
  }
}

TEST_P(Filter, VerticalMayWriteOverARow) {
  std::mt19937 generator(11);
  const auto above = random_reflectance(100, generator);
  auto row = random_reflectance(100, generator);
  const auto below = random_reflectance(100, generator);
  const float* const rows[3] = {above.data(), row.data(), below.data()};
  Row<float> expected(100);
  reference::convolve_vertical(rows, taps.data(), 1, 100, expected.data());
  convolve_vertical(rows, taps.data(), 1, 100, row.data());
  EXPECT_TRUE(same(row, expected));
}

TEST_P(Filter, AnImpulseGivesTheTaps) {
  Row<float> padded(9 + 2 * 2);
  padded[2 + 4] = 1.0F;
  Row<float> out(9);
  convolve_horizontal(padded.data(), taps.data(), 2, 9, out.data());
  EXPECT_TRUE(same(out, row_of<float>({0, 0, taps[2], taps[1], taps[0], taps[1], taps[2], 0, 0})));
}

TEST_P(Filter, GradientEqualsReference) {
  std::mt19937 generator(12);
  for (const std::size_t n : widths()) {
    const auto above = random_reflectance(n, generator);
    const auto padded = random_reflectance(n + 2, generator);
    const auto below = random_reflectance(n, generator);
    Row<float> actual(n, 9.0F);
    Row<float> expected(n, 8.0F);
    gradient_magnitude_row(above.data(), padded.data(), below.data(), n, actual.data());
    reference::gradient_magnitude_row(above.data(), padded.data(), below.data(), n, expected.data());
    ASSERT_TRUE(same(actual, expected));
  }
}

TEST_P(Filter, GradientOfAPlane) {
  const Row<float> above(4, 10.0F);
  const auto padded = row_of<float>({1, 3, 5, 7, 9, 11});
  const Row<float> below(4, 4.0F);
  Row<float> out(4);
  gradient_magnitude_row(above.data(), padded.data(), below.data(), 4, out.data());
  EXPECT_TRUE(same(out, Row<float>(4, 2.0F + 3.0F)));
}

}  // namespace
}  // namespace pitwatch::kernels::test
