#include "pipeline/io/alerts/alert_reader.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/vector/vector_features.hpp"

namespace pitwatch {
namespace {

template <typename T>
T required(std::optional<T> value, const char* name) {
  if (!value) throw DataError("'" + std::string(name) + "' is missing");
  return *std::move(value);
}

AlertFeature alert_of(VectorFeature& from) {
  AlertFeature alert;
  alert.id = from.id;
  alert.status = required(text_attribute(from, "status"), "status");
  alert.change_class = required(text_attribute(from, "class"), "class");
  alert.first_detected = required(instant_attribute(from, "first_detected"), "first_detected");
  alert.confirmed_on = instant_attribute(from, "confirmed_on");
  alert.confidence = required(number_attribute(from, "confidence"), "confidence");
  if (!(alert.confidence >= 0 && alert.confidence <= 1)) throw DataError("'confidence' is not within 0 to 1");
  alert.shape = std::move(from.shape);
  return alert;
}

using nlohmann::json;

const json& member(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end()) throw DataError("'" + std::string(key) + "' is missing");
  return *found;
}

std::string text_of(const json& value, const char* key) {
  if (!value.is_string()) throw DataError("'" + std::string(key) + "' is no text");
  return value.get<std::string>();
}

Cell cell_of(const json& value, const AlertColumn& column) {
  if (value.is_null()) return {};
  switch (column.type) {
    case ColumnType::json:
      return value.dump(-1, ' ', false, json::error_handler_t::replace);
    case ColumnType::text:
      return text_of(value, column.name);
    case ColumnType::instant:
      return parse_instant(text_of(value, column.name));
    case ColumnType::integer:
      if (const auto number = whole_number_in<int>(value)) return *number;
      throw DataError("'" + std::string(column.name) + "' is no whole number that can be there");
    case ColumnType::real:
      if (!value.is_number()) throw DataError("'" + std::string(column.name) + "' is no number");
      return value.get<double>();
  }
  return {};
}

Review review_of(const json& value) {
  Review review;
  review.verdict = verdict(text_of(member(value, "verdict"), "verdict"));
  review.reviewer = text_of(member(value, "reviewer"), "reviewer");
  review.reviewed_at = parse_instant(text_of(member(value, "reviewed_at"), "reviewed_at"));
  review.reason = text_of(member(value, "reason"), "reason");
  review.by_overlap = text_of(member(value, "review_by"), "review_by") == "overlap";
  return review;
}

Superseded superseded_of(const json& value) {
  Superseded superseded{superseded_why(text_of(member(value, "why"), "why")), {}};
  for (const json& id : member(value, "by")) superseded.by.push_back(text_of(id, "by"));
  return superseded;
}

LonLatRing ring_of(const json& positions) {
  LonLatRing ring;
  for (const json& position : positions) {
    if (!position.is_array() || position.size() < 2 || !position[0].is_number() || !position[1].is_number()) {
      throw DataError("'geometry' has a position that is none");
    }
    ring.push_back({position[0].get<double>(), position[1].get<double>()});
  }
  if (ring.size() < 4) throw DataError("'geometry' has a ring of fewer than four positions");
  ring.pop_back();  // the first again
  return ring;
}

LonLatPolygon polygon_of(const json& rings) {
  if (!rings.is_array() || rings.empty()) throw DataError("'geometry' has a polygon without rings");
  LonLatPolygon polygon{ring_of(rings[0]), {}};
  for (std::size_t i = 1; i < rings.size(); ++i) polygon.holes.push_back(ring_of(rings[i]));
  return polygon;
}

LonLatMultiPolygon shape_of(const json& geometry) {
  const std::string type = text_of(member(geometry, "type"), "type");
  const json& coordinates = member(geometry, "coordinates");
  if (type == "Polygon") return {polygon_of(coordinates)};
  if (type != "MultiPolygon") throw DataError("'geometry' is no polygon");
  LonLatMultiPolygon shape;
  for (const json& rings : coordinates) shape.push_back(polygon_of(rings));
  return shape;
}

/// Columns that are members of a member.
bool is_part(std::string_view column) {
  return column == "id" || column.rfind("review", 0) == 0 || column.rfind("superseded", 0) == 0;
}

void read_feature(const json& feature, OutlinedAlert& outlined) {
  const json& properties = member(feature, "properties");
  for (const AlertColumn& column : alert_columns()) {
    if (is_part(column.name)) continue;
    if (column.since_later && properties.is_object() && !properties.contains(column.name)) continue;
    try {
      column.set(outlined.alert, cell_of(member(properties, column.name), column));
    } catch (const DataError& error) {
      throw DataError("'" + std::string(column.name) + "': " + error.what());
    }
  }
  if (const json& review = member(properties, "review"); !review.is_null()) outlined.alert.review = review_of(review);
  const auto superseded = properties.find("superseded");
  if (superseded != properties.end() && !superseded->is_null()) outlined.alert.superseded = superseded_of(*superseded);
  outlined.outline = shape_of(member(feature, "geometry"));
}

}  // namespace

std::vector<OutlinedAlert> read_alerts_geojson(const std::string& path) {
  constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;
  std::vector<OutlinedAlert> alerts;
  try {
    const json collection = parse_json(read_whole_file(path, most_bytes));
    const json& features = member(collection, "features");
    if (!features.is_array()) throw DataError("'features' is no list");
    std::set<std::string> ids;
    for (const json& feature : features) {
      OutlinedAlert& outlined = alerts.emplace_back();
      outlined.alert.id = text_of(member(feature, "id"), "id");
      if (!ids.insert(outlined.alert.id).second) {
        throw DataError("several features have the id '" + outlined.alert.id + "'");
      }
      try {
        read_feature(feature, outlined);
      } catch (const DataError& error) {
        throw DataError("feature '" + outlined.alert.id + "': " + error.what());
      }
    }
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
  return alerts;
}

std::vector<AlertFeature> read_alerts(const std::string& path, const std::string& where) {
  std::vector<AlertFeature> alerts;
  for (VectorFeature& feature : read_vector_features(path, where).features) {
    try {
      alerts.push_back(alert_of(feature));
    } catch (const DataError& error) {
      throw DataError(path + ": feature '" + feature.id + "': " + error.what());
    }
  }
  return alerts;
}

}  // namespace pitwatch
