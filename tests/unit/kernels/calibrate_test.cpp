// Exact against the oracle on every target.

#include "kernels/calibrate.hpp"

#include "kernels/reference/calibrate.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using Calibrate = TargetTest;
PITWATCH_FOR_ALL_TARGETS(Calibrate);

Row<std::uint16_t> random_dn(std::size_t n, std::mt19937& generator) {
  std::uniform_int_distribution<int> dn(0, 65535);
  std::uniform_int_distribution<int> kind(0, 7);
  Row<std::uint16_t> row(n);
  for (std::size_t i = 0; i < n; ++i) {
    const int k = kind(generator);
    row[i] = static_cast<std::uint16_t>(k == 0 ? 0 : k == 1 ? 65535 : dn(generator));
  }
  return row;
}

TEST_P(Calibrate, EqualsReference) {
  std::mt19937 generator(1);
  const DnCalibration calibrations[] = {
      {.nodata_bit = 1, .saturated_bit = 2},
      {.scale = 1.0F / 10000, .offset = -0.1F, .nodata_bit = 128, .saturated_bit = 64},
      {.nodata = -1, .saturated = -1, .nodata_bit = 1, .saturated_bit = 2},
      {.scale = 2e-5F, .offset = -0.2F, .nodata = 65535, .saturated = -1, .nodata_bit = 3, .saturated_bit = 4},
      {.nodata = 0, .saturated = 0, .nodata_bit = 1, .saturated_bit = 2},
      {.lowest = 100, .highest = 21000, .nodata_bit = 1, .saturated_bit = 2},
      {.nodata = 7, .lowest = 1, .highest = 65534, .nodata_bit = 1, .saturated_bit = 2},
      {.nodata = 65536, .saturated = -65535, .nodata_bit = 1, .saturated_bit = 2},  // no DN can equal these
  };
  for (const DnCalibration& calibration : calibrations) {
    for (const std::size_t n : widths()) {
      const auto dn = random_dn(n, generator);
      Row<float> actual(n, 9.0F);
      Row<float> expected(n, 8.0F);
      Row<std::uint8_t> actual_mask = random_mask(n, generator);
      Row<std::uint8_t> expected_mask = actual_mask;
      dn_to_reflectance(dn.data(), n, calibration, actual.data(), actual_mask.data());
      reference::dn_to_reflectance(dn.data(), n, calibration, expected.data(), expected_mask.data());
      ASSERT_TRUE(same(actual, expected));
      ASSERT_TRUE(same(actual_mask, expected_mask));
    }
  }
}

TEST_P(Calibrate, ConvertsEveryDnExactly) {
  Row<std::uint16_t> dn(65536);
  for (std::size_t i = 0; i < dn.size(); ++i) dn[i] = static_cast<std::uint16_t>(i);
  Row<float> actual(dn.size());
  Row<std::uint8_t> mask(dn.size());
  const DnCalibration identity{.scale = 1.0F, .nodata = -1, .saturated = -1};
  dn_to_reflectance(dn.data(), dn.size(), identity, actual.data(), mask.data());
  for (std::size_t i = 0; i < dn.size(); ++i) ASSERT_EQ(actual[i], static_cast<float>(i));
}

TEST_P(Calibrate, KnownValuesOfBaseline0400) {
  const auto dn = row_of<std::uint16_t>({0, 1000, 11000, 500, 65535});
  Row<float> actual(5);
  auto mask = row_of<std::uint8_t>({4, 4, 0, 0, 8});
  const DnCalibration calibration{.scale = 1e-4F, .offset = -0.1F, .nodata_bit = 1, .saturated_bit = 2};
  dn_to_reflectance(dn.data(), 5, calibration, actual.data(), mask.data());
  EXPECT_EQ(actual[0], 0.0F);
  EXPECT_NEAR(actual[1], 0.0F, 1e-7F);
  EXPECT_NEAR(actual[2], 1.0F, 1e-6F);
  EXPECT_NEAR(actual[3], -0.05F, 1e-7F);
  EXPECT_EQ(actual[4], 0.0F);
  EXPECT_TRUE(same(mask, row_of<std::uint8_t>({5, 4, 0, 0, 10})));
}

TEST_P(Calibrate, BeyondTheRangeIsNoMeasurement) {
  const auto dn = row_of<std::uint16_t>({99, 100, 101, 20999, 21000, 21001});
  Row<float> actual(6);
  auto mask = row_of<std::uint8_t>({4, 0, 0, 0, 0, 4});
  const DnCalibration calibration{
      .scale = 1e-4F, .offset = -0.1F, .lowest = 100, .highest = 21000, .nodata_bit = 1, .saturated_bit = 2};
  dn_to_reflectance(dn.data(), 6, calibration, actual.data(), mask.data());
  EXPECT_EQ(actual[0], 0.0F);
  EXPECT_NEAR(actual[1], -0.09F, 1e-6F);
  EXPECT_NEAR(actual[4], 2.0F, 1e-6F);
  EXPECT_EQ(actual[5], 0.0F);
  EXPECT_TRUE(same(mask, row_of<std::uint8_t>({5, 0, 0, 0, 0, 6})));
}

}  // namespace
}  // namespace pitwatch::kernels::test
