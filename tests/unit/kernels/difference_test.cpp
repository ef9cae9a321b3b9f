// Exact against the oracle on every target.

#include "kernels/difference.hpp"

#include "kernels/reference/difference.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using Difference = TargetTest;
PITWATCH_FOR_ALL_TARGETS(Difference);

TEST_P(Difference, EqualsReference) {
  std::mt19937 generator(5);
  for (const std::size_t n : widths()) {
    const auto before = random_reflectance(n, generator);
    const auto after = random_reflectance(n, generator);
    const auto noise = random_reflectance(n, generator);
    Row<float> actual(n, 9.0F);
    Row<float> expected(n, 8.0F);
    difference(before.data(), after.data(), n, actual.data());
    reference::difference(before.data(), after.data(), n, expected.data());
    ASSERT_TRUE(same(actual, expected));

    standardised_difference(before.data(), after.data(), noise.data(), n, actual.data());
    reference::standardised_difference(before.data(), after.data(), noise.data(), n, expected.data());
    ASSERT_TRUE(same(actual, expected));

    affine(before.data(), n, 1.7F, -0.3F, actual.data());
    reference::affine(before.data(), n, 1.7F, -0.3F, expected.data());
    ASSERT_TRUE(same(actual, expected));
  }
}

TEST_P(Difference, MayWriteOverAnInput) {
  std::mt19937 generator(6);
  const auto before = random_reflectance(77, generator);
  auto after = random_reflectance(77, generator);
  Row<float> expected(77);
  reference::standardised_difference(before.data(), after.data(), before.data(), 77, expected.data());
  standardised_difference(before.data(), after.data(), before.data(), 77, after.data());
  EXPECT_TRUE(same(after, expected));
}

TEST_P(Difference, ZeroNoiseIsNan) {
  const Row<float> before(3, 0.25F);
  const auto after = row_of<float>({0.5F, 0.5F, 0.75F});
  const auto noise = row_of<float>({0.0F, -0.0F, 0.125F});
  Row<float> out(3);
  standardised_difference(before.data(), after.data(), noise.data(), 3, out.data());
  EXPECT_TRUE(same(out, row_of<float>({nan, nan, 4.0F})));
}

// x * x - round(x * x) is zero when the product is rounded first, and 2^-24 when it is fused.
TEST_P(Difference, AffineIsNotFused) {
  const float x = 1.0F + std::ldexp(1.0F, -12);
  const float product = x * x;  // rounded: loses 2^-24
  const Row<float> in(40, x);
  Row<float> out(40);
  affine(in.data(), 40, x, -product, out.data());
  EXPECT_TRUE(same(out, Row<float>(40, 0.0F)));
}

}  // namespace
}  // namespace pitwatch::kernels::test
