// Exact against the scalar oracle on every target, whatever the number of features.

#include "kernels/kept_season.hpp"

#include "kernels/reference/kept_season.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using KeptSeason = TargetTest;
PITWATCH_FOR_ALL_TARGETS(KeptSeason);

constexpr std::array<std::size_t, 3> feature_counts{1, 6, 9};

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

std::vector<Row<float>> random_rows(std::size_t count, std::size_t n, std::mt19937& generator, float low, float high) {
  std::uniform_real_distribution<float> value(low, high);
  std::vector<Row<float>> rows(count, Row<float>(n));
  for (Row<float>& row : rows) {
    for (std::size_t i = 0; i < n; ++i) row[i] = value(generator);
  }
  return rows;
}

/// Models of a row.
struct Models {
  Models(std::size_t features, std::size_t n, std::mt19937& generator)
      : coefficients(features * season_terms, Row<std::int16_t>(n)),
        observations(season_parts, Row<std::uint8_t>(n)),
        noise(features, Row<std::uint8_t>(n)) {
    for (std::size_t k = 0; k < coefficients.size(); ++k) {
      for (std::size_t i = 0; i < n; ++i)
        coefficients[k][i] =
            static_cast<std::int16_t>(k == 2 && i % 3 == 0 ? 32767 : static_cast<int>(generator() % 4000) - 2000);
      step.push_back(0.001F * static_cast<float>(k + 1));
      per_unit.push_back(1 / step.back());
    }
    for (Row<std::uint8_t>& row : observations) {
      for (std::size_t i = 0; i < n; ++i) row[i] = static_cast<std::uint8_t>(generator() % 256);
    }
    for (Row<std::uint8_t>& row : noise) {
      for (std::size_t i = 0; i < n; ++i)
        row[i] = generator() % 9 == 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(generator() % 256);
    }
    for (std::size_t i = 0; i < noises.size(); ++i) noises[i] = 0.001F * static_cast<float>(i);
  }

  ModelUnits units() const { return {step, per_unit, noises.data()}; }

  std::vector<Row<std::int16_t>> coefficients;
  std::vector<Row<std::uint8_t>> observations, noise;
  std::vector<float> step, per_unit;
  std::array<float, 256> noises{};
};

/// Rows of them; refers to them.
struct Rows {
  explicit Rows(Models& models) : coefficients(pointers(models.coefficients)), noise(const_pointers(models.noise)) {
    for (std::size_t part = 0; part < season_parts; ++part) observations[part] = models.observations[part].data();
  }
  KeptModelRows kept() const { return {coefficients, observations, noise}; }
  std::vector<std::int16_t*> coefficients;
  std::array<std::uint8_t*, season_parts> observations{};
  std::vector<const std::uint8_t*> noise;
};

TEST_P(KeptSeason, UnpackedEqualsReference) {
  std::mt19937 generator(31);
  for (const std::size_t features : feature_counts) {
    for (const std::size_t n : widths()) {
      Models models(features, n, generator);
      const auto unpacked = [&](const auto& unpack) {
        std::vector<Row<float>> coefficients(features * season_terms, Row<float>(n)), noise(features, Row<float>(n)),
            observations(season_parts, Row<float>(n));
        const auto c = pointers(coefficients), s = pointers(noise), o = pointers(observations);
        unpack(Rows(models).kept(), models.units(), n, ModelNumberRows{c.data(), s.data(), o.data()});
        coefficients.insert(coefficients.end(), noise.begin(), noise.end());
        coefficients.insert(coefficients.end(), observations.begin(), observations.end());
        return coefficients;
      };
      const auto actual = unpacked(unpack_models_row);
      const auto expected = unpacked(reference::unpack_models_row);
      for (std::size_t k = 0; k < expected.size(); ++k) ASSERT_TRUE(same(actual[k], expected[k])) << n << " row " << k;
    }
  }
}

TEST_P(KeptSeason, DeviationsEqualReference) {
  std::mt19937 generator(32);
  for (const std::size_t features : feature_counts) {
    for (const std::size_t n : widths()) {
      auto value = random_rows(features, n, generator, -6, 6);
      const auto error = random_rows(features, n, generator, 0, 0.1F);
      const auto expected_value = random_rows(features, n, generator, -3, 1);
      auto expected_deviation = random_rows(features, n, generator, 0.01F, 0.3F);
      const Row<std::uint8_t> wanted = random_mask(n, generator);
      for (std::size_t i = 0; i < n; i += 5) {
        value[i % features][i] = nan;
        if (i % 2 == 0) expected_deviation[i % features][i] = 0;
      }
      const auto v = const_pointers(value), e = const_pointers(error), x = const_pointers(expected_value),
                 d = const_pointers(expected_deviation);
      const SeenRow row{v.data(), e.data(), x.data(), d.data(), wanted.data()};
      const auto deviated = [&](const auto& deviate, Row<std::uint8_t>& known) {
        std::vector<Row<float>> residual(features, Row<float>(n)), deviation(features, Row<float>(n));
        const auto r = pointers(residual), s = pointers(deviation);
        deviate(row, features, features - 1, n, r.data(), s.data(), known.data());
        for (std::size_t f = 0; f < features; ++f) {
          for (std::size_t i = 0; i < n; ++i) {
            if (known[i] == 0) residual[f][i] = deviation[f][i] = 0;  // of no account
          }
        }
        residual.insert(residual.end(), deviation.begin(), deviation.end());
        return residual;
      };
      Row<std::uint8_t> actual_known(n, 9), expected_known(n, 8);
      const auto actual = deviated(deviate_row, actual_known);
      const auto expected = deviated(reference::deviate_row, expected_known);
      ASSERT_TRUE(same(actual_known, expected_known)) << n;
      for (std::size_t k = 0; k < expected.size(); ++k) ASSERT_TRUE(same(actual[k], expected[k])) << n << " row " << k;
    }
  }
}

TEST_P(KeptSeason, AdaptedEqualsReference) {
  std::mt19937 generator(33);
  for (const std::size_t features : feature_counts) {
    for (const std::size_t n : widths()) {
      const Models before(features, n, generator);
      auto value = random_rows(features, n, generator, -2, 2);
      for (std::size_t i = 0; i < n; i += 7) value[i % features][i] = nan;
      const auto direction = random_rows(season_terms, n, generator, -0.1F, 0.2F);
      const Row<std::uint8_t> wanted = random_mask(n, generator);
      const auto v = const_pointers(value), d = const_pointers(direction);
      const Adaptation observation{
          .terms = {1, 0.6F, 0.8F, -0.28F, 0.96F}, .weight = 0.7F, .part = 4, .first = 4'294'967'290U, .chance = 77};
      const auto adapted = [&](const auto& adapt) {
        Models models = before;
        adapt(Rows(models).kept(), models.units(), observation, AdaptedRow{v.data(), d.data(), wanted.data()}, n);
        return models;
      };
      const Models actual = adapted(adapt_row);
      const Models expected = adapted(reference::adapt_row);
      for (std::size_t k = 0; k < expected.coefficients.size(); ++k)
        ASSERT_TRUE(same(actual.coefficients[k], expected.coefficients[k])) << n << " coefficient " << k;
      for (std::size_t part = 0; part < season_parts; ++part)
        ASSERT_TRUE(same(actual.observations[part], expected.observations[part])) << n << " part " << part;
    }
  }
}

}  // namespace
}  // namespace pitwatch::kernels::test
