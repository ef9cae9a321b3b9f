#include "pipeline/io/alerts_geojson.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/atomic_file.hpp"
#include "pipeline/io/geodesy.hpp"

// The text is put together by hand: the JSON library writes the shortest digits that give the same double, nearly
// always, and "nearly" would break the rule of 7 decimals. It does escape texts.

namespace pitwatch {
namespace {

constexpr std::size_t alerts_per_part = 1024;

constexpr int coordinate_decimals = 7;  // about a centimetre
constexpr int area_decimals = 4;        // of a hectare: a square metre
constexpr int confidence_decimals = 3;
constexpr int change_decimals = 4;

double rounded(double value) { return std::round(value * 1e7) / 1e7; }

std::string number(double value, int decimals) {
  if (!std::isfinite(value)) return "null";  // JSON has no such numbers
  std::array<char, 400> buffer{};
  const auto result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, decimals);
  std::string text(buffer.data(), result.ptr);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string json_text(std::string_view text) {
  // Texts come from outside; bytes that are not UTF-8 are replaced, not refused.
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string text_or_null(std::string_view text) { return text.empty() ? "null" : json_text(text); }

std::string instant(const std::optional<Instant>& value) { return value ? json_text(format_instant(*value)) : "null"; }

std::string list(const std::vector<std::string>& texts) {
  std::string result;
  for (const std::string& text : texts) result += (result.empty() ? "" : ", ") + json_text(text);
  return "[" + result + "]";
}

struct Box {
  double west = 180;
  double south = 90;
  double east = -180;
  double north = -90;

  void include(const LonLat& p) {
    west = std::min(west, p.lon);
    east = std::max(east, p.lon);
    south = std::min(south, p.lat);
    north = std::max(north, p.lat);
  }
  void include(const Box& other) {
    include(LonLat{other.west, other.south});
    include(LonLat{other.east, other.north});
  }
};

std::string bbox(const Box& box) {
  std::string text = "[";
  for (const double value : {box.west, box.south, box.east, box.north}) {
    text += (text.size() > 1 ? ", " : "") + number(value, coordinate_decimals);
  }
  return text + "]";
}

/// Twice the signed area in square degrees: only the sign is used.
double winding(const std::vector<LonLat>& ring) {
  double sum = 0;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const LonLat& a = ring[i];
    const LonLat& b = ring[(i + 1) % ring.size()];
    sum += (a.lon - ring[0].lon) * (b.lat - ring[0].lat) - (b.lon - ring[0].lon) * (a.lat - ring[0].lat);
  }
  return sum;
}

struct GeometryText {
  std::string text;
  Box box;
};

class GeometryWriter {
 public:
  explicit GeometryWriter(const Grid& grid) : grid_(grid), to_wgs84_(grid.crs) {}

  GeometryText write(const PixelMultiPolygon& shape) {
    if (shape.empty()) throw DataError("has no geometry");
    GeometryText result;
    for (const PixelPolygon& part : shape) {
      if (!result.text.empty()) result.text += ", ";
      result.text += "[" + ring(part.outer, true, result.box);
      for (const Ring& hole : part.holes) result.text += ", " + ring(hole, false, result.box);
      result.text += "]";
    }
    result.text = shape.size() == 1 ? R"({"type": "Polygon", "coordinates": )" + result.text + "}"
                                    : R"({"type": "MultiPolygon", "coordinates": [)" + result.text + "]}";
    return result;
  }

 private:
  std::string ring(const Ring& vertices, bool counter_clockwise, Box& box) {
    if (vertices.size() < 3) throw DataError("has a ring of fewer than three vertices");
    std::vector<LonLat> points;
    points.reserve(vertices.size());
    for (const PixelPoint& vertex : vertices) {
      const LonLat exact = to_wgs84_(grid_.to_map(vertex.x, vertex.y));
      points.push_back({rounded(exact.lon), rounded(exact.lat)});
    }
    if ((winding(points) > 0) != counter_clockwise) std::reverse(points.begin() + 1, points.end());
    points.push_back(points.front());
    std::string text;
    for (const LonLat& point : points) {
      box.include(point);
      text += (text.empty() ? "[" : ", [") + number(point.lon, coordinate_decimals) + ", " +
              number(point.lat, coordinate_decimals) + "]";
    }
    return "[" + text + "]";
  }

  const Grid& grid_;
  ToWgs84 to_wgs84_;
};

std::string properties(const Alert& alert) {
  std::string text;
  const auto add = [&](std::string_view key, const std::string& value) {
    text += (text.empty() ? "" : ", ") + json_text(key) + ": " + value;
  };
  add("site", alert.site ? json_text(*alert.site) : "null");
  add("status", json_text(name(alert.status)));
  add("review", "null");
  add("class", json_text(name(alert.change_class)));
  add("first_detected", instant(alert.first_detected));
  add("onset_after", instant(alert.onset_after));
  add("onset_before", instant(alert.onset_before));
  add("confirmed_on", instant(alert.confirmed_on));
  add("last_detected", instant(alert.last_detected));
  add("last_observed", instant(alert.last_observed));
  add("observations", std::to_string(alert.observations));
  add("confidence", number(alert.confidence, confidence_decimals));
  add("area_ha", number(alert.area_ha, area_decimals));
  add("area_uncertainty_ha", number(alert.area_uncertainty_ha, area_decimals));
  std::string change;
  for (const auto& [index, value] : alert.change) {
    change += (change.empty() ? "" : ", ") + json_text(index) + ": " + number(value, change_decimals);
  }
  add("change", "{" + change + "}");
  add("scenes", R"({"before": )" + list(alert.scenes_before) + R"(, "after": )" + list(alert.scenes_after) + "}");
  add("parents", list(alert.parents));
  add("tile", text_or_null(alert.tile));
  add("algorithm", json_text(alert.algorithm));
  return "{" + text + "}";
}

std::string feature(const Alert& alert, GeometryWriter& geometries, Box& box) {
  try {
    const GeometryText geometry = geometries.write(alert.shape);
    box.include(geometry.box);
    return R"({"type": "Feature", "id": )" + json_text(alert.id) + R"(, "bbox": )" + bbox(geometry.box) +
           R"(, "geometry": )" + geometry.text + R"(, "properties": )" + properties(alert) + "}";
  } catch (const DataError& error) {
    throw DataError("alert '" + alert.id + "': " + error.what());
  }
}

}  // namespace

std::string alerts_geojson(std::span<const Alert> alerts, const Grid& grid, const AlertCollectionInfo& info,
                           const ParallelFor& parallel_for) {
  // A piece of the collection: a transformation is costly to make, so each serves many alerts.
  struct Part {
    std::string features;
    Box box;
  };
  const std::size_t part_count = (alerts.size() + alerts_per_part - 1) / alerts_per_part;
  std::vector<Part> parts(part_count);
  parallel_for(static_cast<int>(part_count), [&](int i) {
    const std::size_t first = static_cast<std::size_t>(i) * alerts_per_part;
    const std::size_t count = std::min(alerts_per_part, alerts.size() - first);
    Part& part = parts[static_cast<std::size_t>(i)];
    GeometryWriter geometries(grid);
    for (const Alert& alert : alerts.subspan(first, count)) {
      part.features += &alert == &alerts.front() ? "\n" : ",\n";
      part.features += feature(alert, geometries, part.box);
    }
  });
  Box box;
  std::size_t length = 0;
  for (const Part& part : parts) {
    box.include(part.box);
    length += part.features.size();
  }
  std::string text = "{\n\"type\": \"FeatureCollection\",\n";
  if (!info.name.empty()) text += "\"name\": " + json_text(info.name) + ",\n";
  if (info.from || info.until) {
    text += "\"time_interval\": [" + instant(info.from) + ", " + instant(info.until) + "],\n";
  }
  if (!alerts.empty()) text += "\"bbox\": " + bbox(box) + ",\n";
  text.reserve(text.size() + length + 64);
  text += "\"features\": [";
  for (Part& part : parts) {
    text += part.features;
    part.features = {};
  }
  text += "\n]\n}\n";
  return text;
}

void write_alerts_geojson(const std::string& path, std::span<const Alert> alerts, const Grid& grid,
                          const AlertCollectionInfo& info, const ParallelFor& parallel_for) {
  write_file_atomically(path, alerts_geojson(alerts, grid, info, parallel_for));
}

}  // namespace pitwatch
