// Exact against the scalar oracle on every target.

#include "kernels/features.hpp"

#include "kernels/reference/features.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using Features = TargetTest;
PITWATCH_FOR_ALL_TARGETS(Features);

constexpr FeatureParameters parameters{
    .reflectance_error = 0.004F, .snow_mndwi = 0.1F, .snow_visible = 0.2F, .ground_blue_to_red = 0.8F};

/// Where the features of a row go.
struct Result {
  explicit Result(std::size_t n) : values(6, Row<float>(n)), errors(6, Row<float>(n)), blue_to_red(n), spectrum(n) {}
  FeatureRows rows() {
    FeatureRows rows{.values = {}, .errors = {}, .blue_to_red = blue_to_red.data(), .spectrum = spectrum.data()};
    for (std::size_t f = 0; f < ground_feature_count; ++f) {
      rows.values[f] = values[f].data();
      rows.errors[f] = errors[f].data();
    }
    return rows;
  }
  std::vector<Row<float>> values, errors;
  Row<float> blue_to_red;
  Row<std::uint8_t> spectrum;
};

testing::AssertionResult same_features(const Result& actual, const Result& expected) {
  for (std::size_t f = 0; f < ground_feature_count; ++f) {
    if (auto value = same(actual.values[f], expected.values[f]); !value) return value << " of values " << f;
    if (auto error = same(actual.errors[f], expected.errors[f]); !error) return error << " of errors " << f;
  }
  if (auto ratio = same(actual.blue_to_red, expected.blue_to_red); !ratio) return ratio << " of blue_to_red";
  return same(actual.spectrum, expected.spectrum) << " of spectrum";
}

/// Bands of a row; with some of them not there, by a bit each.
struct Bands {
  Bands(std::size_t n, std::mt19937& generator) {
    for (int band = 0; band < 6; ++band) rows.push_back(random_reflectance(n, generator, false));
    // Ground whose values are all at what products are cut at, or which has none.
    for (std::size_t i = 5; i < n; i += 9) {
      for (Row<float>& row : rows) row[i] = i % 2 == 0 ? 0.0001F : nan;
    }
  }
  BandRows with(unsigned missing) const {
    const auto band = [&](unsigned b) { return (missing >> b & 1U) != 0 ? nullptr : rows[b].data(); };
    return {band(0), band(1), band(2), band(3), band(4), band(5)};
  }
  std::vector<Row<float>> rows;
};

TEST_P(Features, EqualReference) {
  std::mt19937 generator(11);
  for (const std::size_t n : widths()) {
    const Bands bands(n, generator);
    for (const unsigned missing : {0U, 2U, 32U, 34U, 63U}) {
      Result actual(n);
      Result expected(n);
      feature_row(bands.with(missing), parameters, n, actual.rows());
      reference::feature_row(bands.with(missing), parameters, n, expected.rows());
      ASSERT_TRUE(same_features(actual, expected)) << n << " without bands " << missing;
    }
  }
}

TEST_P(Features, AreThoseOfTheirFormulas) {
  const auto band = [](float value) { return Row<float>(1, value); };
  const Row<float> blue = band(0.05F), green = band(0.08F), red = band(0.11F), nir = band(0.3F), swir16 = band(0.2F),
                   swir22 = band(0.1F);
  Result result(1);
  feature_row({blue.data(), green.data(), red.data(), nir.data(), swir16.data(), swir22.data()}, parameters, 1,
              result.rows());
  EXPECT_NEAR(result.values[0][0], (0.3 - 0.11) / (0.3 + 0.11), 1e-6);
  EXPECT_NEAR(result.values[1][0], (0.31 - 0.35) / (0.31 + 0.35), 1e-6);
  EXPECT_NEAR(result.values[2][0], (0.08 - 0.2) / (0.08 + 0.2), 1e-6);
  EXPECT_NEAR(result.values[3][0], std::log(0.09), 1e-5);
  EXPECT_NEAR(result.values[4][0], std::log(0.21), 1e-5);
  EXPECT_NEAR(result.values[5][0], std::log(0.11), 1e-5);
  // By small changes of one band after the other.
  EXPECT_NEAR(result.errors[0][0], 0.004 * 2 * std::hypot(0.3, 0.11) / (0.41 * 0.41), 1e-6);
  EXPECT_NEAR(result.errors[3][0], 0.004 / std::sqrt(3.0) / 0.09, 1e-6);
  EXPECT_NEAR(result.errors[5][0], 0.004 / 0.11, 1e-6);
  EXPECT_NEAR(result.blue_to_red[0], 0.05 / 0.11, 1e-6);
  EXPECT_EQ(result.spectrum[0], spectrum_measured);
}

TEST_P(Features, SpectraOfSnowBareGroundAndNothing) {
  //                                       snow   bare   cut at  none
  const auto blue = row_of<float>({0.80F, 0.10F, 0.0001F, nan});
  const auto green = row_of<float>({0.80F, 0.15F, 0.0001F, nan});
  const auto red = row_of<float>({0.79F, 0.20F, 0.0001F, nan});
  const auto nir = row_of<float>({0.75F, 0.25F, 0.0001F, nan});
  const auto swir16 = row_of<float>({0.11F, 0.35F, 0.0001F, nan});
  const auto swir22 = row_of<float>({0.09F, 0.30F, 0.0001F, nan});
  Result result(4);
  feature_row({blue.data(), green.data(), red.data(), nir.data(), swir16.data(), swir22.data()}, parameters, 4,
              result.rows());
  EXPECT_EQ(result.spectrum[0], spectrum_measured | spectrum_snow);
  EXPECT_EQ(result.spectrum[1], spectrum_measured | spectrum_bare);
  EXPECT_EQ(result.spectrum[2] & spectrum_measured, 0);
  EXPECT_EQ(result.spectrum[3], 0);
}

TEST_P(Features, PositionErrorEqualsReference) {
  std::mt19937 generator(12);
  for (const std::size_t n : widths()) {
    const Row<float> above = random_reflectance(n, generator, false);
    const Row<float> values = random_reflectance(n, generator, false);
    const Row<float> below = random_reflectance(n, generator, false);
    const Row<float> before = random_reflectance(n, generator, false);
    for (const unsigned edge : {0U, 1U, 2U, 3U}) {
      Row<float> actual = before;
      Row<float> expected = before;
      const float* top = (edge & 1U) != 0 ? nullptr : above.data();
      const float* bottom = (edge & 2U) != 0 ? nullptr : below.data();
      add_position_error_row(top, values.data(), bottom, n, 0.3F, actual.data());
      reference::add_position_error_row(top, values.data(), bottom, n, 0.3F, expected.data());
      ASSERT_TRUE(same(actual, expected)) << n << " at edge " << edge;
    }
  }
}

TEST_P(Features, WindowSumsEqualReference) {
  std::mt19937 generator(13);
  for (const std::size_t n : widths()) {
    const Row<std::uint8_t> into = random_mask(n, generator);
    const Row<std::uint8_t> out_of = random_mask(n, generator);
    Row<std::int32_t> actual(n, 300);
    Row<std::int32_t> expected(n, 300);
    for (const std::uint8_t* first : {into.data(), static_cast<const std::uint8_t*>(nullptr)}) {
      for (const std::uint8_t* last : {out_of.data(), static_cast<const std::uint8_t*>(nullptr)}) {
        move_window_row(first, last, n, actual.data());
        reference::move_window_row(first, last, n, expected.data());
        ASSERT_TRUE(same(actual, expected)) << n;
      }
    }
    for (const std::size_t radius : {std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{60}}) {
      Row<std::int32_t> sums(n);
      Row<std::int32_t> expected_sums(n);
      window_sum_row(actual.data(), n, radius, sums.data());
      reference::window_sum_row(expected.data(), n, radius, expected_sums.data());
      ASSERT_TRUE(same(sums, expected_sums)) << n << " radius " << radius;
    }
  }
}

}  // namespace
}  // namespace pitwatch::kernels::test
