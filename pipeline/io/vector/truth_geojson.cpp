#include "pipeline/io/vector/truth_geojson.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/vector/geojson_text.hpp"
#include "pipeline/io/vector/vector_features.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

constexpr int area_decimals = 4;  // of a hectare and of a square kilometre

std::string properties(const TruthEvent& event) {
  return R"({"site": )" + json_text_or_null(event.site) +                  //
         R"(, "kind": )" + json_text(name(info(event.type).kind)) +        //
         R"(, "type": )" + json_text(name(event.type)) +                   //
         R"(, "onset": )" + json_instant(event.onset) +                    //
         R"(, "complete": )" + json_instant(event.complete) +              //
         R"(, "end": )" + json_instant(event.end) +                        //
         R"(, "area_ha": )" + json_number(event.area_ha, area_decimals) +  //
         R"(, "clear_looks": )" + json_list(event.clear_observations) + "}";
}

std::string feature(const TruthEvent& event, GeometryWriter& geometries, WrittenBox& box) {
  try {
    WrittenBox own_box;
    const std::string geometry = geometries.write(event.shape, own_box);
    box.include(own_box);
    return R"({"type": "Feature", "id": )" + json_text(event.id) + R"(, "bbox": )" + own_box.text() +
           R"(, "geometry": )" + geometry + R"(, "properties": )" + properties(event) + "}";
  } catch (const DataError& error) {
    throw DataError("event '" + event.id + "': " + error.what());
  }
}

std::string observed_text(const std::optional<ObservedGround>& observed) {
  if (!observed) return "null";
  return R"({"from": )" + json_instant(observed->from) + R"(, "until": )" + json_instant(observed->until) +
         R"(, "area_km2": )" + json_number(observed->area_km2, area_decimals) + "}";
}

// ---- reading ----------------------------------------------------------------------------------------------------

TruthKind kind_named(const std::string& text) {
  for (std::size_t i = 0; i < truth_kind_names.size(); ++i) {
    if (truth_kind_names[i] == text) return static_cast<TruthKind>(i);
  }
  throw DataError("'kind' is '" + text + "', not disturbance, natural or decoy");
}

TruthKind kind_of_type(const std::string& type) {
  for (const TruthTypeInfo& known : truth_type_infos) {
    if (known.name == type) return known.kind;
  }
  throw DataError("'kind' is missing and does not follow from the 'type' '" + type + "'");
}

TruthFeature event_of(VectorFeature& from) {
  TruthFeature event;
  event.id = from.id;
  event.site = text_attribute(from, "site").value_or("");
  const std::optional<std::string> kind = text_attribute(from, "kind");
  const std::optional<std::string> type = text_attribute(from, "type");
  if (!kind && !type) throw DataError("'kind' and 'type' are missing");
  event.kind = kind ? kind_named(*kind) : kind_of_type(*type);
  event.type = type.value_or("unknown");
  const std::optional<Instant> onset = instant_attribute(from, "onset");
  if (!onset) throw DataError("'onset' is missing");
  event.onset = *onset;
  event.complete = instant_attribute(from, "complete").value_or(event.onset);
  if (event.complete < event.onset) throw DataError("'complete' is before 'onset'");
  event.end = instant_attribute(from, "end");
  if (event.end && *event.end < event.onset) throw DataError("'end' is before 'onset'");
  event.clear_observations = instants_attribute(from, "clear_looks");
  if (event.clear_observations) std::sort(event.clear_observations->begin(), event.clear_observations->end());
  event.shape = std::move(from.shape);
  return event;
}

Instant observed_instant(const json& observed, const char* key) {
  const auto found = observed.find(key);
  if (found == observed.end() || !found->is_string()) {
    throw DataError("'observed': '" + std::string(key) + "' is not a time");
  }
  return parse_instant(found->get<std::string>());
}

ObservedGround observed_of(const json& observed) {
  if (!observed.is_object()) throw DataError("'observed' is not an object");
  ObservedGround ground{observed_instant(observed, "from"), observed_instant(observed, "until"), 0};
  if (!(ground.from < ground.until)) throw DataError("'observed': 'until' is not after 'from'");
  const auto area = observed.find("area_km2");
  if (area == observed.end() || !area->is_number()) throw DataError("'observed': 'area_km2' is not a number");
  ground.area_km2 = area->get<double>();
  if (!(ground.area_km2 > 0)) throw DataError("'observed': 'area_km2' is not more than 0");
  return ground;
}

void read_members(const std::string& text, TruthCollection& collection) {
  const json members = json::parse(text, nullptr, false);
  if (!members.is_object()) return;
  if (const auto found = members.find("synthetic"); found != members.end() && !found->is_null()) {
    if (!found->is_boolean()) throw DataError("'synthetic' is not true or false");
    collection.synthetic = found->get<bool>();
  }
  if (const auto found = members.find("made_by"); found != members.end() && !found->is_null()) {
    if (!found->is_string()) throw DataError("'made_by' is not a text");
    collection.made_by = found->get<std::string>();
  }
  if (const auto found = members.find("observed"); found != members.end() && !found->is_null()) {
    collection.observed = observed_of(*found);
  }
}

}  // namespace

std::string truth_geojson(std::span<const TruthLayer> layers, const TruthCollectionInfo& info) {
  WrittenBox box;
  std::string features;
  for (const TruthLayer& layer : layers) {
    GeometryWriter geometries(layer.grid);
    for (const TruthEvent& event : layer.events) {
      features += (features.empty() ? "\n" : ",\n") + feature(event, geometries, box);
    }
  }
  std::string text = "{\n\"type\": \"FeatureCollection\",\n\"synthetic\": true,\n";
  text += "\"made_by\": " + json_text(info.made_by) + ",\n";
  text += "\"observed\": " + observed_text(info.observed) + ",\n";
  if (!features.empty()) text += "\"bbox\": " + box.text() + ",\n";
  return text + "\"features\": [" + features + "\n]\n}\n";
}

void write_truth_geojson(const std::string& path, std::span<const TruthLayer> layers, const TruthCollectionInfo& info) {
  write_file_atomically(path, truth_geojson(layers, info));
}

TruthCollection read_truth_geojson(const std::string& path) {
  VectorFeatures read = read_vector_features(path);
  TruthCollection collection;
  try {
    read_members(read.members, collection);
    for (VectorFeature& feature : read.features) {
      try {
        collection.events.push_back(event_of(feature));
      } catch (const DataError& error) {
        throw DataError("feature '" + feature.id + "': " + error.what());
      }
    }
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
  return collection;
}

}  // namespace pitwatch
