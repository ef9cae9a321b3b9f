// Exact against the oracle on every target: the order of the additions is part of the contract.

#include "kernels/reductions.hpp"

#include "kernels/reference/reductions.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using Reductions = TargetTest;
PITWATCH_FOR_ALL_TARGETS(Reductions);

testing::AssertionResult same_double(double actual, double expected) {
  if ((std::isnan(actual) && std::isnan(expected)) ||
      std::bit_cast<std::uint64_t>(actual) == std::bit_cast<std::uint64_t>(expected)) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << actual << " instead of " << expected;
}

TEST_P(Reductions, MomentsEqualReference) {
  std::mt19937 generator(15);
  for (const bool with_infinity : {false, true}) {
    for (const std::size_t n : widths()) {
      const auto values = random_reflectance(n, generator, with_infinity);
      const auto mask = random_mask(n, generator);
      for (const std::uint8_t* m : {static_cast<const std::uint8_t*>(nullptr), mask.data()}) {
        const Moments actual = moments(values.data(), m, n);
        const Moments expected = reference::moments(values.data(), m, n);
        ASSERT_EQ(actual.count, expected.count) << n;
        ASSERT_TRUE(same_double(actual.sum, expected.sum)) << n;
        ASSERT_TRUE(same_double(actual.sum_of_squares, expected.sum_of_squares)) << n;
      }
    }
  }
}

TEST_P(Reductions, MomentsOfWholeNumbersAreExact) {
  Row<float> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
  const Moments m = moments(values.data(), nullptr, values.size());
  EXPECT_EQ(m.count, 1000U);
  EXPECT_EQ(m.sum, 500500.0);
  EXPECT_EQ(m.sum_of_squares, 333833500.0);
}

TEST_P(Reductions, NegativeZerosGiveAPositiveSum) {
  const Row<float> values(35, -0.0F);
  const Moments m = moments(values.data(), nullptr, values.size());
  EXPECT_TRUE(same_double(m.sum, 0.0));
}

TEST_P(Reductions, NothingCountsInAMaskedRow) {
  const Row<float> values(100, infinity);
  const Row<std::uint8_t> mask(100, 0x80);
  const Moments m = moments(values.data(), mask.data(), 100);
  EXPECT_EQ(m.count, 0U);
  EXPECT_EQ(m.sum, 0.0);
  EXPECT_EQ(m.sum_of_squares, 0.0);
}

TEST_P(Reductions, HistogramEqualsReference) {
  std::mt19937 generator(16);
  for (const std::size_t size : {1, 2, 7, 256, 1000}) {
    for (const std::size_t n : widths()) {
      const auto values = random_reflectance(n, generator);
      const auto mask = random_mask(n, generator);
      for (const std::uint8_t* m : {static_cast<const std::uint8_t*>(nullptr), mask.data()}) {
        Row<std::uint32_t> actual(size, 5);  // calls add up
        Row<std::uint32_t> expected(size, 5);
        histogram(values.data(), m, n, 0.0F, 0.7F, {actual.data(), size});
        reference::histogram(values.data(), m, n, 0.0F, 0.7F, {expected.data(), size});
        ASSERT_TRUE(same(actual, expected)) << size;
      }
    }
  }
}

TEST_P(Reductions, HistogramClampsToTheEndBins) {
  const auto values = row_of<float>({-infinity, -1, 0, 0.999F, 1, 3.999F, 4, 1e30F, infinity, nan});
  Row<std::uint32_t> bins(4);
  histogram(values.data(), nullptr, values.size(), 0, 4, {bins.data(), 4});
  EXPECT_TRUE(same(bins, row_of<std::uint32_t>({4, 1, 0, 4})));
}

TEST_P(Reductions, HistogramOfAnImpossibleRangeCountsNothing) {
  const Row<float> values(20, 1.0F);
  Row<std::uint32_t> bins(4);
  const float largest = std::numeric_limits<float>::max();
  const float denormal = std::numeric_limits<float>::denorm_min();
  for (const auto& [low, high] :
       {std::pair{1.0F, 1.0F}, {2.0F, 1.0F}, {nan, 1.0F}, {0.0F, nan}, {-largest, largest}, {0.0F, denormal}}) {
    histogram(values.data(), nullptr, 20, low, high, {bins.data(), 4});
  }
  histogram(values.data(), nullptr, 20, 0, 1, {});
  EXPECT_TRUE(same(bins, Row<std::uint32_t>(4)));
}

TEST(Quantile, InterpolatesInTheBin) {
  const std::vector<std::uint32_t> bins{0, 10, 0, 30, 0};  // bins of width 2 from 100 to 110
  EXPECT_DOUBLE_EQ(quantile(bins, 100, 110, 0.0), 102);
  EXPECT_DOUBLE_EQ(quantile(bins, 100, 110, 0.125), 103);
  EXPECT_DOUBLE_EQ(quantile(bins, 100, 110, 0.25), 104);
  EXPECT_DOUBLE_EQ(quantile(bins, 100, 110, 0.625), 107);
  EXPECT_DOUBLE_EQ(quantile(bins, 100, 110, 1.0), 108);
  EXPECT_DOUBLE_EQ(quantile(bins, 100, 110, 7.0), 108);
  EXPECT_DOUBLE_EQ(quantile(bins, 100, 110, -7.0), 102);
}

TEST(Quantile, IsNanWithoutCounts) {
  const std::vector<std::uint32_t> bins{0, 0};
  EXPECT_TRUE(std::isnan(quantile(bins, 0, 1, 0.5)));
  EXPECT_TRUE(std::isnan(quantile({}, 0, 1, 0.5)));
  const std::vector<std::uint32_t> one{1};
  EXPECT_TRUE(std::isnan(quantile(one, 0, 1, std::nan(""))));
}

}  // namespace
}  // namespace pitwatch::kernels::test
