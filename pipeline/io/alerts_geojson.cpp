#include "pipeline/io/alerts_geojson.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/atomic_file.hpp"
#include "pipeline/io/geodesy.hpp"

// The text is put together by hand: the JSON library writes the shortest digits that give the same double, nearly
// always, and "nearly" would break the rule of 7 decimals. It does escape texts.

namespace pitwatch {
namespace {

constexpr std::size_t alerts_per_part = 4096;

constexpr int coordinate_decimals = 7;  // about a centimetre
constexpr int area_decimals = 4;        // of a hectare: a square metre
constexpr int confidence_decimals = 3;
constexpr int change_decimals = 4;

/// A coordinate in units of its last decimal.
std::int64_t in_units(double degrees) { return std::llround(degrees * 1e7); }

/// Appends units / 10^7 without trailing zeros, at most 7 decimals.
void append_coordinate(std::string& text, std::int64_t units) {
  constexpr std::int64_t unit = 10'000'000;
  if (units < 0) text += '-';
  const std::int64_t magnitude = std::abs(units);
  std::array<char, 24> digits{};
  char* end = std::to_chars(digits.data(), digits.data() + digits.size(), magnitude / unit).ptr;
  if (std::int64_t rest = magnitude % unit; rest != 0) {
    *end = '.';
    for (int i = coordinate_decimals; i > 0; --i, rest /= 10) end[i] = static_cast<char>('0' + rest % 10);
    end += coordinate_decimals + 1;
    while (end[-1] == '0') --end;
  }
  text.append(digits.data(), end);
}

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

/// A JSON string. Nearly all texts need no escape, and there are many.
std::string json_text(std::string_view text) {
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  if (std::all_of(text.begin(), text.end(), is_plain)) return '"' + std::string(text) + '"';
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

/// A vertex in units of the last decimal, so that rounding happens once.
struct Vertex {
  std::int64_t lon = 0;
  std::int64_t lat = 0;
};

struct Box {
  Vertex low{in_units(180), in_units(90)};
  Vertex high{in_units(-180), in_units(-90)};

  void include(const Vertex& p) {
    low = {std::min(low.lon, p.lon), std::min(low.lat, p.lat)};
    high = {std::max(high.lon, p.lon), std::max(high.lat, p.lat)};
  }
  void include(const Box& other) {
    include(other.low);
    include(other.high);
  }
};

std::string bbox(const Box& box) {
  std::string text;
  for (const std::int64_t value : {box.low.lon, box.low.lat, box.high.lon, box.high.lat}) {
    text += text.empty() ? "[" : ", ";
    append_coordinate(text, value);
  }
  return text + "]";
}

/// Twice the signed area: only the sign is used.
double winding(const std::vector<Vertex>& ring) {
  double sum = 0;
  const auto from_first = [&](const Vertex& v) {
    return std::pair{static_cast<double>(v.lon - ring[0].lon), static_cast<double>(v.lat - ring[0].lat)};
  };
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const auto [ax, ay] = from_first(ring[i]);
    const auto [bx, by] = from_first(ring[(i + 1) % ring.size()]);
    sum += ax * by - bx * ay;
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
    std::string& text = result.text;
    text =
        shape.size() == 1 ? R"({"type": "Polygon", "coordinates": )" : R"({"type": "MultiPolygon", "coordinates": [)";
    for (std::size_t i = 0; i < shape.size(); ++i) {
      text += i == 0 ? "[" : ", [";
      append_ring(text, shape[i].outer, true, result.box);
      for (const Ring& hole : shape[i].holes) {
        text += ", ";
        append_ring(text, hole, false, result.box);
      }
      text += "]";
    }
    text += shape.size() == 1 ? "}" : "]}";
    return result;
  }

 private:
  void append_ring(std::string& text, const Ring& corners, bool counter_clockwise, Box& box) {
    if (corners.size() < 3) throw DataError("has a ring of fewer than three vertices");
    places_.clear();
    for (const PixelPoint& corner : corners) places_.push_back(grid_.to_map(corner.x, corner.y));
    vertices_.clear();
    for (const LonLat& exact : to_wgs84_(places_)) vertices_.push_back({in_units(exact.lon), in_units(exact.lat)});
    if ((winding(vertices_) > 0) != counter_clockwise) std::reverse(vertices_.begin() + 1, vertices_.end());
    vertices_.push_back(vertices_.front());
    text += "[";
    for (std::size_t i = 0; i < vertices_.size(); ++i) {
      box.include(vertices_[i]);
      text += i == 0 ? "[" : ", [";
      append_coordinate(text, vertices_[i].lon);
      text += ", ";
      append_coordinate(text, vertices_[i].lat);
      text += "]";
    }
    text += "]";
  }

  std::vector<MapPoint> places_;
  std::vector<Vertex> vertices_;
  const Grid& grid_;
  ToWgs84 to_wgs84_;
};

std::string properties(const Alert& alert) {
  std::string text;
  text.reserve(1536);
  const auto add = [&](std::string_view key, const std::string& value) {
    text.append(text.empty() ? "\"" : ", \"").append(key).append("\": ").append(value);
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
    change.append(change.empty() ? "" : ", ")
        .append(json_text(index))
        .append(": ")
        .append(number(value, change_decimals));
  }
  add("change", "{" + change + "}");
  add("scenes", R"({"before": )" + list(alert.scenes_before) + R"(, "after": )" + list(alert.scenes_after) + "}");
  add("parents", list(alert.parents));
  add("tile", text_or_null(alert.tile));
  add("algorithm", json_text(alert.algorithm));
  return "{" + text + "}";
}

void append_feature(std::string& text, const Alert& alert, GeometryWriter& geometries, Box& box) {
  try {
    const GeometryText geometry = geometries.write(alert.shape);
    box.include(geometry.box);
    text.append(R"({"type": "Feature", "id": )").append(json_text(alert.id));
    text.append(R"(, "bbox": )").append(bbox(geometry.box)).append(R"(, "geometry": )").append(geometry.text);
    text.append(R"(, "properties": )").append(properties(alert)).append("}");
  } catch (const DataError& error) {
    throw DataError("alert '" + alert.id + "': " + error.what());
  }
}

/// The collection in pieces, to be written one after the other: text of hundreds of megabytes is not put together.
std::vector<std::string> collection(std::span<const Alert> alerts, const Grid& grid, const AlertCollectionInfo& info,
                                    const ParallelFor& parallel_for) {
  const std::size_t part_count = (alerts.size() + alerts_per_part - 1) / alerts_per_part;
  std::vector<std::string> pieces(part_count + 2);
  std::vector<Box> boxes(part_count);
  parallel_for(static_cast<int>(part_count), [&](int i) {
    const auto part = static_cast<std::size_t>(i);
    const std::size_t first = part * alerts_per_part;
    GeometryWriter geometries(grid);  // costly to make: each serves many alerts
    for (const Alert& alert : alerts.subspan(first, std::min(alerts_per_part, alerts.size() - first))) {
      pieces[part + 1] += &alert == &alerts.front() ? "\n" : ",\n";
      append_feature(pieces[part + 1], alert, geometries, boxes[part]);
    }
  });
  std::string& head = pieces.front();
  head = "{\n\"type\": \"FeatureCollection\",\n";
  if (!info.name.empty()) head += "\"name\": " + json_text(info.name) + ",\n";
  if (info.from || info.until) {
    head += "\"time_interval\": [" + instant(info.from) + ", " + instant(info.until) + "],\n";
  }
  Box box;
  for (const Box& of_part : boxes) box.include(of_part);
  if (!alerts.empty()) head += "\"bbox\": " + bbox(box) + ",\n";
  head += "\"features\": [";
  pieces.back() = "\n]\n}\n";
  return pieces;
}

}  // namespace

std::string alerts_geojson(std::span<const Alert> alerts, const Grid& grid, const AlertCollectionInfo& info,
                           const ParallelFor& parallel_for) {
  std::string text;
  for (const std::string& piece : collection(alerts, grid, info, parallel_for)) text += piece;
  return text;
}

std::unique_ptr<AtomicFile> prepare_alerts_geojson(const std::string& path, std::span<const Alert> alerts,
                                                   const Grid& grid, const AlertCollectionInfo& info,
                                                   const ParallelFor& parallel_for) {
  auto file = std::make_unique<AtomicFile>(path);
  for (const std::string& piece : collection(alerts, grid, info, parallel_for)) file->append(piece);
  return file;
}

void write_alerts_geojson(const std::string& path, std::span<const Alert> alerts, const Grid& grid,
                          const AlertCollectionInfo& info, const ParallelFor& parallel_for) {
  prepare_alerts_geojson(path, alerts, grid, info, parallel_for)->commit();
}

}  // namespace pitwatch
