#include "kernels/reference/kept_season.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/elementary.hpp"

namespace pitwatch::kernels::reference {
namespace {

using Terms = std::array<float, season_terms>;

float product(const Terms& a, const Terms& b) {
  float sum = a[0] * b[0];
  for (std::size_t i = 1; i < season_terms; ++i) sum += a[i] * b[i];
  return sum;
}

float weight_of(std::uint8_t kept) {
  const float root = static_cast<float>(kept) * (1 / steps_of_observations);
  return root * root;
}

}  // namespace

void unpack_models_row(const KeptModelRows& kept, const ModelUnits& units, std::size_t n,
                       const ModelNumberRows& into) noexcept {
  for (std::size_t x = 0; x < n; ++x) {
    for (std::size_t k = 0; k < kept.coefficients.size(); ++k)
      into.coefficients[k][x] = static_cast<float>(kept.coefficients[k][x]) * units.step[k];
    for (std::size_t f = 0; f < kept.noise.size(); ++f) into.noise[f][x] = units.noise[kept.noise[f][x]];
    for (std::size_t part = 0; part < season_parts; ++part)
      into.observations[part][x] = weight_of(kept.observations[part][x]);
  }
}

void deviate_row(const SeenRow& row, std::size_t features, std::size_t brightness, std::size_t n,
                 float* const* residual, float* const* deviation, std::uint8_t* known) noexcept {
  for (std::size_t x = 0; x < n; ++x) {
    bool is_known = row.wanted[x] != 0;
    for (std::size_t f = 0; f < features && row.wanted[x] != 0; ++f) {
      residual[f][x] = row.expected_deviation[f][x] > 0 ? row.value[f][x] - row.expected[f][x] : 0;
      is_known = is_known && residual[f][x] == residual[f][x];
    }
    known[x] = is_known ? 1 : 0;
    if (!is_known) continue;
    const float darker = portable_exp(std::clamp(residual[brightness][x], 0.0F, 4.0F));
    for (std::size_t f = 0; f < features; ++f) {
      const float expected = row.expected_deviation[f][x];
      const float error = darker * row.error[f][x];
      deviation[f][x] = expected > 0 ? std::sqrt(expected * expected + error * error) : 0;
    }
  }
}

void adapt_row(const KeptModelRows& models, const ModelUnits& units, const Adaptation& observation,
               const AdaptedRow& row, std::size_t n) noexcept {
  constexpr float largest = 32767;
  for (std::size_t x = 0; x < n; ++x) {
    if (row.wanted[x] == 0) continue;
    const std::uint32_t pixel = observation.first + static_cast<std::uint32_t>(x);
    Terms direction;
    for (std::size_t i = 0; i < season_terms; ++i) direction[i] = row.direction[i][x];
    const float scale = 1 / (1 / observation.weight + product(direction, observation.terms));
    for (std::size_t f = 0; f < models.noise.size(); ++f) {
      const float value = row.value[f][x];
      if (models.noise[f][x] == 0 || value != value) continue;
      Terms coefficients;
      for (std::size_t i = 0; i < season_terms; ++i) {
        const std::size_t place = f * season_terms + i;
        coefficients[i] = static_cast<float>(models.coefficients[place][x]) * units.step[place];
      }
      const float innovation = value - product(coefficients, observation.terms);
      for (std::size_t i = 0; i < season_terms; ++i) {
        const std::size_t place = f * season_terms + i;
        const float adapted = coefficients[i] + direction[i] * scale * innovation;
        const float threshold = threshold_of(pixel, observation.chance, static_cast<std::uint32_t>(place));
        const float held = std::clamp(adapted * units.per_unit[place] + (threshold - 0.5F), -largest, largest);
        models.coefficients[place][x] = static_cast<std::int16_t>(std::lrint(held));
      }
    }
    std::uint8_t& kept = models.observations[observation.part][x];
    const auto place = static_cast<std::uint32_t>(models.coefficients.size());
    const float root = std::sqrt(weight_of(kept) + observation.weight);
    const float steps = steps_of_observations * root + threshold_of(pixel, observation.chance, place);
    kept = static_cast<std::uint8_t>(std::min(steps, 255.0F));
  }
}

}  // namespace pitwatch::kernels::reference
