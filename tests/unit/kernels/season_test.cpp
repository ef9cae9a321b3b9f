// Exact against the oracles on every target.

#include "kernels/season.hpp"

#include <cmath>
#include <numbers>

#include "kernels/history.hpp"
#include "kernels/reference/history.hpp"
#include "kernels/reference/season.hpp"
#include "kernels/reference/season_fit.hpp"
#include "kernels/season_fit.hpp"
#include "tests/unit/kernels/season_rows.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using Season = TargetTest;
PITWATCH_FOR_ALL_TARGETS(Season);

TEST_P(Season, DirectionAndExpectationEqualTheReference) {
  std::mt19937 generator(3);
  for (const std::size_t n : {0U, 1U, 2U, 7U, 16U, 33U, 130U}) {
    constexpr std::size_t features = 3;
    const ModelRows models(features, n, generator);
    const SeasonDay day = season_day(77);
    const SeasonInformation information = season_information();
    Rows actual(season_terms, n);
    Rows expected(season_terms, n);
    season_direction(models.rows(), n, day, information, actual.pointers());
    reference::season_direction(models.rows(), n, day, information, expected.pointers());
    ASSERT_TRUE(actual == expected);
    for (const bool is_certain : {false, true}) {
      const float* const* const direction = is_certain ? nullptr : actual.pointers();
      Rows value(features, n);
      Rows deviation(features, n);
      Rows expected_value(features, n);
      Rows expected_deviation(features, n);
      season_expectation(models.rows(), features, n, day, direction, 0.7F, 5.0F, value.pointers(),
                         deviation.pointers());
      reference::season_expectation(models.rows(), features, n, day, direction, 0.7F, 5.0F, expected_value.pointers(),
                                    expected_deviation.pointers());
      ASSERT_TRUE(value == expected_value);
      ASSERT_TRUE(deviation == expected_deviation);
    }
  }
}

// The direction is the solution of the equations that the header states.
TEST_P(Season, DirectionSolvesItsEquations) {
  std::mt19937 generator(4);
  const ModelRows models(1, 40, generator);
  const SeasonDay day = season_day(200);
  const SeasonInformation information = season_information();
  Rows direction(season_terms, 40);
  season_direction(models.rows(), 40, day, information, direction.pointers());
  for (std::size_t x = 0; x < 40; ++x) {
    const std::size_t terms = terms_of(models.rows().harmonics[x]);
    for (std::size_t i = 0; i < season_terms; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < terms; ++j) {
        double entry = i == j ? information.ridge[i] : 0;
        for (std::size_t part = 0; part < season_parts; ++part) {
          entry += static_cast<double>(models.rows().observations[part][x]) *
                   static_cast<double>(information.products[part][in_triangle(std::max(i, j), std::min(i, j))]);
        }
        sum += entry * static_cast<double>(direction.pointers()[j][x]);
      }
      if (i < terms) {
        EXPECT_NEAR(sum, day.terms[i], 1e-3);
      } else {
        EXPECT_EQ(direction.pointers()[i][x], 0);
      }
    }
  }
}

using SeasonFit = TargetTest;
PITWATCH_FOR_ALL_TARGETS(SeasonFit);

TEST_P(SeasonFit, EqualsTheReference) {
  std::mt19937 generator(5);
  struct Case {
    std::size_t pixels, observations, features;
  };
  for (const Case& c :
       {Case{1, 40, 6}, {2, 5, 6}, {16, 60, 6}, {37, 90, 6}, {19, 300, 5}, {33, 17, 1}, {18, 40, 16}, {5, 0, 2}}) {
    const RandomHistory history(c.pixels, c.observations, c.features, generator);
    for (const bool has_typical : {false, true}) {
      SeasonFitOptions options = fit_options();
      if (has_typical) options.typical_noise.fill(0.04F);
      FittedRows actual(c.features, c.pixels);
      FittedRows expected(c.features, c.pixels);
      std::vector<std::byte> memory(season_fit_workspace(c.observations, c.features) + 64);
      void* aligned = memory.data();
      std::size_t space = memory.size();
      std::align(64, space - 64, aligned, space);
      season_fit(history.history(), options, c.pixels, static_cast<std::byte*>(aligned), actual.rows());
      reference::season_fit(history.history(), options, c.pixels, nullptr, expected.rows());
      ASSERT_TRUE(actual == expected) << c.pixels << " pixels, " << c.observations << " observations";
    }
  }
}

using History = TargetTest;
PITWATCH_FOR_ALL_TARGETS(History);

TEST_P(History, PackingAndTakingOffEqualTheReference) {
  std::mt19937 generator(6);
  for (const std::size_t n : widths()) {
    auto values = random_reflectance(n, generator);
    for (std::size_t i = 0; i < n; i += 3) values[i] = 0.00025F * (static_cast<float>(i) + 0.5F);  // halves
    const auto amounts = random_reflectance(n, generator, false);
    Row<std::int16_t> actual(n, std::int16_t{3});
    Row<std::int16_t> expected(n, std::int16_t{4});
    pack_history(values.data(), n, 4000, actual.data());
    reference::pack_history(values.data(), n, 4000, expected.data());
    ASSERT_TRUE(same(actual, expected)) << n;
    Row<float> finite(n);
    for (std::size_t i = 0; i < n; ++i) finite[i] = std::isfinite(amounts[i]) ? amounts[i] : 0.3F;
    take_off_history(finite.data(), n, 4000, actual.data());
    reference::take_off_history(finite.data(), n, 4000, expected.data());
    ASSERT_TRUE(same(actual, expected)) << n;
  }
}

TEST_P(History, PackedValuesAreHeldAndNoneStaysNone) {
  const auto values = row_of<float>({nan, 100.0F, -100.0F, 0.125F});
  Row<std::int16_t> packed(4);
  pack_history(values.data(), 4, 4000, packed.data());
  EXPECT_TRUE(same(packed, row_of<std::int16_t>({no_season_value, 32000, -32000, 500})));
  const auto amounts = row_of<float>({1.0F, 0.001F, 1.0F, 0.0005F});
  take_off_history(amounts.data(), 4, 4000, packed.data());
  EXPECT_TRUE(same(packed, row_of<std::int16_t>({no_season_value, 31996, -32000, 498})));
}

TEST_P(History, ResidualsEqualTheReference) {
  std::mt19937 generator(7);
  for (const std::size_t n : {1U, 5U, 16U, 61U}) {
    constexpr std::size_t features = 6;
    const RandomHistory random(n, 20, features, generator);
    const SeasonHistory& history = random.history();
    const ModelRows models(features, n, generator);
    Rows expected(features, n);
    Rows deviation(features, n);
    season_expectation(models.rows(), features, n, season_day(9), nullptr, 1, 5, expected.pointers(),
                       deviation.pointers());
    for (std::size_t x = 0; x < n; x += 4) deviation.pointers()[x % features][x] = 0;
    for (std::size_t l = 0; l < 20; ++l) {
      Rows actual(features, n);
      Rows wanted(features, n);
      std::vector<std::uint8_t> usable(n, 9);
      std::vector<std::uint8_t> wanted_usable(n, 8);
      history_residuals(history.values[l], n, history.counts + l * n, features, n, history.step, expected.pointers(),
                        deviation.pointers(), actual.pointers(), usable.data());
      reference::history_residuals(history.values[l], n, history.counts + l * n, features, n, history.step,
                                   expected.pointers(), deviation.pointers(), wanted.pointers(), wanted_usable.data());
      ASSERT_TRUE(actual == wanted);
      ASSERT_EQ(usable, wanted_usable);
    }
  }
}

TEST_P(History, LastingErrorsEqualTheReference) {
  std::mt19937 generator(8);
  constexpr std::size_t features = 6;
  std::array<float, features * features> whitening{};
  for (std::size_t r = 0; r < features; ++r) {
    for (std::size_t c = 0; c <= r; ++c) whitening[r * features + c] = r == c ? 1.1F : -0.2F;
  }
  for (const std::size_t n : {1U, 6U, 16U, 39U}) {
    const RandomHistory random(n, 90, features, generator);
    FittedRows fitted(features, n);
    reference::season_fit(random.history(), fit_options(), n, nullptr, fitted.rows());
    const SeasonFitRows rows = fitted.rows();
    const SeasonRows models{rows.coefficients, rows.noise, rows.observations, rows.harmonics};
    const LastingErrorOptions options{whitening.data(), 5, 54};
    Rows actual(2, n);
    Rows expected(2, n);
    lasting_errors(random.history(), models, options, n, actual.pointers()[0], actual.pointers()[1]);
    reference::lasting_errors(random.history(), models, options, n, expected.pointers()[0], expected.pointers()[1]);
    ASSERT_TRUE(actual == expected) << n;
    EXPECT_GT(actual.pointers()[1][0], 20);
  }
}

}  // namespace
}  // namespace pitwatch::kernels::test
