#pragma once
// Scoring: files in, a report out.

#include <optional>
#include <string>

#include "pipeline/accuracy/report.hpp"

namespace pitwatch {

/// What to score. Either `alerts` against `truth`, `label` or both, or `samples` with `strata`; empty where not given.
struct ScoreOptions {
  std::string alerts;
  std::string truth;
  std::string label;
  std::string samples;           // CSV with columns map, reference and, if it likes, count
  std::string strata;            // CSV with columns map, area_ha
  std::string where;             // attribute filter on the alerts, OGR's SQL
  std::optional<Instant> from;   // only events with an onset from here on
  std::optional<Instant> until;  // and up to here count, and only alerts on them or first detected then
  double min_overlap = 0.2;      // over 0, at most 1
  double min_area_ha = 0.5;      // of objects and false alerts on the label, 0 or more
  BootstrapOptions bootstrap;    // at least one draw
};

/// Throws ConfigError for options that do not go together or are out of range, DataError for unusable inputs, naming
/// the file.
AccuracyReport score(const ScoreOptions& options);

/// The report as JSON, indented, with a line break at the end: all figures, every event and every alert that hits no
/// disturbance. Figures that there are not are null. Same report, same bytes.
std::string report_json(const AccuracyReport& report);

}  // namespace pitwatch
