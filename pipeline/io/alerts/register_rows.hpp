#pragma once
// The register's tables, and its values as rows of them.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/alert.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"
#include "pipeline/io/vector/tables.hpp"

namespace pitwatch {

/// A review as it was written. Reviews are added, never changed and never removed.
struct RegisteredReview {
  std::string alert_id;
  Review review;
  LonLatMultiPolygon outline;                         // of the alert when it was reviewed
  std::optional<Instant> recorded_at = std::nullopt;  // unknown of former registers, and of what others wrote
  std::string os_user = {};                           // who was logged in; empty as above
};

/// What happened to an alert, as it was written; never changed either. An alert's rows of one revision are its history
/// as one state of knowledge has it; the newest revision holds.
struct RegisteredEvent {
  std::string alert_id;
  int revision = 1;
  Instant at{};  // acquisition
  AlertEventKind kind = AlertEventKind::first_detected;
  std::optional<AlertStatus> status;  // from then on; these three are unknown of former registers
  ChangeClass change_class = ChangeClass::vegetation_change;
  double area_ha = 0;
  std::optional<double> confidence;
  std::optional<Instant> recorded_at;              // time of the run that wrote it
  LonLatMultiPolygon outline;                      // then; empty where it is not known
  std::optional<double> class_probability = {};    // then; nothing of former registers
  std::optional<double> natural_probability = {};  // likewise
};

/// One run that wrote to the register.
struct RunRow {
  Instant started_at{};
  Instant ended_at{};
  std::string command;
  std::string version;
  std::string options;  // JSON, or empty
  int new_acquisitions = 0;
  int skipped = 0;
  int missing = 0;
  int alerts = 0;
  int exit_code = 0;
  std::string message;
  friend bool operator==(const RunRow&, const RunRow&) = default;
};

/// What layers said of an alert, as it was written; never changed either. Of an alert and a subject the newest rows
/// hold, which were recorded together.
struct RegisteredFact {
  std::string alert_id;
  ContextDetail detail;
  /// What the alert's own columns of the subject were, as JSON (context_json()); empty in a row of one feature, of
  /// ground that several share, or of ground of none.
  std::string columns;
  Instant worked_out{};
  Instant recorded_at{};
  friend bool operator==(const RegisteredFact&, const RegisteredFact&) = default;
};

/// What a layer was when facts were worked out of it.
struct RegisteredLayer {
  ContextLayerState layer;
  Instant recorded_at{};
  friend bool operator==(const RegisteredLayer&, const RegisteredLayer&) = default;
};

Table alerts_layout();
Table history_layout(bool with_shapes = true);
Table scenes_layout();
Table reviews_layout();
Table runs_layout();
Table facts_layout();                     // context_facts
Table layers_layout();                    // context_layers
std::array<Table, 7> register_layouts();  // in that order

TableRow row_of(const OutlinedAlert& outlined);
TableRow row_of(const RegisteredEvent& event);
TableRow row_of(const RegisteredReview& review);
TableRow row_of(const RunRow& run);
TableRow row_of(const RegisteredFact& fact);
TableRow row_of(const RegisteredLayer& layer);
std::vector<TableRow> scene_rows_of(const Alert& alert);

// Back again. Throw DataError naming the table, the row and the column: no value, or none that the program knows.

std::vector<OutlinedAlert> alerts_of(const Table& table);  // without history
std::vector<RegisteredEvent> events_of(const Table& table);
std::vector<RegisteredReview> reviews_of(const Table& table);  // sorted as sort_reviews() does
std::vector<RunRow> runs_of(const Table& table);
std::vector<RegisteredFact> facts_of(const Table& table);
std::vector<RegisteredLayer> layers_of(const Table& table);

/// Sorts by reviewed_at, then recorded_at (unknown ones first); others stay as they were.
void sort_reviews(std::vector<RegisteredReview>& reviews);

}  // namespace pitwatch
