#pragma once
// Which times without sight are new to the register. Used inside this folder only.

#include <span>
#include <vector>

#include "pipeline/register/register.hpp"

namespace pitwatch {

/// Rows of the update that are not as they were recorded last (`known`: the table, in its order), those that are
/// withdrawn behind them; both by site, kind, begin, satellite and orbit.
std::vector<RegisteredCoverage> new_coverage(std::span<const RegisteredCoverage> known, const CoverageUpdate& update,
                                             Instant now);

}  // namespace pitwatch
