#pragma once
// Alerts from a file in the format of alert.schema.json: this program's, or another's that is to be compared with it.

#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/io/alerts/alerts_geojson.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

namespace pitwatch {

/// What a scorer needs of an alert.
struct AlertFeature {
  std::string id;
  std::string status;
  std::string change_class;
  Instant first_detected{};
  std::optional<Instant> confirmed_on;
  double confidence = 0;  // 0..1
  LonLatMultiPolygon shape;
};

/// Reads the alerts that fit `where`, an attribute filter in OGR's SQL; "" takes all. In the order of the file.
/// Throws DataError, starting with the path and naming the feature and the member: cannot be opened, a member missing,
/// of another type or outside its range. Throws ConfigError for a filter that OGR does not understand.
std::vector<AlertFeature> read_alerts(const std::string& path, const std::string& where = {});

/// Reads what alerts_geojson() wrote, all properties of it; of earlier versions too, which had no `superseded`. In the
/// order of the file, without history. Throws DataError, starting with the path and naming the feature and the member:
/// cannot be read, no such collection, an id twice, a member missing, of another type or none that the program knows.
std::vector<OutlinedAlert> read_alerts_geojson(const std::string& path);

}  // namespace pitwatch
