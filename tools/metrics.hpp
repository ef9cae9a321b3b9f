#pragma once
// How a state and its nightly run stand, as figures for a monitoring system: `status --prometheus`, `run --metrics`.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"

namespace pitwatch::tools {

/// A run as the process knows it that has just made it, on record or not.
struct RunAttempt {
  Instant started{};
  Instant ended{};
  int exit_code = 0;
  int new_acquisitions = 0;
  std::vector<std::pair<std::string, double>> stage_seconds;
};

/// All figures as of `now`, in the text format of Prometheus (README.md lists them). Reads the state and writes
/// nothing. What cannot be read is left out, and pitwatch_state_well is then 0: never throws DataError.
std::string metrics_text(const std::string& state, Instant now, const std::optional<RunAttempt>& attempt = {});

}  // namespace pitwatch::tools
