#pragma once
// The register's tables, and its values as rows of them.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

/// What of a site was not seen: days in a row without a usable acquisition, overpasses in a row that did not arrive,
/// ground that was not seen clear for some time.
enum class CoverageKind : std::uint8_t { gap, outage, blind_ground };
inline constexpr std::array<std::string_view, 3> coverage_kind_names{"gap", "outage", "blind_ground"};
inline std::string_view name(CoverageKind kind) { return coverage_kind_names[static_cast<std::size_t>(kind)]; }

/// Withdrawn: an acquisition that came late showed that it never was.
enum class CoverageStanding : std::uint8_t { ongoing, ended, withdrawn };
inline constexpr std::array<std::string_view, 3> coverage_standing_names{"ongoing", "ended", "withdrawn"};
inline std::string_view name(CoverageStanding standing) {
  return coverage_standing_names[static_cast<std::size_t>(standing)];
}

/// A time in which a site was not seen, as it was written; never changed either. Of rows of one site, kind, satellite,
/// orbit and begin the newest holds.
struct RegisteredCoverage {
  std::string site;
  CoverageKind kind = CoverageKind::gap;
  std::string satellite;  // of an outage of one satellite; empty: of all
  std::string orbit;      // likewise
  Instant begins{};
  CoverageStanding standing = CoverageStanding::ongoing;
  std::optional<Instant> ends;        // these only where it has ended
  std::optional<int> days;            // from begin to end
  std::optional<int> expected;        // overpasses in it
  std::optional<int> received;        // of these
  std::optional<int> masked;          // of these: arrived, and did not show the site
  std::optional<double> blind_share;  // of ground: of the site's pixels, 0..1
  Instant recorded_at{};
  friend bool operator==(const RegisteredCoverage&, const RegisteredCoverage&) = default;
};

Table alerts_layout();
Table history_layout(bool with_shapes = true);
Table scenes_layout();
Table reviews_layout();
Table runs_layout();
Table facts_layout();   // context_facts
Table layers_layout();  // context_layers
Table coverage_layout();
std::array<Table, 8> register_layouts();  // in that order

TableRow row_of(const OutlinedAlert& outlined);
TableRow row_of(const RegisteredEvent& event);
TableRow row_of(const RegisteredReview& review);
TableRow row_of(const RunRow& run);
TableRow row_of(const RegisteredFact& fact);
TableRow row_of(const RegisteredLayer& layer);
TableRow row_of(const RegisteredCoverage& coverage);
std::vector<TableRow> scene_rows_of(const Alert& alert);

// Back again. Throw DataError naming the table, the row and the column: no value, or none that the program knows.

std::vector<OutlinedAlert> alerts_of(const Table& table);  // without history
std::vector<RegisteredEvent> events_of(const Table& table);
std::vector<RegisteredReview> reviews_of(const Table& table);  // sorted as sort_reviews() does
std::vector<RunRow> runs_of(const Table& table);
std::vector<RegisteredFact> facts_of(const Table& table);
std::vector<RegisteredLayer> layers_of(const Table& table);
std::vector<RegisteredCoverage> coverage_rows_of(const Table& table);

/// Sorts by reviewed_at, then recorded_at (unknown ones first); others stay as they were.
void sort_reviews(std::vector<RegisteredReview>& reviews);

}  // namespace pitwatch
