#pragma once
// One site's coverage from what a state has on record of it. Used inside this folder only.

#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "pipeline/core/date.hpp"
#include "pipeline/coverage/coverage.hpp"
#include "pipeline/record/manifest.hpp"

namespace pitwatch {

/// Site, pane and time of an acquisition to the share of the pane that it showed clear.
using ClearShares = std::map<std::tuple<std::string, std::string, Instant>, double>;

void add_shares(const Manifest& manifest, ClearShares& shares);

/// Of all manifests of a state; those that cannot be read are among coverage.skipped.
ClearShares clear_shares(const std::string& state, Coverage& coverage);

/// Reads the newest checkpoints: of the pixels too where they are asked for, with their days up to `sight_at` (nothing:
/// the newest acquisition). What cannot be read is among coverage.skipped.
SiteCoverage cover_site(const CoverageOptions& options, const SiteStanding& standing, const ClearShares& shares,
                        bool with_pixels, std::optional<Instant> sight_at, Coverage& coverage);

}  // namespace pitwatch
