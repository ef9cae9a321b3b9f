#include "kernels/season.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/season.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/ldl-inl.h"
#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitwatch::kernels::HWY_NAMESPACE {

void season_direction(const SeasonRows& models, std::size_t n, const SeasonDay& day,
                      const SeasonInformation& information, float* const* direction) {
  for_each_vector<float>(n, [&](auto d, std::size_t x) HWY_ATTR {
    using V = hn::Vec<decltype(d)>;
    const auto one = hn::Set(d, 1.0F);
    const auto order = hn::ConvertTo(d, load_bytes(d, models.harmonics + x));
    V observations[season_parts];
    for (std::size_t part = 0; part < season_parts; ++part) {
      observations[part] = hn::LoadU(d, models.observations[part] + x);
    }
    V is_used[season_terms];
    for (std::size_t i = 0; i < season_terms; ++i) {
      const auto needed = hn::Set(d, static_cast<float>((i + 1) / 2));
      is_used[i] = hn::IfThenElseZero(hn::Ge(order, needed), one);
    }
    V matrix[season_triangle];
    V z[season_terms];
    for (std::size_t i = 0; i < season_terms; ++i) {
      z[i] = hn::Mul(is_used[i], hn::Set(d, day.terms[i]));
      for (std::size_t j = 0; j <= i; ++j) {
        const std::size_t at = in_triangle(i, j);
        auto sum = hn::Mul(observations[0], hn::Set(d, information.products[0][at]));
        for (std::size_t part = 1; part < season_parts; ++part) {
          sum = hn::Add(sum, hn::Mul(observations[part], hn::Set(d, information.products[part][at])));
        }
        if (i == j) sum = hn::Add(sum, hn::Set(d, information.ridge[i]));
        matrix[at] = hn::Mul(is_used[i], sum);
      }
      matrix[in_triangle(i, i)] = hn::Add(matrix[in_triangle(i, i)], hn::Sub(one, is_used[i]));
    }
    V per_diagonal[season_terms];
    factorise(d, matrix, per_diagonal);
    solve(matrix, per_diagonal, z);
    for (std::size_t i = 0; i < season_terms; ++i) hn::StoreU(z[i], d, direction[i] + x);
  });
}

void season_expectation(const SeasonRows& models, std::size_t features, std::size_t n, const SeasonDay& day,
                        const float* const* direction, float leverage_weight, float shift_days, float* const* value,
                        float* const* deviation) {
  for_each_vector<float>(n, [&](auto d, std::size_t x) HWY_ATTR {
    const auto product = [&](const float* const* rows, const std::array<float, season_terms>& terms) HWY_ATTR {
      auto sum = hn::Mul(hn::LoadU(d, rows[0] + x), hn::Set(d, terms[0]));
      for (std::size_t i = 1; i < season_terms; ++i) {
        sum = hn::Add(sum, hn::Mul(hn::LoadU(d, rows[i] + x), hn::Set(d, terms[i])));
      }
      return sum;
    };
    auto uncertain = hn::Set(d, 1.0F);
    if (direction != nullptr) {
      uncertain = hn::Add(uncertain, hn::Mul(hn::Set(d, leverage_weight), product(direction, day.terms)));
    }
    for (std::size_t f = 0; f < features; ++f) {
      const float* const* const coefficients = models.coefficients + f * season_terms;
      hn::StoreU(product(coefficients, day.terms), d, value[f] + x);
      const auto drift = hn::Mul(product(coefficients, day.slopes), hn::Set(d, shift_days));
      const auto noise = hn::LoadU(d, models.noise[f] + x);
      const auto variance = hn::Add(hn::Mul(hn::Mul(noise, noise), uncertain), hn::Mul(drift, drift));
      hn::StoreU(hn::Sqrt(variance), d, deviation[f] + x);
    }
  });
}

}  // namespace pitwatch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitwatch::kernels {

HWY_EXPORT(season_direction);
void season_direction(const SeasonRows& models, std::size_t n, const SeasonDay& day,
                      const SeasonInformation& information, float* const* direction) noexcept {
  HWY_DYNAMIC_DISPATCH(season_direction)(models, n, day, information, direction);
}

HWY_EXPORT(season_expectation);
void season_expectation(const SeasonRows& models, std::size_t features, std::size_t n, const SeasonDay& day,
                        const float* const* direction, float leverage_weight, float shift_days, float* const* value,
                        float* const* deviation) noexcept {
  HWY_DYNAMIC_DISPATCH(season_expectation)
  (models, features, n, day, direction, leverage_weight, shift_days, value, deviation);
}

}  // namespace pitwatch::kernels
#endif  // HWY_ONCE
