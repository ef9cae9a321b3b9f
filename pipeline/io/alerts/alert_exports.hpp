#pragma once
// Alerts for other programs: spreadsheets, Google Earth. (For GIS: alerts_geojson.hpp, register.hpp.)

#include <span>
#include <string>
#include <vector>

#include "pipeline/io/alerts/alerts_geojson.hpp"

namespace pitwatch {

/// Alerts whose columns (see alert_columns.hpp) fit a filter of rows_where(), SQLite's SQL, as indices in
/// order. Throws as it does.
std::vector<std::size_t> alerts_where(std::span<const OutlinedAlert> alerts, const std::string& where);

/// CSV (RFC 4180): a header, the columns, and longitude and latitude of a point inside. A text that a spreadsheet would
/// take for a formula (=, +, -, @, a tab or a carriage return in front) gets an apostrophe before it.
std::string alerts_csv(std::span<const OutlinedAlert> alerts);

/// KML 2.2, coloured by status, with the columns as extended data and a TimeSpan from `onset_before` on, to
/// `last_detected` where the alert is closed or superseded, for the time slider of GIS programs. What XML cannot hold
/// becomes spaces or '?'. Throws IoError.
std::string alerts_kml(std::span<const OutlinedAlert> alerts);

}  // namespace pitwatch
