#pragma once
// Polygons with attributes from vector files.

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

namespace pitwatch {

/// Nothing where the attribute is absent or null. Dates and times are instants; what has no time zone is UTC. What is
/// not one of these (an object, a list of numbers) is a text.
using Attribute = std::variant<std::monostate, bool, double, std::string, Instant, std::vector<std::string>>;

struct VectorFeature {
  std::string id;  // the attribute "id" where there is one, or the number of the feature in its file
  std::map<std::string, Attribute> attributes;
  LonLatMultiPolygon shape;
};

struct VectorFeatures {
  std::vector<VectorFeature> features;  // in the order of the file
  std::string members;  // of a GeoJSON collection besides type, crs and features: a JSON object; empty for other files
};

/// Reads the layer of a vector file (GeoJSON, GeoPackage, Shapefile, FlatGeobuf or KML), of several the one that is
/// called `alerts`, which must hold polygons alone. `where` is an attribute filter in OGR's SQL; "" takes all. A layer
/// without a CRS is taken as WGS 84 longitude and latitude, as RFC 7946 has it; others are transformed. Throws
/// DataError, starting with the path and naming the feature: cannot be opened or not read to its end, several layers
/// without `alerts`, no geometry or another than polygons, not transformable. Throws ConfigError for a filter that OGR
/// does not understand.
VectorFeatures read_vector_features(const std::string& path, const std::string& where = {});

/// Attributes of a feature as a type; nothing where absent. Throw DataError naming the attribute where it is of another
/// type.
std::optional<std::string> text_attribute(const VectorFeature& feature, const std::string& name);
std::optional<double> number_attribute(const VectorFeature& feature, const std::string& name);
std::optional<Instant> instant_attribute(const VectorFeature& feature, const std::string& name);
std::optional<std::vector<Instant>> instants_attribute(const VectorFeature& feature, const std::string& name);

}  // namespace pitwatch
