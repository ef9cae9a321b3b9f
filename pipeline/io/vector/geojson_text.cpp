#include "pipeline/io/vector/geojson_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr int coordinate_decimals = 7;

/// A coordinate in units of its last decimal.
std::int64_t in_units(double degrees) { return std::llround(degrees * 1e7); }

double in_degrees(std::int64_t units) { return static_cast<double>(units) / 1e7; }

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

/// Twice the signed area: only the sign is used.
double winding(const LonLatRing& ring) {
  double sum = 0;
  const auto from_first = [&](const LonLat& v) { return std::pair{v.lon - ring[0].lon, v.lat - ring[0].lat}; };
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const auto [ax, ay] = from_first(ring[i]);
    const auto [bx, by] = from_first(ring[(i + 1) % ring.size()]);
    sum += ax * by - bx * ay;
  }
  return sum;
}

void append_ring(std::string& text, const LonLatRing& ring, WrittenBox& box) {
  if (ring.size() < 3) throw DataError("has a ring of fewer than three vertices");
  text += "[";
  for (std::size_t i = 0; i <= ring.size(); ++i) {  // GeoJSON repeats the first position
    const LonLat& exact = ring[i % ring.size()];
    const WrittenPosition position{in_units(exact.lon), in_units(exact.lat)};
    box.include(position);
    text += i == 0 ? "[" : ", [";
    append_coordinate(text, position.lon);
    text += ", ";
    append_coordinate(text, position.lat);
    text += "]";
  }
  text += "]";
}

/// The texts between brackets, separated.
std::string bracketed(const std::vector<std::string>& values) {
  std::string result;
  for (const std::string& value : values) result += (result.empty() ? "" : ", ") + value;
  return "[" + result + "]";
}

}  // namespace

std::string json_number(double value, int decimals) {
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
  // Nearly all texts need no escape, and there are many.
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  if (std::all_of(text.begin(), text.end(), is_plain)) return '"' + std::string(text) + '"';
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_text_or_null(std::string_view text) { return text.empty() ? "null" : json_text(text); }

std::string json_instant(const std::optional<Instant>& value) {
  return value ? json_text(format_instant(*value)) : "null";
}

std::string json_list(const std::vector<std::string>& texts) {
  std::vector<std::string> values;
  for (const std::string& text : texts) values.push_back(json_text(text));
  return bracketed(values);
}

std::string json_list(const std::vector<Instant>& instants) {
  std::vector<std::string> values;
  for (const Instant instant : instants) values.push_back(json_instant(instant));
  return bracketed(values);
}

void WrittenBox::include(const WrittenPosition& position) {
  low_ = {std::min(low_.lon, position.lon), std::min(low_.lat, position.lat)};
  high_ = {std::max(high_.lon, position.lon), std::max(high_.lat, position.lat)};
}

void WrittenBox::include(const WrittenBox& other) {
  include(other.low_);
  include(other.high_);
}

std::string WrittenBox::text() const {
  std::string text;
  for (const std::int64_t value : {low_.lon, low_.lat, high_.lon, high_.lat}) {
    text += text.empty() ? "[" : ", ";
    append_coordinate(text, value);
  }
  return text + "]";
}

std::string collection_text(std::span<const CollectionFeature> features) {
  std::string list;
  WrittenBox around;
  bool has_shapes = false;
  for (const CollectionFeature& feature : features) {
    list += list.empty() ? "\n" : ",\n";
    list += R"({"type": "Feature", "id": )" + json_text(feature.id);
    if (feature.shape.empty()) {
      list += R"(, "geometry": null)";
    } else {
      WrittenBox box;
      const std::string geometry = geometry_text(feature.shape, box);
      around.include(box);
      has_shapes = true;
      list += R"(, "bbox": )" + box.text() + R"(, "geometry": )" + geometry;
    }
    list += R"(, "properties": )" + feature.properties + "}";
  }
  return "{\n\"type\": \"FeatureCollection\",\n" + (has_shapes ? "\"bbox\": " + around.text() + ",\n" : "") +
         "\"features\": [" + list + "\n]\n}\n";
}

std::string geometry_text(const LonLatMultiPolygon& shape, WrittenBox& box) {
  if (shape.empty()) throw DataError("has no geometry");
  std::string text =
      shape.size() == 1 ? R"({"type": "Polygon", "coordinates": )" : R"({"type": "MultiPolygon", "coordinates": [)";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += i == 0 ? "[" : ", [";
    append_ring(text, shape[i].outer, box);
    for (const LonLatRing& hole : shape[i].holes) {
      text += ", ";
      append_ring(text, hole, box);
    }
    text += "]";
  }
  text += shape.size() == 1 ? "}" : "]}";
  return text;
}

LonLatMultiPolygon GeometryWriter::outline(const PixelMultiPolygon& shape) {
  if (shape.empty()) throw DataError("has no geometry");
  LonLatMultiPolygon result;
  for (const PixelPolygon& part : shape) {
    LonLatPolygon& polygon = result.emplace_back();
    polygon.outer = ring_of(part.outer, true);
    for (const Ring& hole : part.holes) polygon.holes.push_back(ring_of(hole, false));
  }
  return result;
}

LonLatRing GeometryWriter::ring_of(const Ring& corners, bool counter_clockwise) {
  if (corners.size() < 3) throw DataError("has a ring of fewer than three vertices");
  places_.clear();
  for (const PixelPoint& corner : corners) places_.push_back(grid_.to_map(corner.x, corner.y));
  LonLatRing ring = to_wgs84_(places_);
  for (LonLat& position : ring) {
    position = {in_degrees(in_units(position.lon)), in_degrees(in_units(position.lat))};
  }
  if ((winding(ring) > 0) != counter_clockwise) std::reverse(ring.begin() + 1, ring.end());
  return ring;
}

}  // namespace pitwatch
