#include "pipeline/io/vector/layer_features.hpp"

#include <ogrsf_frmts.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

#include "pipeline/core/day_first.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/geo/ogr_values.hpp"
#include "pipeline/io/vector/database_target.hpp"
#include "pipeline/io/vector/vector_file.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t longest_text = 500;
constexpr double most_edges = 1e6;  // of a geometry, none longer than longest_edge_of()
constexpr double same_area = 1e-3;  // of an area: ways to repair it that differ by less agree

using Geometry = std::unique_ptr<OGRGeometry>;

/// A feature of no use, and why.
struct Unusable {
  LayerRemark remark;
};

GDALDatasetUniquePtr open_database(const std::string& target, const GdalErrorCapture& errors) {
  static constexpr std::array<const char*, 2> databases{"PostgreSQL", nullptr};
  const std::string opened = with_time_limits(target);
  GDALDatasetUniquePtr dataset(GDALDataset::Open(
      opened.c_str(), GDAL_OF_VECTOR | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR, databases.data(), nullptr));
  if (dataset) return dataset;
  std::string reason = errors.explain("cannot be opened");
  for (const std::string& secret : {opened, target}) {
    for (std::size_t at = reason.find(secret); at != std::string::npos; at = reason.find(secret)) {
      reason.replace(at, secret.size(), without_password(secret));
    }
  }
  if (tells_of_no_server(reason)) throw UnavailableError(reason);
  throw DataError(reason);
}

OGRLayer& layer_of(GDALDataset& dataset, const std::string& name) {
  if (!name.empty()) {
    OGRLayer* const layer = dataset.GetLayerByName(name.c_str());
    if (layer == nullptr) throw DataError("has no layer '" + name + "'");
    return *layer;
  }
  const std::vector<OGRLayer*> layers = layers_of(dataset);
  if (layers.empty()) throw DataError("is empty");
  if (layers.size() > 1) {
    throw DataError("has " + std::to_string(layers.size()) + " layers: which of them must be said (layer)");
  }
  return *layers.front();
}

Transformation to_lonlat(const OGRSpatialReference& source);

/// Whether two CRSs have the same places for the layer's coordinates.
bool are_alike(OGRLayer& layer, const OGRSpatialReference& a, const OGRSpatialReference& b) {
  if (a.IsSame(&b) != 0) return true;
  constexpr double a_decimetre_deg = 1e-6;
  const GdalErrorCapture quiet;
  OGREnvelope box;
  if (layer.GetExtent(&box) != OGRERR_NONE) return false;
  const Transformation of_a = to_lonlat(a);
  const Transformation of_b = to_lonlat(b);
  const std::array<LonLat, 3> corners{LonLat{box.MinX, box.MinY}, LonLat{box.MaxX, box.MaxY},
                                      LonLat{box.MinX, box.MaxY}};
  return std::all_of(corners.begin(), corners.end(), [&](LonLat first) {
    LonLat second = first;
    if (of_a && of_a->Transform(1, &first.lon, &first.lat) == 0) return false;
    if (of_b && of_b->Transform(1, &second.lon, &second.lat) == 0) return false;
    return std::abs(first.lon - second.lon) <= a_decimetre_deg && std::abs(first.lat - second.lat) <= a_decimetre_deg;
  });
}

/// The layer's CRS, or the one that is said where it names none, or one whose relation to WGS 84 nobody knows.
OGRSpatialReference crs_of(GDALDataset& dataset, OGRLayer& layer, const std::string& said) {
  const std::optional<OGRSpatialReference> named = named_crs(dataset, layer);
  if (said.empty() && named) return *named;
  if (said.empty()) {
    if (is_geojson(dataset) && layer.GetSpatialRef() != nullptr) return reference_of("OGC:CRS84");
    throw DataError("has no CRS: say in which one it is (crs)");
  }
  OGRSpatialReference reference = reference_of(said);
  if (!named) return reference;
  try {
    to_lonlat(*named);
  } catch (const DataError&) {
    return reference;
  }
  if (!are_alike(layer, *named, reference)) {
    const char* const name = named->GetName();
    throw DataError("is in " + printable(name == nullptr ? "another CRS" : name) + ", and context.json says '" +
                    printable(said) + "': leave crs out, or mend the file");
  }
  return *named;
}

/// Null where the CRS is WGS 84 longitude and latitude already.
Transformation to_lonlat(const OGRSpatialReference& source) {
  const OGRSpatialReference lonlat = reference_of("OGC:CRS84");
  const std::array<const char*, 2> whatever_the_axes{"IGNORE_DATA_AXIS_TO_SRS_AXIS_MAPPING=YES", nullptr};
  const char* const code = source.GetAuthorityCode(nullptr);
  if ((code != nullptr && std::string_view(code) == "4326") || source.IsSame(&lonlat, whatever_the_axes.data()) != 0) {
    return {};
  }
  try {
    return transformation_between(source, lonlat);
  } catch (const DataError& error) {
    throw DataError(std::string(error.what()) + ": say in which CRS it is (crs)");
  }
}

/// In units of the CRS: about a kilometre, over which its straight lines are another's to two centimetres.
double longest_edge_of(const OGRSpatialReference& source) {
  return source.IsGeographic() != 0 ? 0.01 : 1000 / std::max(1e-6, source.GetLinearUnits());
}

/// Of all lines and rings, in units of the CRS; not finite where a vertex is not.
double length_of(const OGRGeometry& geometry) {
  const OGRwkbGeometryType type = wkbFlatten(geometry.getGeometryType());
  if (type == wkbLineString) return geometry.toLineString()->get_Length();
  double length = 0;
  if (type == wkbPolygon) {
    for (const OGRLinearRing* ring : *geometry.toPolygon()) length += ring->get_Length();
  } else if (OGR_GT_IsSubClassOf(type, wkbGeometryCollection) != 0) {
    for (const OGRGeometry* part : *geometry.toGeometryCollection()) length += length_of(*part);
  }
  return length;
}

/// Columns of a layer by their use; -1 where none is named.
struct FieldNumbers {
  int id = -1;
  int name = -1;
  int holder = -1;
  int valid_from = -1;
  int valid_to = -1;
  int accuracy_m = -1;
};

FieldNumbers fields_of(OGRLayer& layer, const LayerColumns& columns) {
  const auto number = [&](const std::string& column) {
    if (column.empty()) return -1;
    const int field = field_index(*layer.GetLayerDefn(), column);
    if (field < 0) throw DataError("has no column '" + printable(column) + "'");
    return field;
  };
  return {number(columns.id),         number(columns.name),     number(columns.holder),
          number(columns.valid_from), number(columns.valid_to), number(columns.accuracy_m)};
}

enum class Column { text, id };

std::string text_of(const OGRFeature& feature, int field, Column kind = Column::text) {
  if (field < 0 || !feature.IsFieldSetAndNotNull(field)) return {};
  const std::string text = kind == Column::id ? id_of_feature(feature, field) : feature.GetFieldAsString(field);
  const std::string column = feature.GetFieldDefnRef(field)->GetNameRef();
  const std::string where = "feature " + std::to_string(feature.GetFID()) + ", column '" + printable(column) + "': ";
  if (text.size() > longest_text) {
    throw DataError(where + "a text of " + std::to_string(text.size()) + " bytes: at most " +
                    std::to_string(longest_text));
  }
  if (printable(text) != text) throw DataError(where + "a text that is not clean: " + printable(text));
  return text;
}

/// Whether a text names a day by its first instant, "2022-02-09T00:00:00".
bool is_midnight(const std::string& text) {
  constexpr std::size_t day_length = 10;
  if (text.size() <= day_length || (text[day_length] != 'T' && text[day_length] != ' ')) return false;
  const std::size_t zone = std::min(text.find_first_of("Z+-", day_length), text.size());
  return text.find_first_not_of("0:.", day_length + 1) >= zone;
}

bool is_midnight(const OGRFeature& feature, int field) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, zone = 0;
  float second = 0;
  feature.GetFieldAsDateTime(field, &year, &month, &day, &hour, &minute, &second, &zone);
  return hour == 0 && minute == 0 && second == 0;
}

/// As an end the first instant of a day is that whole day: tables of times write days so.
std::optional<Instant> instant_of(const OGRFeature& feature, int field, bool is_end) {
  if (field < 0 || !feature.IsFieldSetAndNotNull(field)) return std::nullopt;
  const OGRFieldType type = feature.GetFieldDefnRef(field)->GetType();
  constexpr auto rest_of_day = std::chrono::days(1) - Instant::duration(1);
  if (type == OFTDateTime) {
    const Instant instant = instant_field(feature, field);
    return is_end && is_midnight(feature, field) ? instant + rest_of_day : instant;
  }
  std::string text = text_of(feature, field);
  if (text.empty()) return std::nullopt;
  if (type == OFTDate) text = format_day(instant_field(feature, field));
  if (std::string iso = iso_of_day_first(text); !iso.empty()) text = std::move(iso);
  if (!is_end) return parse_instant(text);
  return is_midnight(text) ? parse_instant(text) + rest_of_day : last_instant(text);
}

std::optional<double> number_of(const OGRFeature& feature, int field) {
  if (field < 0 || !feature.IsFieldSetAndNotNull(field)) return std::nullopt;
  const OGRFieldType type = feature.GetFieldDefnRef(field)->GetType();
  const double value = feature.GetFieldAsDouble(field);
  const bool is_number = type == OFTInteger || type == OFTInteger64 || type == OFTReal;
  if (!is_number || !(value >= 0) || !std::isfinite(value)) throw DataError("is no accuracy");
  return value;
}

double area_of(const OGRGeometry& geometry) {
  const OGRwkbGeometryType type = wkbFlatten(geometry.getGeometryType());
  if (type == wkbPolygon) return geometry.toPolygon()->get_Area();
  if (OGR_GT_IsSubClassOf(type, wkbGeometryCollection) == 0) return 0;
  return geometry.toGeometryCollection()->get_Area();
}

/// Valid polygons of a geometry that has crossing rings. Throws Unusable where it can be read in several ways.
Geometry repaired(const OGRGeometry& geometry) {
  const std::array<const char*, 2> by_lines{"METHOD=LINEWORK", nullptr};
  const std::array<const char*, 2> by_structure{"METHOD=STRUCTURE", nullptr};
  const Geometry lines(geometry.MakeValid(by_lines.data()));
  Geometry structure(geometry.MakeValid(by_structure.data()));
  if (!lines || !structure) throw Unusable{LayerRemark::ambiguous};
  const double area = area_of(*lines);
  if (!(area > 0)) throw Unusable{LayerRemark::no_geometry};
  if (!(std::abs(area_of(*structure) - area) <= same_area * area)) throw Unusable{LayerRemark::ambiguous};
  return structure;
}

/// Takes a geometry of any kind apart.
void take_apart(const OGRGeometry& geometry, OGRMultiPolygon& polygons, OGRGeometryCollection& others) {
  const OGRwkbGeometryType type = wkbFlatten(geometry.getGeometryType());
  if (type == wkbPolygon) {
    polygons.addGeometry(&geometry);
  } else if (OGR_GT_IsSubClassOf(type, wkbGeometryCollection) != 0) {
    for (const OGRGeometry* part : *geometry.toGeometryCollection()) take_apart(*part, polygons, others);
  } else {
    others.addGeometry(&geometry);
  }
}

/// Ground that lies in one polygon of a geometry or another, each repaired where it must be: of parts that overlap
/// nothing is taken away. Tells whether that changed anything. Throws Unusable as repaired() does.
bool unite(Geometry& geometry) {
  const bool is_valid = geometry->IsValid() != 0;
  const OGRwkbGeometryType type = wkbFlatten(geometry->getGeometryType());
  if (is_valid && type != wkbGeometryCollection) return false;
  OGRMultiPolygon polygons;
  OGRGeometryCollection others;
  take_apart(*geometry, polygons, others);
  if (is_valid && polygons.getNumGeometries() < 2) return false;
  OGRMultiPolygon valid;
  bool mended = false;
  double area = 0;
  for (const OGRPolygon* polygon : polygons) {
    if (polygon->IsEmpty() != 0) continue;
    Geometry part(polygon->clone());
    if (part->IsValid() == 0) {
      mended = true;
      try {
        part = repaired(*part);
      } catch (const Unusable& unusable) {
        if (unusable.remark != LayerRemark::no_geometry) throw;
        continue;
      }
    }
    area += area_of(*part);
    take_apart(*part, valid, others);
  }
  if (valid.IsEmpty() != 0 && others.IsEmpty() != 0) throw Unusable{LayerRemark::no_geometry};
  const Geometry united(valid.UnionCascaded());
  if (!united) throw Unusable{LayerRemark::ambiguous};
  constexpr double rounding = 1e-9;
  mended = mended || std::abs(area_of(*united) - area) > rounding * area;
  auto together = std::make_unique<OGRGeometryCollection>();
  together->addGeometry(united.get());
  for (const OGRGeometry* other : others) together->addGeometry(other);
  geometry = std::move(together);
  return mended;
}

LonLat place_of(double lon, double lat) {
  if (!(std::abs(lon) <= 360) || !(std::abs(lat) <= 90)) throw Unusable{LayerRemark::no_place};
  return {lon, lat};
}

/// Adds the parts of a geometry that are of use; tells whether there were others.
bool collect(const OGRGeometry& geometry, std::uint8_t wanted, LayerFeature& feature) {
  switch (wkbFlatten(geometry.getGeometryType())) {
    case wkbPoint: {
      if ((wanted & layer_points) == 0) return true;
      feature.points.push_back(place_of(geometry.toPoint()->getX(), geometry.toPoint()->getY()));
      return false;
    }
    case wkbLineString: {
      if ((wanted & layer_lines) == 0) return true;
      LonLatLine line;
      for (const OGRPoint& point : *geometry.toLineString()) line.push_back(place_of(point.getX(), point.getY()));
      if (!line.empty()) feature.lines.push_back(std::move(line));
      return false;
    }
    case wkbPolygon: {
      if ((wanted & layer_areas) == 0) return true;
      try {
        LonLatMultiPolygon areas = lonlat_shape(geometry);
        std::move(areas.begin(), areas.end(), std::back_inserter(feature.areas));
      } catch (const DataError&) {
        throw Unusable{LayerRemark::no_place};
      }
      return false;
    }
    default:
      break;
  }
  if (OGR_GT_IsSubClassOf(wkbFlatten(geometry.getGeometryType()), wkbGeometryCollection) == 0) return true;
  bool others = false;
  for (const OGRGeometry* part : *geometry.toGeometryCollection()) others = collect(*part, wanted, feature) || others;
  return others;
}

class Reader {
 public:
  Reader(const LayerSource& source, GDALDataset& dataset, OGRLayer& layer)
      : source_(source),
        layer_(layer),
        fields_(fields_of(layer, source.columns)),
        crs_(crs_of(dataset, layer, source.crs)),
        to_lonlat_(to_lonlat(crs_)) {}

  LayerContent read() {
    for_each_feature(layer_, [&](OGRFeature& feature, const GdalErrorCapture& errors) {
      ++content_.read;
      take(feature);
      if (errors.failed()) throw DataError(errors.explain("cannot be read"));
    });
    tell_shared_ids();
    return std::move(content_);
  }

 private:
  void remark(LayerRemark remark, const std::string& id) { content_.remarks.push_back({remark, id}); }

  void take(const OGRFeature& from) {
    LayerFeature feature;
    feature.id = text_of(from, fields_.id, Column::id);
    const bool has_id = !feature.id.empty();
    if (!has_id) feature.id = "#" + std::to_string(from.GetFID());
    feature.name = text_of(from, fields_.name);
    feature.holder = text_of(from, fields_.holder);
    bool mended = false;
    try {
      mended = set_geometry(from.GetGeometryRef(), feature);
    } catch (const Unusable& unusable) {
      remark(unusable.remark, feature.id);
      content_.left_out.push_back({feature.id, unusable.remark, extent_of(from.GetGeometryRef())});
      return;
    }
    set_values(from, feature);
    if (!seen_.insert(key_of(from)).second) {
      remark(LayerRemark::duplicate, feature.id);
      return;
    }
    if (!has_id && fields_.id >= 0) remark(LayerRemark::no_id, feature.id);
    if (mended) remark(LayerRemark::repaired, feature.id);
    content_.features.push_back(std::move(feature));
  }

  void set_values(const OGRFeature& from, LayerFeature& feature) {
    const auto remark_value = [&](int field) {
      constexpr std::size_t most_shown = 40;
      remark(LayerRemark::unreadable_value,
             feature.id + ": " + from.GetFieldDefnRef(field)->GetNameRef() + " '" +
                 printable(std::string(from.GetFieldAsString(field)).substr(0, most_shown)) + "'");
    };
    const auto set = [&](auto& value, int field, const auto& read) {
      try {
        value = read(field);
      } catch (const DataError&) {
        remark_value(field);
      }
    };
    set(feature.valid_from, fields_.valid_from, [&](int field) { return instant_of(from, field, false); });
    set(feature.valid_to, fields_.valid_to, [&](int field) { return instant_of(from, field, true); });
    set(feature.accuracy_m, fields_.accuracy_m, [&](int field) { return number_of(from, field); });
    static const Instant first_end = parse_instant("1901-01-01");  // before it an end stands for none
    if (feature.valid_to && *feature.valid_to < first_end) {
      remark_value(fields_.valid_to);
      feature.valid_to.reset();
    }
    if (feature.valid_from && feature.valid_to && *feature.valid_to < *feature.valid_from) {
      remark_value(fields_.valid_to);
      feature.valid_from.reset();
      feature.valid_to.reset();
    }
  }

  /// Of a geometry that is of no use.
  std::optional<LonLatBox> extent_of(const OGRGeometry* raw) {
    constexpr int points_per_side = 21;
    if (raw == nullptr || raw->IsEmpty() != 0) return std::nullopt;
    OGREnvelope box;
    raw->getEnvelope(&box);
    const GdalErrorCapture quiet;
    if (to_lonlat_ && to_lonlat_->TransformBounds(box.MinX, box.MinY, box.MaxX, box.MaxY, &box.MinX, &box.MinY,
                                                  &box.MaxX, &box.MaxY, points_per_side) == 0) {
      return std::nullopt;
    }
    if (box.MaxX < box.MinX) box.MaxX += 360;  // across the antimeridian
    const LonLatBox extent{box.MinX, box.MinY, box.MaxX, box.MaxY};
    const bool is_place =
        !extent.is_empty() && extent.west >= -360 && extent.east <= 540 && extent.south >= -90 && extent.north <= 90;
    return is_place ? std::optional(extent) : std::nullopt;
  }

  /// Whether it was repaired.
  bool set_geometry(const OGRGeometry* raw, LayerFeature& feature) {
    if (raw == nullptr || raw->IsEmpty() != 0) throw Unusable{LayerRemark::no_geometry};
    Geometry geometry(raw->getLinearGeometry());  // arcs become lines
    geometry->flattenTo2D();
    geometry->closeRings();
    const double longest = longest_edge_of(crs_);
    if (!(length_of(*geometry) <= most_edges * longest)) throw Unusable{LayerRemark::no_place};
    geometry->segmentize(longest);  // straight lines of one CRS are none of another
    const GdalErrorCapture quiet;   // why a geometry is not valid, or has no place
    if (to_lonlat_ && geometry->transform(to_lonlat_.get()) != OGRERR_NONE) throw Unusable{LayerRemark::no_place};
    const bool mended = geometry->getDimension() == 2 && unite(geometry);
    const bool others = collect(*geometry, source_.geometries, feature);
    if (!feature.areas.empty() || !feature.lines.empty() || !feature.points.empty()) return mended;
    throw Unusable{others ? LayerRemark::other_geometry : LayerRemark::no_geometry};
  }

  /// All of a feature that is read, as the layer has it.
  std::string key_of(const OGRFeature& from) const {
    std::string key;
    for (const int field :
         {fields_.id, fields_.name, fields_.holder, fields_.valid_from, fields_.valid_to, fields_.accuracy_m}) {
      if (field >= 0 && from.IsFieldSetAndNotNull(field)) key += from.GetFieldAsString(field);
      key += '\0';
    }
    const OGRGeometry& geometry = *from.GetGeometryRef();
    std::vector<unsigned char> bytes(geometry.WkbSize());
    geometry.exportToWkb(wkbNDR, bytes.data());
    key.append(bytes.begin(), bytes.end());
    return key;
  }

  void tell_shared_ids() {
    std::map<std::string, int> counts;
    for (const LayerFeature& feature : content_.features) ++counts[feature.id];
    for (const auto& [id, count] : counts) {
      if (count > 1) remark(LayerRemark::shared_id, id);
    }
  }

  const LayerSource& source_;
  OGRLayer& layer_;
  FieldNumbers fields_;
  OGRSpatialReference crs_;
  Transformation to_lonlat_;
  LayerContent content_;
  std::set<std::string> seen_;
};

std::string wanted_text(std::uint8_t geometries) {
  std::string text;
  for (const auto& [bit, name] : {std::pair{layer_areas, "polygon"}, {layer_lines, "line"}, {layer_points, "point"}}) {
    if ((geometries & bit) != 0) text += (text.empty() ? "" : " or ") + std::string(name);
  }
  return text;
}

LayerContent read_from(GDALDataset& dataset, const LayerSource& source, const GdalErrorCapture& errors) {
  OGRLayer& layer = layer_of(dataset, source.layer);
  // GeoJSON without features has no columns either: that it is empty says more.
  if (layer.GetFeatureCount() == 0) throw DataError("is empty");
  if (!is_database(source.target)) expect_clear_filter(layer, source.where);
  if (!source.where.empty() && layer.SetAttributeFilter(source.where.c_str()) != OGRERR_NONE) {
    throw DataError(errors.explain("is not to be filtered by '" + printable(source.where) + "'"));
  }
  LayerContent content = Reader(source, dataset, layer).read();
  if (errors.failed()) throw DataError(errors.explain("cannot be read"));
  if (content.read == 0) throw DataError("has no feature that fits its filter");
  if (content.features.empty()) {
    const LayerRemark first = content.remarks.front().remark;
    const bool other = first == LayerRemark::other_geometry || first == LayerRemark::no_geometry;
    throw DataError(other ? "has no " + wanted_text(source.geometries)
                          : "has no feature of use: the first is " + std::string(name(first)));
  }
  return content;
}

}  // namespace

LonLatBox box_of(const LayerFeature& feature) {
  LonLatBox box;
  box.include(feature.areas);
  for (const LonLatLine& line : feature.lines) box.include(line);
  box.include(feature.points);
  return box;
}

LayerContent read_layer(const LayerSource& source) {
  ensure_gdal();
  if (!is_database(source.target)) {
    const VectorFile file(source.target);
    return read_from(file.dataset(), source, file.errors());
  }
  const GdalErrorCapture errors;
  const GDALDatasetUniquePtr dataset = open_database(source.target, errors);
  return read_from(*dataset, source, errors);
}

}  // namespace pitwatch
