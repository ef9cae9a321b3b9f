#pragma once
// The properties of an alert as columns of a table: what the register, its exports and listings have in common.

#include <span>
#include <string>

#include "pipeline/core/alert.hpp"
#include "pipeline/io/vector/tables.hpp"

namespace pitwatch {

/// Numbers have the decimals of alerts.geojson. `set` takes what `get` gave and throws DataError for what is no value
/// of the property; columns are to be set in their order.
struct AlertColumn {
  const char* name;
  ColumnType type;
  Cell (*get)(const Alert& alert);
  void (*set)(Alert& alert, const Cell& cell);
  bool since_later = false;  // tables and files of earlier versions have it not
};

/// `id`, then the names of alerts.geojson; `change`, `scenes` and `parents` are JSON as there, and `review` is five
/// columns: review (the verdict), reviewer, reviewed_at, review_reason, review_by ("id" or "overlap"). `superseded` is
/// two: superseded_by (a JSON list) and superseded_why, both nothing where the alert is not superseded. The last ones
/// are context_columns().
std::span<const AlertColumn> alert_columns();

/// What an alert touches (AlertContext): site_share, licence_*, parcel_*, protected_* and water_*; ids and names are
/// JSON lists. All are nothing where no layer of the kind has said anything; alerts.geojson has those that are
/// something.
std::span<const AlertColumn> context_columns();

/// A cell as JSON: of type json as it stands, a number with at most four decimals; "null" for nothing.
std::string json_of_cell(const Cell& cell, ColumnType type);

/// The columns of one subject ("licence", "parcel", "protected_area", "water", "site") that are something, but for the
/// time at which they were worked out, as a JSON object.
std::string context_json(const Alert& alert, const std::string& subject);

/// Parts of alerts.geojson that are columns too.
std::string change_json(const Alert& alert);
std::string scenes_json(const Alert& alert);
std::string class_probabilities_json(const Alert& alert);  // those that do not round to 0; "null" where not known
double rounded_number(double value, int decimals);         // the number that json_number() writes
inline constexpr int area_decimals = 4;                    // of a hectare: a square metre
inline constexpr int confidence_decimals = 3;              // of other probabilities, too

/// The value of that name. Throw DataError naming the text where there is none.
AlertStatus alert_status(const std::string& text);
ChangeClass change_class(const std::string& text);
AlertEventKind alert_event_kind(const std::string& text);
SupersededWhy superseded_why(const std::string& text);
Verdict verdict(const std::string& text);

}  // namespace pitwatch
