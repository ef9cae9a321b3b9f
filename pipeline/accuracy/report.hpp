#pragma once
// All that was scored, and how a reader gets to see it.

#include <optional>
#include <string>
#include <vector>

#include "pipeline/accuracy/area_weighted.hpp"
#include "pipeline/accuracy/label_score.hpp"
#include "pipeline/accuracy/matching.hpp"
#include "pipeline/accuracy/truth_score.hpp"

namespace pitwatch {

/// Period and area in which alerts could appear.
struct ObservedSpan {
  Instant from{};
  Instant until{};
  double area_km2 = 0;
};

struct AccuracyReport {
  // Inputs as the user named them, empty where there was none.
  std::string alerts_name;
  std::string truth_name;
  std::string label_name;
  std::string samples_name;
  std::string strata_name;
  std::string where;

  bool synthetic = false;  // the truth is made up
  std::string made_by;
  std::optional<ObservedSpan> observed;
  double min_overlap = 0;
  double min_area_ha = 0;
  BootstrapOptions bootstrap;

  // What did not count, since it began at another time: events, alerts on these alone, and alerts that were first
  // detected at another time and hit no event that counts.
  std::size_t events_aside = 0;
  std::size_t alerts_aside = 0;
  std::size_t alerts_outside = 0;

  std::vector<std::string> warnings;  // what may not be meant

  std::vector<ScoredAlert> alerts;
  std::vector<ScoredEvent> events;
  Matching matching;
  std::optional<TruthScore> truth;
  std::optional<LabelScore> label;
  std::optional<AreaWeightedAccuracy> area_weighted;
};

/// A table as text: the first column names the row.
struct ReportTable {
  std::string title;
  std::string note;  // what the figures mean; may be empty
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

/// The figures of all parts that were scored, "-" where there is none.
std::vector<ReportTable> summary_tables(const AccuracyReport& report);

/// Every event, and every alert that hits no disturbance.
ReportTable event_table(const AccuracyReport& report);
ReportTable false_alert_table(const AccuracyReport& report);

/// One line that says what was scored against what.
std::string report_headline(const AccuracyReport& report);

/// The summary tables in aligned columns, for a terminal.
std::string report_text(const AccuracyReport& report);

/// A page for the browser and the printer that needs no other file: plots (inline SVG), the summary tables, and tables
/// of all events and false alerts. Texts from outside are escaped.
std::string report_html(const AccuracyReport& report);

}  // namespace pitwatch
