// Exact against the scalar oracle on every target, whatever the number of features.

#include "kernels/shift.hpp"

#include "kernels/reference/shift.hpp"
#include "kernels/sight.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using Shift = TargetTest;
PITWATCH_FOR_ALL_TARGETS(Shift);

constexpr std::array<std::size_t, 3> feature_counts{1, 6, 9};
constexpr std::size_t window = 6;

Row<float> random_row(std::size_t n, std::mt19937& generator, float low, float high) {
  std::uniform_real_distribution<float> value(low, high);
  Row<float> row(n);
  for (std::size_t i = 0; i < n; ++i) row[i] = value(generator);
  return row;
}

std::vector<Row<float>> random_rows(std::size_t count, std::size_t n, std::mt19937& generator, float low, float high) {
  std::vector<Row<float>> rows;
  for (std::size_t k = 0; k < count; ++k) rows.push_back(random_row(n, generator, low, high));
  return rows;
}

template <typename T>
std::vector<T*> pointers(std::vector<Row<T>>& rows) {
  std::vector<T*> result;
  for (Row<T>& row : rows) result.push_back(row.data());
  return result;
}
template <typename T>
std::vector<const T*> const_pointers(const std::vector<Row<T>>& rows) {
  std::vector<const T*> result;
  for (const Row<T>& row : rows) result.push_back(row.data());
  return result;
}

/// 0 where a pixel is not wanted: what is there is of no account.
template <typename T>
void clear_unwanted(const Row<std::uint8_t>& wanted, Row<T>& row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (wanted[i] == 0) row[i] = 0;
  }
}

/// The last observations of a row: the longer ago, the fewer pixels have one.
struct Recent {
  Recent(std::size_t features, std::size_t n, std::mt19937& generator)
      : residuals(window * features, Row<std::int8_t>(n)), numbers(window, Row<std::int16_t>(n)) {
    for (Row<std::int8_t>& row : residuals) {
      for (std::size_t i = 0; i < n; ++i) row[i] = static_cast<std::int8_t>(static_cast<int>(generator() % 41) - 20);
    }
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t count = generator() % (window + 1);
      for (std::size_t k = 0; k < window; ++k) numbers[k][i] = static_cast<std::int16_t>(k < count ? 300 - 7 * k : -1);
    }
  }
  std::vector<Row<std::int8_t>> residuals;
  std::vector<Row<std::int16_t>> numbers;
};

TEST_P(Shift, WhitenedEqualsReference) {
  std::mt19937 generator(51);
  for (const std::size_t features : feature_counts) {
    const Row<float> whitening = random_row(features * features, generator, -1, 2);
    for (const std::size_t n : widths()) {
      const auto residual = random_rows(features, n, generator, -0.3F, 0.3F);
      auto deviation = random_rows(features, n, generator, 0.01F, 0.2F);
      for (std::size_t i = 0; i < n; i += 6) deviation[i % features][i] = 0;
      const Row<std::uint8_t> sight = random_mask(n, generator);
      const Row<std::uint8_t> wanted = random_mask(n, generator);
      const auto r = const_pointers(residual), d = const_pointers(deviation);
      const auto whitened = [&](const auto& whiten) {
        std::vector<Row<float>> rows(features + 1, Row<float>(n));
        auto into = pointers(rows);
        whiten(StandardRow{r, d, sight.data(), wanted.data()}, whitening.data(), 0.4F, n,
               std::span(into).first(features), into[features]);
        for (Row<float>& row : rows) clear_unwanted(wanted, row);
        return rows;
      };
      const auto actual = whitened(whiten_row);
      const auto expected = whitened(reference::whiten_row);
      for (std::size_t k = 0; k < expected.size(); ++k) ASSERT_TRUE(same(actual[k], expected[k])) << n << " row " << k;
    }
  }
}

TEST_P(Shift, RememberedEqualsReference) {
  std::mt19937 generator(52);
  for (const std::size_t features : feature_counts) {
    for (const std::size_t n : widths()) {
      auto whitened = random_rows(features, n, generator, -4, 4);
      for (std::size_t i = 0; i < n; i += 5) whitened[i % features][i] *= 100;
      const Row<std::uint8_t> sight = random_mask(n, generator);
      const Row<std::uint8_t> wanted = random_mask(n, generator);
      const Recent before(features, n, generator);
      const auto w = const_pointers(whitened);
      const auto remembered = [&](const auto& remember, Row<std::uint8_t>& clean) {
        Recent recent = before;
        const auto residuals = pointers(recent.residuals);
        const auto numbers = pointers(recent.numbers);
        remember(RememberedRow{w, sight.data(), wanted.data(), 321}, 8, 90, 30, n, RecentRows{residuals, numbers},
                 clean.data());
        return recent;
      };
      Row<std::uint8_t> actual_clean(n, 9), expected_clean(n, 8);
      const Recent actual = remembered(remember_row, actual_clean);
      const Recent expected = remembered(reference::remember_row, expected_clean);
      ASSERT_TRUE(same(actual_clean, expected_clean)) << n;
      for (std::size_t k = 0; k < expected.residuals.size(); ++k)
        ASSERT_TRUE(same(actual.residuals[k], expected.residuals[k])) << n << " residual " << k;
      for (std::size_t k = 0; k < window; ++k)
        ASSERT_TRUE(same(actual.numbers[k], expected.numbers[k])) << n << " number " << k;
    }
  }
}

TEST_P(Shift, FactorsAndLogOddsEqualReference) {
  std::mt19937 generator(53);
  const Row<float> per_square = random_row(256 * window, generator, 0.0F, 0.01F);
  const Row<float> cost = random_row(256 * window, generator, 0.5F, 9);
  const Row<float> soil_per_square = random_row(256, generator, 0.0F, 0.05F);
  const Row<float> soil_cost = random_row(256, generator, 0.5F, 9);
  for (const std::size_t most : {std::size_t{1}, std::size_t{4}, window}) {
    const ShiftFactors factors{per_square.data(), cost.data(), soil_per_square.data(), soil_cost.data(), 0.5F, most};
    for (const std::size_t features : feature_counts) {
      for (const std::size_t n : widths()) {
        Recent recent(features, n, generator);
        const auto residuals = pointers(recent.residuals);
        const auto numbers = pointers(recent.numbers);
        Row<std::uint8_t> lasting(n);
        for (std::size_t i = 0; i < n; ++i) lasting[i] = static_cast<std::uint8_t>(generator());
        const Row<std::uint8_t> sight = random_mask(n, generator);
        const Row<std::uint8_t> wanted = random_mask(n, generator);
        Row<float> actual(n), expected(n);
        Row<std::uint8_t> above(n, 9), expected_above(n, 8);
        shift_factor_row({residuals, numbers}, factors, lasting.data(), sight.data(), wanted.data(), n, actual.data(),
                         above.data());
        reference::shift_factor_row({residuals, numbers}, factors, lasting.data(), sight.data(), wanted.data(), n,
                                    expected.data(), expected_above.data());
        clear_unwanted(wanted, actual);
        clear_unwanted(wanted, expected);
        ASSERT_TRUE(same(above, expected_above)) << n;
        ASSERT_TRUE(same(actual, expected)) << n;

        for (std::size_t i = 0; i < n; i += 4) actual[i] = i % 8 == 0 ? 1000.0F : -1000.0F;  // beyond what is kept
        Row<std::uint8_t> kept(n, 50), expected_kept(n, 50);
        keep_log_odds_row(actual.data(), -4.5F, wanted.data(), n, kept.data());
        reference::keep_log_odds_row(actual.data(), -4.5F, wanted.data(), n, expected_kept.data());
        ASSERT_TRUE(same(kept, expected_kept)) << n;
      }
    }
  }
}

TEST_P(Shift, JoinedNeighboursEqualReference) {
  std::mt19937 generator(54);
  for (const std::size_t n : widths()) {
    std::vector<Row<std::uint8_t>> log_odds(3, Row<std::uint8_t>(n)), status(3, Row<std::uint8_t>(n));
    for (std::size_t row = 0; row < 3; ++row) {
      for (std::size_t i = 0; i < n; ++i) {
        log_odds[row][i] = static_cast<std::uint8_t>(generator() % 251);
        status[row][i] = generator() % 4 == 0 ? std::uint8_t{255} : static_cast<std::uint8_t>(generator() % 5);
      }
    }
    for (const unsigned edge : {0U, 1U, 2U, 3U}) {
      NeighbourRows rows;
      for (std::size_t row = 0; row < 3; ++row) {
        if ((row == 0 && (edge & 1U) != 0) || (row == 2 && (edge & 2U) != 0)) continue;
        rows.log_odds[row] = log_odds[row].data();
        rows.status[row] = status[row].data();
      }
      for (const float share : {0.5F, 0.0F}) {
        Row<float> actual(n, 3), expected(n, 4), probability(n, 3), expected_probability(n, 4);
        join_neighbours_row(rows, share, n, actual.data(), probability.data());
        reference::join_neighbours_row(rows, share, n, expected.data(), expected_probability.data());
        ASSERT_TRUE(same(actual, expected)) << n << " at edge " << edge;
        ASSERT_TRUE(same(probability, expected_probability)) << n << " at edge " << edge;
      }
    }
  }
}

}  // namespace
}  // namespace pitwatch::kernels::test
