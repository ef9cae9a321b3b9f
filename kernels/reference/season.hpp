#pragma once
// Scalar oracles of kernels/season.hpp.

#include "kernels/season.hpp"

namespace pitwatch::kernels::reference {

void season_direction(const SeasonRows& models, std::size_t n, const SeasonDay& day,
                      const SeasonInformation& information, float* const* direction) noexcept;

void season_expectation(const SeasonRows& models, std::size_t features, std::size_t n, const SeasonDay& day,
                        const float* const* direction, float leverage_weight, float shift_days, float* const* value,
                        float* const* deviation) noexcept;

using SeasonTriangle = std::array<float, season_triangle>;
using SeasonTerms = std::array<float, season_terms>;

/// As factorise() and solve() of ldl-inl.h.
void factorise(SeasonTriangle& matrix, SeasonTerms& per_diagonal) noexcept;
void solve(const SeasonTriangle& factors, const SeasonTerms& per_diagonal, SeasonTerms& z) noexcept;

}  // namespace pitwatch::kernels::reference
