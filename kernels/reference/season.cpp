#include "kernels/reference/season.hpp"

#include <cmath>

namespace pitwatch::kernels::reference {

void factorise(SeasonTriangle& matrix, SeasonTerms& per_diagonal) noexcept {
  for (std::size_t i = 0; i < season_terms; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      for (std::size_t k = 0; k < j; ++k) {
        matrix[in_triangle(i, j)] -= matrix[in_triangle(i, k)] * matrix[in_triangle(j, k)];
      }
    }
    for (std::size_t j = 0; j < i; ++j) {
      const float undivided = matrix[in_triangle(i, j)];
      matrix[in_triangle(i, j)] = undivided * per_diagonal[j];
      matrix[in_triangle(i, i)] -= matrix[in_triangle(i, j)] * undivided;
    }
    per_diagonal[i] = 1.0F / matrix[in_triangle(i, i)];
  }
}

void solve(const SeasonTriangle& factors, const SeasonTerms& per_diagonal, SeasonTerms& z) noexcept {
  for (std::size_t i = 1; i < season_terms; ++i) {
    for (std::size_t j = 0; j < i; ++j) z[i] -= factors[in_triangle(i, j)] * z[j];
  }
  for (std::size_t i = season_terms; i-- > 0;) {
    z[i] *= per_diagonal[i];
    for (std::size_t j = i + 1; j < season_terms; ++j) z[i] -= factors[in_triangle(j, i)] * z[j];
  }
}

void season_direction(const SeasonRows& models, std::size_t n, const SeasonDay& day,
                      const SeasonInformation& information, float* const* direction) noexcept {
  for (std::size_t x = 0; x < n; ++x) {
    SeasonTriangle matrix;
    SeasonTerms z;
    for (std::size_t i = 0; i < season_terms; ++i) {
      const float is_used = i < terms_of(models.harmonics[x]) ? 1.0F : 0.0F;
      z[i] = is_used * day.terms[i];
      for (std::size_t j = 0; j <= i; ++j) {
        float sum = models.observations[0][x] * information.products[0][in_triangle(i, j)];
        for (std::size_t part = 1; part < season_parts; ++part) {
          sum += models.observations[part][x] * information.products[part][in_triangle(i, j)];
        }
        if (i == j) sum += information.ridge[i];
        matrix[in_triangle(i, j)] = is_used * sum;
      }
      matrix[in_triangle(i, i)] += 1 - is_used;
    }
    SeasonTerms per_diagonal;
    factorise(matrix, per_diagonal);
    solve(matrix, per_diagonal, z);
    for (std::size_t i = 0; i < season_terms; ++i) direction[i][x] = z[i];
  }
}

namespace {

float product(const float* const* rows, std::size_t x, const SeasonTerms& terms) {
  float sum = rows[0][x] * terms[0];
  for (std::size_t i = 1; i < season_terms; ++i) sum += rows[i][x] * terms[i];
  return sum;
}

}  // namespace

void season_expectation(const SeasonRows& models, std::size_t features, std::size_t n, const SeasonDay& day,
                        const float* const* direction, float leverage_weight, float shift_days, float* const* value,
                        float* const* deviation) noexcept {
  for (std::size_t x = 0; x < n; ++x) {
    const float leverage = direction != nullptr ? product(direction, x, day.terms) : 0.0F;
    for (std::size_t f = 0; f < features; ++f) {
      const float* const* const coefficients = models.coefficients + f * season_terms;
      value[f][x] = product(coefficients, x, day.terms);
      const float drift = product(coefficients, x, day.slopes) * shift_days;
      const float noise = models.noise[f][x];
      deviation[f][x] = std::sqrt(noise * noise * (1 + leverage_weight * leverage) + drift * drift);
    }
  }
}

}  // namespace pitwatch::kernels::reference
