#pragma once
// Scalar oracle of kernels/season_fit.hpp.

#include "kernels/season_fit.hpp"

namespace pitwatch::kernels::reference {

/// `workspace` is not used.
void season_fit(const SeasonHistory& history, const SeasonFitOptions& options, std::size_t n, std::byte* workspace,
                const SeasonFitRows& result) noexcept;

}  // namespace pitwatch::kernels::reference
