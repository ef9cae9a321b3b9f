// Exact against the scalar oracle on every target.

#include "kernels/cell_sums.hpp"

#include "kernels/reference/cell_sums.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using CellSums = TargetTest;
PITWATCH_FOR_ALL_TARGETS(CellSums);

std::size_t cells_of(std::size_t n) { return (n + kind_cell_px - 1) / kind_cell_px; }

Row<float> random_row(std::size_t n, std::mt19937& generator, float low, float high) {
  std::uniform_real_distribution<float> value(low, high);
  Row<float> row(n);
  for (std::size_t i = 0; i < n; ++i) row[i] = value(generator);
  return row;
}

Row<std::int32_t> random_sums(std::size_t cells, std::mt19937& generator) {
  std::uniform_int_distribution<std::int32_t> value(-2'000'000, 2'000'000);
  Row<std::int32_t> row(cells * kind_lanes);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = value(generator);
  return row;
}

TEST_P(CellSums, OfResidualsEqualReferenceWhateverTheNumberOfFeatures) {
  std::mt19937 generator(21);
  for (const std::size_t features : {std::size_t{1}, std::size_t{6}, std::size_t{9}}) {
    for (const std::size_t n : widths()) {
      std::vector<Row<float>> residual, deviation;
      std::vector<const float*> of_residual, of_deviation;
      for (std::size_t f = 0; f < features; ++f) {
        residual.push_back(random_row(n, generator, -9, 9));  // beyond what is held
        deviation.push_back(random_row(n, generator, 0, 3));
        for (std::size_t i = 0; i < n; i += 5) deviation[f][i] = f == 1 ? 0.0F : 1000.0F;
      }
      for (std::size_t f = 0; f < features; ++f) {
        of_residual.push_back(residual[f].data());
        of_deviation.push_back(deviation[f].data());
      }
      Row<std::uint8_t> kind(n), tells(n);
      for (std::size_t i = 0; i < n; ++i) {
        kind[i] = generator() % 6 == 0 ? std::uint8_t{255} : static_cast<std::uint8_t>(generator() % kind_lanes);
        tells[i] = generator() % 5 == 0 ? 0 : 1;
      }
      const Row<float> centre = random_row(features * kind_lanes, generator, -0.2F, 0.2F);
      const CellSumParameters parameters{.centre = centre.data(), .reach = 2.5F, .largest = 8, .per_unit = 16384};
      const auto sums_of = [&](const auto& add) {
        std::vector<Row<std::int32_t>> sums(features + 1, Row<std::int32_t>(cells_of(n) * kind_lanes, 17));
        std::vector<std::int32_t*> into;
        for (std::size_t f = 0; f < features; ++f) into.push_back(sums[f].data());
        add(ResidualRows{of_residual, of_deviation, kind.data(), tells.data()}, parameters, n, into,
            sums[features].data());
        return sums;
      };
      const auto actual = sums_of(add_to_kind_cells);
      const auto expected = sums_of(reference::add_to_kind_cells);
      for (std::size_t f = 0; f <= features; ++f) ASSERT_TRUE(same(actual[f], expected[f])) << n << " of feature " << f;
    }
  }
}

TEST_P(CellSums, AddUpWhatIsHeldToReachAndPerKind) {
  const auto residual = row_of<float>({0.1F, 0.3F, 5.0F, -5.0F, 0.25F});
  const Row<float> deviation(5, 0.1F);
  const auto kind = row_of<std::uint8_t>({2, 2, 2, 3, 2});
  const auto tells = row_of<std::uint8_t>({1, 1, 1, 1, 0});
  Row<float> centre(kind_lanes, 0.1F);
  Row<std::int32_t> sums(2 * kind_lanes);
  Row<std::int32_t> counts(2 * kind_lanes);
  const float* const residuals[] = {residual.data()};
  const float* const deviations[] = {deviation.data()};
  std::int32_t* const into[] = {sums.data()};
  add_to_kind_cells({residuals, deviations, kind.data(), tells.data()},
                    {.centre = centre.data(), .reach = 2.5F, .largest = 8, .per_unit = 1000}, 5, into, counts.data());
  EXPECT_NEAR(sums[2], 0 + 200 + 250, 1);
  EXPECT_EQ(sums[3], -250);
  EXPECT_EQ(counts[2], 3);
  EXPECT_EQ(counts[3], 1);
  EXPECT_EQ(counts[kind_lanes + 2], 0) << "has no say";
}

TEST_P(CellSums, OfWindowsEqualReference) {
  std::mt19937 generator(22);
  for (const std::size_t cells : {0, 1, 2, 5, 31, 130}) {
    const Row<std::int32_t> into = random_sums(cells, generator);
    const Row<std::int32_t> out_of = random_sums(cells, generator);
    Row<std::int32_t> actual = random_sums(cells, generator);
    if (cells > 0) actual[0] = std::numeric_limits<std::int32_t>::max();  // goes round
    Row<std::int32_t> expected = actual;
    const std::int32_t* const none = nullptr;
    for (const std::int32_t* first : {into.data(), none}) {
      for (const std::int32_t* last : {out_of.data(), none}) {
        move_cell_window_row(first, last, cells, actual.data());
        reference::move_cell_window_row(first, last, cells, expected.data());
        ASSERT_TRUE(same(actual, expected)) << cells;
      }
    }
    for (const std::size_t radius : {0, 1, 7, 200}) {
      Row<std::int32_t> sums(cells * kind_lanes);
      Row<std::int32_t> expected_sums(cells * kind_lanes);
      cell_window_row(into.data(), cells, radius, sums.data());
      reference::cell_window_row(into.data(), cells, radius, expected_sums.data());
      ASSERT_TRUE(same(sums, expected_sums)) << cells << " radius " << radius;
    }
    Row<std::int64_t> totals(kind_lanes, std::int64_t{5'000'000'000});
    Row<std::int64_t> expected_totals = totals;
    add_cells(into.data(), cells, totals.data());
    reference::add_cells(into.data(), cells, expected_totals.data());
    ASSERT_TRUE(same(totals, expected_totals)) << cells;
  }
}

TEST_P(CellSums, SharedMeansEqualReference) {
  std::mt19937 generator(23);
  for (const std::size_t cells : {1, 2, 37}) {
    for (const float prior : {60.0F, 0.0F}) {
      const Row<std::int32_t> sums = random_sums(cells, generator);
      Row<std::int32_t> counts(cells * kind_lanes);
      for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = static_cast<std::int32_t>(generator() % 50);
      const Row<float> centre = random_row(kind_lanes, generator, -0.2F, 0.2F);
      const Row<float> typical = random_row(kind_lanes, generator, -900, 900);
      const Row<float> trust = random_row(kind_lanes, generator, 0, 1);
      const KindMeans means{centre.data(), typical.data(), trust.data(), prior, 1.0F / 16384};
      Row<float> actual(cells * kind_lanes);
      Row<float> expected(cells * kind_lanes);
      shared_mean_row(sums.data(), counts.data(), means, cells, actual.data());
      reference::shared_mean_row(sums.data(), counts.data(), means, cells, expected.data());
      ASSERT_TRUE(same(actual, expected)) << cells;
      for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_TRUE(std::isfinite(expected[i])) << "prior " << prior;
    }
  }
}

TEST_P(CellSums, RankedEqualsReference) {
  std::mt19937 generator(24);
  for (const std::size_t n : widths()) {
    if (n == 0) continue;
    Row<float> values = random_row(n, generator, -1, 1);
    for (std::size_t i = 0; i + 3 < n; i += 4) values[i] = values[i + 3];  // some twice
    if (n > 5) {
      values[1] = infinity;
      values[4] = -infinity;
    }
    for (const std::size_t rank : {std::size_t{0}, n / 3, n / 2, n - 1}) {
      const float actual = ranked(values.data(), n, rank);
      ASSERT_EQ(std::bit_cast<std::uint32_t>(actual),
                std::bit_cast<std::uint32_t>(reference::ranked(values.data(), n, rank)))
          << rank << " of " << n;
    }
  }
}

}  // namespace
}  // namespace pitwatch::kernels::test
