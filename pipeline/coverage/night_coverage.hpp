#pragma once
// What a night adds to the register's table of what was not seen (register.md).

#include "pipeline/coverage/coverage.hpp"
#include "pipeline/record/manifest.hpp"
#include "pipeline/watch/watch.hpp"

namespace pitwatch {

/// What the register is to know of a night whose manifest is not written yet: gaps, outages, and of sites whose pixels
/// are asked for the ground that was not seen. A site whose record or checkpoints cannot be read whole is left aside.
/// Throws nothing of damaged files.
NightCoverage night_coverage(const CoverageOptions& options, const Manifest& night, const CoverageRequest& request);

}  // namespace pitwatch
