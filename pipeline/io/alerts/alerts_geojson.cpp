#include "pipeline/io/alerts/alerts_geojson.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/vector/geojson_text.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t alerts_per_part = 4096;

std::string review_text(const Review& review) {
  return R"({"verdict": )" + json_text(name(review.verdict)) + R"(, "reviewer": )" + json_text(review.reviewer) +
         R"(, "reviewed_at": )" + json_instant(review.reviewed_at) + R"(, "reason": )" + json_text(review.reason) +
         R"(, "review_by": )" + (review.by_overlap ? R"("overlap")" : R"("id")") + "}";
}

std::string superseded_text(const Superseded& superseded) {
  return R"({"why": )" + json_text(name(superseded.why)) + R"(, "by": )" + json_list(superseded.by) + "}";
}

std::string probability_text(const std::optional<double>& probability) {
  return probability ? json_number(*probability, confidence_decimals) : "null";
}

std::string properties(const Alert& alert) {
  std::string text;
  text.reserve(1536);
  const auto add = [&](std::string_view key, const std::string& value) {
    text.append(text.empty() ? "\"" : ", \"").append(key).append("\": ").append(value);
  };
  add("site", alert.site ? json_text(*alert.site) : "null");
  add("status", json_text(name(alert.status)));
  add("review", alert.review ? review_text(*alert.review) : "null");
  add("class", json_text(name(alert.change_class)));
  add("class_probability", probability_text(alert.class_probability));
  add("natural_probability", probability_text(alert.natural_probability));
  add("class_probabilities", class_probabilities_json(alert));
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
  add("change", change_json(alert));
  add("scenes", scenes_json(alert));
  add("parents", json_list(alert.parents));
  add("tile", json_text_or_null(alert.tile));
  add("algorithm", json_text(alert.algorithm));
  add("superseded", alert.superseded ? superseded_text(*alert.superseded) : "null");
  for (const AlertColumn& column : context_columns()) {
    const Cell cell = column.get(alert);
    if (!std::holds_alternative<std::monostate>(cell)) add(column.name, json_of_cell(cell, column.type));
  }
  return "{" + text + "}";
}

void append_feature(std::string& text, const Alert& alert, const LonLatMultiPolygon& outline, WrittenBox& box) {
  WrittenBox own_box;
  const std::string geometry = geometry_text(outline, own_box);
  box.include(own_box);
  text.append(R"({"type": "Feature", "id": )").append(json_text(alert.id));
  text.append(R"(, "bbox": )").append(own_box.text()).append(R"(, "geometry": )").append(geometry);
  text.append(R"(, "properties": )").append(properties(alert)).append("}");
}

/// Some of the alerts, which one thread works on.
template <typename Layer>
struct Part {
  const Layer* layer = nullptr;
  std::size_t first = 0;
  std::size_t last = 0;
};

template <typename Layer>
std::vector<Part<Layer>> parts_of(std::span<const Layer> layers) {
  std::vector<Part<Layer>> parts;
  for (const Layer& layer : layers) {
    for (std::size_t first = 0; first < layer.alerts.size(); first += alerts_per_part) {
      parts.push_back({&layer, first, std::min(first + alerts_per_part, layer.alerts.size())});
    }
  }
  return parts;
}

/// Calls action(alert id) and names the alert in what it throws.
template <typename Action>
void naming(const std::string& id, const Action& action) {
  try {
    action();
  } catch (const DataError& error) {
    throw DataError("alert '" + id + "': " + error.what());
  }
}

void append_features(std::string& text, const Part<AlertLayer>& part, WrittenBox& box) {
  GeometryWriter geometries(part.layer->grid);  // costly to make: each serves many alerts
  for (std::size_t i = part.first; i < part.last; ++i) {
    const Alert& alert = part.layer->alerts[i];
    text += i == part.first ? "" : ",\n";
    naming(alert.id, [&] { append_feature(text, alert, geometries.outline(alert.shape), box); });
  }
}

struct OutlinedLayer {
  std::span<const OutlinedAlert> alerts;
};

void append_features(std::string& text, const Part<OutlinedLayer>& part, WrittenBox& box) {
  for (std::size_t i = part.first; i < part.last; ++i) {
    const OutlinedAlert& outlined = part.layer->alerts[i];
    text += i == part.first ? "" : ",\n";
    naming(outlined.alert.id, [&] { append_feature(text, outlined.alert, outlined.outline, box); });
  }
}

/// The collection in pieces, to be written one after the other: text of hundreds of megabytes is not put together.
template <typename Layer>
std::vector<std::string> collection(std::span<const Layer> layers, const AlertCollectionInfo& info,
                                    const ParallelFor& parallel_for) {
  const std::vector<Part<Layer>> parts = parts_of(layers);
  std::vector<std::string> pieces(parts.size() + 2);
  std::vector<WrittenBox> boxes(parts.size());
  parallel_for(static_cast<int>(parts.size()), [&](int i) {
    const auto part = static_cast<std::size_t>(i);
    pieces[part + 1] = part == 0 ? "\n" : ",\n";
    append_features(pieces[part + 1], parts[part], boxes[part]);
  });
  std::string& head = pieces.front();
  head = "{\n\"type\": \"FeatureCollection\",\n";
  if (!info.name.empty()) head += "\"name\": " + json_text(info.name) + ",\n";
  if (info.from || info.until) {
    head += "\"time_interval\": [" + json_instant(info.from) + ", " + json_instant(info.until) + "],\n";
  }
  if (info.as_of) head += "\"as_of\": " + json_instant(info.as_of) + ",\n";
  WrittenBox box;
  for (const WrittenBox& of_part : boxes) box.include(of_part);
  if (!parts.empty()) head += "\"bbox\": " + box.text() + ",\n";
  head += "\"features\": [";
  pieces.back() = "\n]\n}\n";
  return pieces;
}

template <typename Layer>
std::string joined(std::span<const Layer> layers, const AlertCollectionInfo& info, const ParallelFor& parallel_for) {
  std::string text;
  for (const std::string& piece : collection(layers, info, parallel_for)) text += piece;
  return text;
}

}  // namespace

std::vector<OutlinedAlert> outlined_alerts(std::span<const AlertLayer> layers, const ParallelFor& parallel_for) {
  const std::vector<Part<AlertLayer>> parts = parts_of(layers);
  std::vector<std::size_t> begins(parts.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    begins[i] = count;
    count += parts[i].last - parts[i].first;
  }
  std::vector<OutlinedAlert> result(count);
  parallel_for(static_cast<int>(parts.size()), [&](int i) {
    const Part<AlertLayer>& part = parts[static_cast<std::size_t>(i)];
    GeometryWriter geometries(part.layer->grid);
    for (std::size_t k = part.first; k < part.last; ++k) {
      OutlinedAlert& outlined = result[begins[static_cast<std::size_t>(i)] + k - part.first];
      outlined.alert = part.layer->alerts[k];
      naming(outlined.alert.id, [&] { outlined.outline = geometries.outline(outlined.alert.shape); });
    }
  });
  return result;
}

std::string alert_properties_json(const Alert& alert) { return properties(alert); }

std::string outline_json(const LonLatMultiPolygon& outline) {
  WrittenBox box;
  return geometry_text(outline, box);
}

std::string alert_feature_json(const OutlinedAlert& outlined) {
  std::string text;
  WrittenBox box;
  naming(outlined.alert.id, [&] { append_feature(text, outlined.alert, outlined.outline, box); });
  return text;
}

std::string alerts_geojson(std::span<const OutlinedAlert> alerts, const AlertCollectionInfo& info,
                           const ParallelFor& parallel_for) {
  const OutlinedLayer layer{alerts};
  return joined(std::span(&layer, 1), info, parallel_for);
}

std::string alerts_geojson(std::span<const AlertLayer> layers, const AlertCollectionInfo& info,
                           const ParallelFor& parallel_for) {
  return joined(layers, info, parallel_for);
}

std::string alerts_geojson(std::span<const Alert> alerts, const Grid& grid, const AlertCollectionInfo& info,
                           const ParallelFor& parallel_for) {
  const AlertLayer layer{alerts, grid};
  return joined(std::span(&layer, 1), info, parallel_for);
}

std::unique_ptr<AtomicFile> prepare_alerts_geojson(const std::string& path, std::span<const Alert> alerts,
                                                   const Grid& grid, const AlertCollectionInfo& info,
                                                   const ParallelFor& parallel_for) {
  auto file = std::make_unique<AtomicFile>(path);
  const AlertLayer layer{alerts, grid};
  for (const std::string& piece : collection(std::span(&layer, 1), info, parallel_for)) file->append(piece);
  return file;
}

void write_alerts_geojson(const std::string& path, std::span<const Alert> alerts, const Grid& grid,
                          const AlertCollectionInfo& info, const ParallelFor& parallel_for) {
  prepare_alerts_geojson(path, alerts, grid, info, parallel_for)->commit();
}

}  // namespace pitwatch
