#include "pipeline/io/alerts_geojson.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/atomic_file.hpp"
#include "pipeline/io/geojson_text.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t alerts_per_part = 4096;

constexpr int area_decimals = 4;  // of a hectare: a square metre
constexpr int confidence_decimals = 3;
constexpr int change_decimals = 4;

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
  add("first_detected", json_instant(alert.first_detected));
  add("onset_after", json_instant(alert.onset_after));
  add("onset_before", json_instant(alert.onset_before));
  add("confirmed_on", json_instant(alert.confirmed_on));
  add("last_detected", json_instant(alert.last_detected));
  add("last_observed", json_instant(alert.last_observed));
  add("observations", std::to_string(alert.observations));
  add("confidence", json_number(alert.confidence, confidence_decimals));
  add("area_ha", json_number(alert.area_ha, area_decimals));
  add("area_uncertainty_ha", json_number(alert.area_uncertainty_ha, area_decimals));
  std::string change;
  for (const auto& [index, value] : alert.change) {
    change.append(change.empty() ? "" : ", ")
        .append(json_text(index))
        .append(": ")
        .append(json_number(value, change_decimals));
  }
  add("change", "{" + change + "}");
  add("scenes",
      R"({"before": )" + json_list(alert.scenes_before) + R"(, "after": )" + json_list(alert.scenes_after) + "}");
  add("parents", json_list(alert.parents));
  add("tile", json_text_or_null(alert.tile));
  add("algorithm", json_text(alert.algorithm));
  return "{" + text + "}";
}

void append_feature(std::string& text, const Alert& alert, GeometryWriter& geometries, WrittenBox& box) {
  try {
    WrittenBox own_box;
    const std::string geometry = geometries.write(alert.shape, own_box);
    box.include(own_box);
    text.append(R"({"type": "Feature", "id": )").append(json_text(alert.id));
    text.append(R"(, "bbox": )").append(own_box.text()).append(R"(, "geometry": )").append(geometry);
    text.append(R"(, "properties": )").append(properties(alert)).append("}");
  } catch (const DataError& error) {
    throw DataError("alert '" + alert.id + "': " + error.what());
  }
}

/// The collection in pieces, to be written one after the other: text of hundreds of megabytes is not put together.
std::vector<std::string> collection(std::span<const AlertLayer> layers, const AlertCollectionInfo& info,
                                    const ParallelFor& parallel_for) {
  struct Part {
    std::span<const Alert> alerts;
    const Grid* grid;
  };
  std::vector<Part> parts;
  for (const AlertLayer& layer : layers) {
    for (std::size_t first = 0; first < layer.alerts.size(); first += alerts_per_part) {
      parts.push_back(
          {layer.alerts.subspan(first, std::min(alerts_per_part, layer.alerts.size() - first)), &layer.grid});
    }
  }
  std::vector<std::string> pieces(parts.size() + 2);
  std::vector<WrittenBox> boxes(parts.size());
  parallel_for(static_cast<int>(parts.size()), [&](int i) {
    const auto part = static_cast<std::size_t>(i);
    GeometryWriter geometries(*parts[part].grid);  // costly to make: each serves many alerts
    bool is_first = part == 0;
    for (const Alert& alert : parts[part].alerts) {
      pieces[part + 1] += is_first ? "\n" : ",\n";
      is_first = false;
      append_feature(pieces[part + 1], alert, geometries, boxes[part]);
    }
  });
  std::string& head = pieces.front();
  head = "{\n\"type\": \"FeatureCollection\",\n";
  if (!info.name.empty()) head += "\"name\": " + json_text(info.name) + ",\n";
  if (info.from || info.until) {
    head += "\"time_interval\": [" + json_instant(info.from) + ", " + json_instant(info.until) + "],\n";
  }
  WrittenBox box;
  for (const WrittenBox& of_part : boxes) box.include(of_part);
  if (!parts.empty()) head += "\"bbox\": " + box.text() + ",\n";
  head += "\"features\": [";
  pieces.back() = "\n]\n}\n";
  return pieces;
}

}  // namespace

std::string alerts_geojson(std::span<const AlertLayer> layers, const AlertCollectionInfo& info,
                           const ParallelFor& parallel_for) {
  std::string text;
  for (const std::string& piece : collection(layers, info, parallel_for)) text += piece;
  return text;
}

std::string alerts_geojson(std::span<const Alert> alerts, const Grid& grid, const AlertCollectionInfo& info,
                           const ParallelFor& parallel_for) {
  const AlertLayer layer{alerts, grid};
  return alerts_geojson({&layer, 1}, info, parallel_for);
}

std::unique_ptr<AtomicFile> prepare_alerts_geojson(const std::string& path, std::span<const Alert> alerts,
                                                   const Grid& grid, const AlertCollectionInfo& info,
                                                   const ParallelFor& parallel_for) {
  auto file = std::make_unique<AtomicFile>(path);
  const AlertLayer layer{alerts, grid};
  for (const std::string& piece : collection({&layer, 1}, info, parallel_for)) file->append(piece);
  return file;
}

void write_alerts_geojson(const std::string& path, std::span<const Alert> alerts, const Grid& grid,
                          const AlertCollectionInfo& info, const ParallelFor& parallel_for) {
  prepare_alerts_geojson(path, alerts, grid, info, parallel_for)->commit();
}

}  // namespace pitwatch
