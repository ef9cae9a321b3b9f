#include "pipeline/io/vector/vector_features.hpp"

#include <ogrsf_frmts.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/geo/ogr_values.hpp"
#include "pipeline/io/vector/vector_file.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

/// Null where the layer is in WGS 84 longitude and latitude already.
Transformation to_lonlat(GDALDataset& dataset, OGRLayer& layer) {
  const OGRSpatialReference lonlat = reference_of("OGC:CRS84");
  const std::optional<OGRSpatialReference> source = named_crs(dataset, layer);
  if (!source) return {};
  const std::array<const char*, 2> whatever_the_axes{"IGNORE_DATA_AXIS_TO_SRS_AXIS_MAPPING=YES", nullptr};
  const char* const code = source->GetAuthorityCode(nullptr);
  const bool is_wgs84 = code != nullptr && std::string_view(code) == "4326";
  if (is_wgs84 || source->IsSame(&lonlat, whatever_the_axes.data()) != 0) return {};
  return transformation_between(*source, lonlat);
}

LonLatMultiPolygon shape_of(const OGRGeometry* raw, OGRCoordinateTransformation* transformation,
                            const GdalErrorCapture& errors) {
  if (raw == nullptr || raw->IsEmpty() != 0) throw DataError("has no geometry");
  const std::unique_ptr<OGRGeometry> geometry(raw->getLinearGeometry());  // arcs become lines
  if (transformation != nullptr && geometry->transform(transformation) != OGRERR_NONE) {
    throw DataError(errors.explain("cannot be transformed to longitude and latitude"));
  }
  return lonlat_shape(*geometry);
}

/// A JSON array of texts as a list, anything else as it is.
Attribute json_attribute(const char* text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_array()) return std::string(text);
  std::vector<std::string> texts;
  for (const json& element : value) {
    if (!element.is_string()) return std::string(text);
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

Attribute attribute_of(const OGRFeature& feature, int field) {
  if (!feature.IsFieldSetAndNotNull(field)) return {};
  const OGRFieldDefn& definition = *feature.GetFieldDefnRef(field);
  switch (definition.GetType()) {
    case OFTInteger:
      if (definition.GetSubType() == OFSTBoolean) return feature.GetFieldAsInteger(field) != 0;
      return static_cast<double>(feature.GetFieldAsInteger(field));
    case OFTInteger64:
      return static_cast<double>(feature.GetFieldAsInteger64(field));
    case OFTReal:
      return feature.GetFieldAsDouble(field);
    case OFTDate:
    case OFTDateTime:
      return instant_field(feature, field);
    case OFTStringList: {
      std::vector<std::string> texts;
      for (char** text = feature.GetFieldAsStringList(field); text != nullptr && *text != nullptr; ++text) {
        texts.emplace_back(*text);
      }
      return texts;
    }
    default:
      if (definition.GetSubType() == OFSTJSON) return json_attribute(feature.GetFieldAsString(field));
      return std::string(feature.GetFieldAsString(field));
  }
}

/// `id` is the column of ids; -1: there is none.
VectorFeature feature_of(const OGRFeature& from, int id, OGRCoordinateTransformation* transformation,
                         const GdalErrorCapture& errors) {
  VectorFeature feature;
  const bool named = id >= 0 && from.IsFieldSetAndNotNull(id);
  feature.id = named ? id_of_feature(from, id) : std::to_string(from.GetFID());
  try {
    for (int i = 0; i < from.GetFieldCount(); ++i) {
      feature.attributes[from.GetFieldDefnRef(i)->GetNameRef()] = attribute_of(from, i);
    }
    feature.shape = shape_of(from.GetGeometryRef(), transformation, errors);
  } catch (const DataError& error) {
    throw DataError("feature '" + feature.id + "': " + error.what());
  }
  return feature;
}

/// The only layer, or of several that of alerts.
OGRLayer& layer_of(const std::vector<OGRLayer*>& layers) {
  if (layers.size() == 1) return *layers.front();
  for (OGRLayer* layer : layers) {
    if (layer->GetName() == std::string_view("alerts")) return *layer;
  }
  throw DataError("has " + std::to_string(layers.size()) + " layers, of which none is 'alerts': " + names_of(layers));
}

VectorFeatures features_of(const VectorFile& file, const std::string& where) {
  const GdalErrorCapture& errors = file.errors();
  VectorFeatures result;
  const std::vector<OGRLayer*> layers = layers_of(file.dataset());
  if (layers.empty()) return result;  // how OGR sees some empty collections
  OGRLayer& layer = layer_of(layers);
  expect_clear_filter(layer, where);
  if (!where.empty() && layer.SetAttributeFilter(where.c_str()) != OGRERR_NONE) {
    throw ConfigError(errors.explain("not a filter for this file: '" + where + "'"));
  }
  if (const char* const members = layer.GetMetadataItem("NATIVE_DATA", "NATIVE_DATA")) result.members = members;
  const int id = field_index(*layer.GetLayerDefn(), "id");
  const Transformation transformation = to_lonlat(file.dataset(), layer);
  for_each_feature(layer, [&](OGRFeature& feature, const GdalErrorCapture& of_feature) {
    result.features.push_back(feature_of(feature, id, transformation.get(), of_feature));
    if (of_feature.failed()) throw DataError(of_feature.explain("cannot read"));
  });
  if (errors.failed()) throw DataError(errors.explain("cannot read"));
  return result;
}

[[noreturn]] void fail_type(const std::string& name, const char* expected) {
  throw DataError("'" + name + "' is not " + expected);
}

/// The value if the attribute is of type T, null where it is absent.
template <typename T>
const T* attribute(const VectorFeature& feature, const std::string& name, const char* expected) {
  const auto found = feature.attributes.find(name);
  if (found == feature.attributes.end() || std::holds_alternative<std::monostate>(found->second)) return nullptr;
  const T* value = std::get_if<T>(&found->second);
  if (value == nullptr) fail_type(name, expected);
  return value;
}

}  // namespace

VectorFeatures read_vector_features(const std::string& path, const std::string& where) {
  return naming_file(path, [&] { return features_of(VectorFile(path, VectorFile::Members::kept), where); });
}

std::optional<std::string> text_attribute(const VectorFeature& feature, const std::string& name) {
  const auto* value = attribute<std::string>(feature, name, "a text");
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<double> number_attribute(const VectorFeature& feature, const std::string& name) {
  const auto* value = attribute<double>(feature, name, "a number");
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<Instant> instant_attribute(const VectorFeature& feature, const std::string& name) {
  const auto found = feature.attributes.find(name);
  if (found != feature.attributes.end()) {
    // OGR knows a column as one of times only if all of it is.
    if (const auto* text = std::get_if<std::string>(&found->second)) {
      try {
        return parse_instant(*text);
      } catch (const DataError& error) {
        throw DataError("'" + name + "': " + error.what());
      }
    }
  }
  const auto* value = attribute<Instant>(feature, name, "a time");
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<std::vector<Instant>> instants_attribute(const VectorFeature& feature, const std::string& name) {
  const auto* texts = attribute<std::vector<std::string>>(feature, name, "a list of times");
  if (texts == nullptr) return std::nullopt;
  std::vector<Instant> instants;
  for (const std::string& text : *texts) {
    try {
      instants.push_back(parse_instant(text));
    } catch (const DataError& error) {
      throw DataError("'" + name + "': " + error.what());
    }
  }
  return instants;
}

}  // namespace pitwatch
