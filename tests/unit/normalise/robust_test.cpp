#include "pipeline/normalise/robust.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace pitwatch {
namespace {

TEST(Median, IsTheMiddleValueOrTheMeanOfTheTwo) {
  EXPECT_EQ(median({}), 0.0F);
  EXPECT_EQ(median({7}), 7.0F);
  EXPECT_EQ(median({5, 1, 3}), 3.0F);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5F);
  EXPECT_EQ(median({2, 2, 2, 9}), 2.0F);
}

TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  const std::vector<float> values{50, 10, 40, 20, 30};
  EXPECT_EQ(quantile(values, 0.0), 10.0F);
  EXPECT_EQ(quantile(values, 0.25), 20.0F);
  EXPECT_FLOAT_EQ(quantile(values, 0.1), 14.0F);
  EXPECT_FLOAT_EQ(quantile(values, 0.9), 46.0F);
  EXPECT_EQ(quantile(values, 1.0), 50.0F);
  EXPECT_EQ(quantile({}, 0.3), 0.0F);
  EXPECT_EQ(quantile({3}, 0.9), 3.0F);
}

TEST(RobustSpread, IsTheMedianAndTheScaledMedianDeviation) {
  const Spread spread = robust_spread({1, 2, 3, 4, 5});
  EXPECT_EQ(spread.centre, 3.0F);
  EXPECT_FLOAT_EQ(spread.sigma, 1.4826F);
  const Spread with_outliers = robust_spread({1, 2, 3, 4, 5, 1000, -1000});
  EXPECT_EQ(with_outliers.centre, 3.0F);
  EXPECT_FLOAT_EQ(with_outliers.sigma, 2 * 1.4826F);
  EXPECT_EQ(robust_spread({4, 4, 4, 9}).sigma, 0.0F);
  EXPECT_EQ(robust_spread({}).sigma, 0.0F);
}

TEST(RelativeGain, MatchesTheRangesAndTheMedians) {
  std::vector<float> before(101);
  std::iota(before.begin(), before.end(), 0.0F);
  std::vector<float> after;
  for (const float value : before) after.push_back((value - 3) / 4);
  LinearGain gain = relative_gain(before, after);
  EXPECT_FLOAT_EQ(gain.gain, 4.0F);
  EXPECT_FLOAT_EQ(gain.offset, 3.0F);

  // Pixels need not correspond, and not even be as many; a tenth of outliers on one side moves only the quantile there.
  std::reverse(after.begin(), after.end());
  after.push_back(after[50]);
  gain = relative_gain(before, after);
  EXPECT_NEAR(gain.gain, 4.0F, 0.05F);
  for (std::size_t i = 0; i < 5; ++i) after[i] = 1e6F;
  EXPECT_NEAR(relative_gain(before, after).gain, 4.0F, 0.05F);
}

TEST(RelativeGain, IsTheIdentityWhereARangeIsEmpty) {
  const std::vector<float> flat(50, 0.3F);
  const std::vector<float> ramp{0.1F, 0.2F, 0.3F, 0.4F};
  for (const auto& [before, after] : {std::pair{flat, ramp}, {ramp, flat}, {flat, flat}, {{}, ramp}, {ramp, {}}}) {
    const LinearGain gain = relative_gain(before, after);
    EXPECT_EQ(gain.gain, 1.0F);
    EXPECT_EQ(gain.offset, 0.0F);
  }
}

}  // namespace
}  // namespace pitwatch
