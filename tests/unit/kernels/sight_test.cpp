// Exact against the scalar oracle on every target.

#include "kernels/sight.hpp"

#include "kernels/cell_sums.hpp"
#include "kernels/reference/sight.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using Sight = TargetTest;
PITWATCH_FOR_ALL_TARGETS(Sight);

Row<float> random_row(std::size_t n, std::mt19937& generator, float low, float high) {
  std::uniform_real_distribution<float> value(low, high);
  Row<float> row(n);
  for (std::size_t i = 0; i < n; ++i) row[i] = value(generator);
  return row;
}

constexpr SightParameters usual{.brightened_log = 0.3F,
                                .dark_log = 0.25F,
                                .screen_sigma = 3,
                                .shadow_sigma = 2,
                                .white_blue_to_red = 0.75F,
                                .soil_sigma = 2,
                                .greener_sigma = 1,
                                .bare_ndvi = 0.2F,
                                .green_ndvi = 0.45F,
                                .water_mndwi = 0.1F,
                                .level_sigma = 2.5F,
                                .brightest_water_log_swir16 = -2.207F,
                                .snow_lies = false};

TEST_P(Sight, EqualsReference) {
  std::mt19937 generator(41);
  std::array<int, 8> found{};
  for (const bool snow_lies : {false, true}) {
    SightParameters parameters = usual;
    parameters.snow_lies = snow_lies;
    for (const std::size_t n : widths()) {
      std::vector<Row<float>> value, residual, deviation;
      for (std::size_t f = 0; f < 5; ++f) {
        value.push_back(f < 2 ? random_row(n, generator, -0.4F, 0.8F) : random_row(n, generator, -3.5F, -0.5F));
        residual.push_back(random_row(n, generator, -0.7F, 0.7F));
        deviation.push_back(random_row(n, generator, 0.02F, 0.2F));
        for (std::size_t i = f; i < n; i += 13) {  // not monitored
          residual[f][i] = deviation[f][i] = 0;
          if (i % 2 == 0) value[f][i] = nan;
        }
        // As in shadow: all darker alike.
        for (std::size_t i = 0; i < n; i += 9) residual[f][i] = f < 2 ? 0.001F : -0.65F;
      }
      Row<float> blue_to_red = random_row(n, generator, 0.4F, 1.1F);
      for (std::size_t i = 3; i < n; i += 17) blue_to_red[i] = nan;
      const auto of = [&](std::size_t f) {
        return SightFeature{value[f].data(), residual[f].data(), deviation[f].data()};
      };
      const SightRow row{of(0), of(1), of(2), of(3), of(4), blue_to_red.data()};
      Row<std::uint8_t> actual(n, 9);
      Row<std::uint8_t> expected(n, 8);
      sight_row(row, parameters, n, actual.data());
      reference::sight_row(row, parameters, n, expected.data());
      ASSERT_TRUE(same(actual, expected)) << n;
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t bit = 0; bit < 8; ++bit) found[bit] += expected[i] >> bit & 1;
      }
    }
  }
  for (std::size_t bit = 0; bit < 8; ++bit) EXPECT_GT(found[bit], 20) << "bit " << bit << " was hardly tried";
}

TEST_P(Sight, WeatherEqualsReferenceWhateverTheNumberOfFeatures) {
  std::mt19937 generator(42);
  for (const std::size_t features : {std::size_t{1}, std::size_t{6}, std::size_t{9}}) {
    for (const std::size_t n : widths()) {
      const std::size_t cells = (n + kind_cell_px - 1) / kind_cell_px;
      std::vector<Row<float>> shared, residual, deviation;
      std::vector<const float*> shared_rows, value_rows;
      for (std::size_t f = 0; f < features; ++f) {
        shared.push_back(random_row(cells * kind_lanes, generator, -0.2F, 0.2F));
        residual.push_back(random_row(n, generator, -0.3F, 0.3F));
        deviation.push_back(random_row(n, generator, 0.01F, 0.2F));
        for (std::size_t i = f; i < n; i += 6) deviation[f][i] = 0;
      }
      for (std::size_t f = 0; f < features; ++f) {
        shared_rows.push_back(shared[f].data());
        value_rows.push_back(residual[f].data());
      }
      const Row<float> scatter = random_row(features * kind_lanes, generator, 1, 3);
      const Row<std::uint8_t> wanted = random_mask(n, generator);
      Row<std::uint8_t> kind(n);
      for (std::size_t i = 0; i < n; ++i)
        kind[i] = wanted[i] == 0 ? std::uint8_t{255} : static_cast<std::uint8_t>(generator() % kind_lanes);
      const WeatherRow weather{shared_rows, scatter.data(), kind.data(), wanted.data()};
      const auto taken_off = [&](const auto& take_off) {
        std::vector<Row<float>> rows = residual;
        rows.insert(rows.end(), deviation.begin(), deviation.end());
        std::vector<float*> into;
        for (Row<float>& row : rows) into.push_back(row.data());
        take_off(weather, 0.3F, n, std::span(into).first(features), std::span(into).subspan(features));
        return rows;
      };
      const auto actual = taken_off(take_off_weather_row);
      const auto expected = taken_off(reference::take_off_weather_row);
      for (std::size_t k = 0; k < expected.size(); ++k) ASSERT_TRUE(same(actual[k], expected[k])) << n << " row " << k;

      std::vector<Row<float>> less(features, Row<float>(n)), expected_less(features, Row<float>(n));
      std::vector<float*> into, expected_into;
      for (std::size_t f = 0; f < features; ++f) {
        into.push_back(less[f].data());
        expected_into.push_back(expected_less[f].data());
      }
      less_shared_row(value_rows, weather, n, into);
      reference::less_shared_row(value_rows, weather, n, expected_into);
      for (std::size_t f = 0; f < features; ++f) ASSERT_TRUE(same(less[f], expected_less[f])) << n << " of " << f;
    }
  }
}

}  // namespace
}  // namespace pitwatch::kernels::test
