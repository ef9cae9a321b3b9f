#include "pipeline/io/geo/ogr_values.hpp"

#include <ogrsf_frmts.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/gdal_errors.hpp"

namespace pitwatch {
namespace {

LonLatRing ring_of(const OGRLinearRing& ring) {
  LonLatRing result;
  const int points = ring.getNumPoints() - (ring.get_IsClosed() != 0 ? 1 : 0);  // OGR keeps rings as they are written
  for (int i = 0; i < points; ++i) {
    const LonLat position{ring.getX(i), ring.getY(i)};
    if (!(std::abs(position.lon) <= 360) || !(std::abs(position.lat) <= 90)) {
      throw DataError("has a vertex that is no place on Earth");
    }
    result.push_back(position);
  }
  if (result.size() < 3) throw DataError("has a ring of fewer than three vertices");
  return result;
}

void append_polygon(const OGRPolygon& polygon, LonLatMultiPolygon& shape) {
  if (polygon.IsEmpty() != 0) return;
  LonLatPolygon& added = shape.emplace_back();
  added.outer = ring_of(*polygon.getExteriorRing());
  for (int i = 0; i < polygon.getNumInteriorRings(); ++i) added.holes.push_back(ring_of(*polygon.getInteriorRing(i)));
}

/// OGR reads codes up to what is no digit.
bool is_whole_code(const std::string& crs) {
  if (crs.find_first_of("[{=") != std::string::npos) return true;  // WKT, JSON or a PROJ string
  const std::size_t divider = crs.find_last_of(":/");
  const std::string code = divider == std::string::npos ? "" : crs.substr(divider + 1);
  return code.empty() || code.front() < '0' || code.front() > '9' ||
         code.find_first_not_of("0123456789+") == std::string::npos;
}

OGRLinearRing* new_ring(const LonLatRing& vertices) {
  auto ring = std::make_unique<OGRLinearRing>();
  for (const LonLat& vertex : vertices) ring->addPoint(vertex.lon, vertex.lat);
  ring->closeRings();
  return ring.release();
}

}  // namespace

LonLatMultiPolygon lonlat_shape(const OGRGeometry& geometry) {
  LonLatMultiPolygon shape;
  switch (wkbFlatten(geometry.getGeometryType())) {
    case wkbPolygon:
      append_polygon(*geometry.toPolygon(), shape);
      break;
    case wkbMultiPolygon:
      for (const OGRPolygon* part : *geometry.toMultiPolygon()) append_polygon(*part, shape);
      break;
    default:
      throw DataError(std::string("is a ") + geometry.getGeometryName() + ", not a polygon");
  }
  return shape;
}

std::unique_ptr<OGRGeometry> ogr_shape(const LonLatMultiPolygon& shape) {
  auto geometry = std::make_unique<OGRMultiPolygon>();
  for (const LonLatPolygon& part : shape) {
    auto polygon = std::make_unique<OGRPolygon>();
    polygon->addRingDirectly(new_ring(part.outer));
    for (const LonLatRing& hole : part.holes) polygon->addRingDirectly(new_ring(hole));
    geometry->addGeometryDirectly(polygon.release());
  }
  return geometry;
}

const char* const* vector_drivers() {
  static constexpr std::array<const char*, 8> names{"GeoJSON",    "GeoJSONSeq", "GPKG",   "ESRI Shapefile",
                                                    "FlatGeobuf", "KML",        "LIBKML", nullptr};
  return names.data();
}

void FreeTransformation::operator()(OGRCoordinateTransformation* transformation) const {
  OGRCoordinateTransformation::DestroyCT(transformation);
}

OGRSpatialReference reference_of(const std::string& crs) {
  const GdalErrorCapture quiet;
  OGRSpatialReference reference;
  reference.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  // A text from outside names neither a file nor a URL that says what it is.
  if (reference.SetFromUserInput(crs.c_str(), OGRSpatialReference::SET_FROM_USER_INPUT_LIMITATIONS) != OGRERR_NONE ||
      !is_whole_code(crs)) {
    throw DataError("unknown CRS '" + printable(crs) + "'");
  }
  return reference;
}

Transformation transformation_between(const OGRSpatialReference& from, const OGRSpatialReference& to) {
  const GdalErrorCapture errors;
  OGRCoordinateTransformationOptions exact;
  exact.SetBallparkAllowed(false);
  const OGRSpatialReference wgs84 = reference_of("OGC:CRS84");
  Transformation transformation(OGRCreateCoordinateTransformation(&from, &to, exact));
  if (transformation) return transformation;
  transformation.reset(OGRCreateCoordinateTransformation(&from, &to));
  if (!transformation) throw DataError(errors.explain("no transformation from its CRS"));
  // Between CRSs whose areas lie apart PROJ knows none, though both relations to WGS 84 are known.
  for (const OGRSpatialReference* crs : {&from, &to}) {
    if (Transformation(OGRCreateCoordinateTransformation(crs, &wgs84, exact))) continue;
    throw DataError("how the datum of its CRS '" + printable(crs->GetName() == nullptr ? "" : crs->GetName()) +
                    "' lies to WGS 84 is not known");
  }
  return transformation;
}

Instant instant_field(const OGRFeature& feature, int field) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, zone = 0;
  float second = 0;
  feature.GetFieldAsDateTime(field, &year, &month, &day, &hour, &minute, &second, &zone);
  const auto milliseconds = std::lround(static_cast<double>(second) * 1000);
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:00Z", year, month, day, hour, minute);
  // Zones are counted in quarters of an hour around 100; 0 and 1 are no zone.
  const std::chrono::minutes offset{zone > 1 ? (zone - 100) * 15 : 0};
  return parse_instant(text.data()) + std::chrono::milliseconds(milliseconds) - offset;
}

void set_instant_field(OGRFeature& feature, int field, Instant instant) {
  using namespace std::chrono;
  constexpr int utc = 100;
  const auto day = floor<days>(instant);
  const year_month_day date(day);
  const hh_mm_ss time(instant - day);
  const auto second = static_cast<float>(time.seconds().count()) + static_cast<float>(time.subseconds().count()) / 1000;
  feature.SetField(field, static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
                   static_cast<int>(static_cast<unsigned>(date.day())), static_cast<int>(time.hours().count()),
                   static_cast<int>(time.minutes().count()), second, utc);
}

int field_index(const OGRFeatureDefn& definition, const std::string& name) {
  std::vector<int> exact;
  std::vector<int> by_case;
  for (int i = 0; i < definition.GetFieldCount(); ++i) {
    const std::string column = definition.GetFieldDefn(i)->GetNameRef();
    if (column == name) exact.push_back(i);
    if (lower_ascii(column) == lower_ascii(name)) by_case.push_back(i);
  }
  const std::vector<int>& found = exact.empty() ? by_case : exact;
  if (found.size() > 1) {
    std::string columns;
    for (const int i : found) {
      columns += (columns.empty() ? "'" : ", '") + printable(definition.GetFieldDefn(i)->GetNameRef()) + "'";
    }
    throw DataError("has several columns for '" + printable(name) + "': " + columns);
  }
  return found.empty() ? -1 : found.front();
}

std::string id_field(const OGRFeature& feature, int field) {
  const OGRFieldDefn& definition = *feature.GetFieldDefnRef(field);
  const auto refuse = [&](const char* why) {
    throw DataError("the id in column '" + printable(definition.GetNameRef()) + "' is " + why + ": give ids as text");
  };
  if (definition.GetType() == OFTReal) {
    constexpr double largest = 9007199254740992;  // 2^53: beyond it not every whole number is a double
    const double value = feature.GetFieldAsDouble(field);
    if (!(std::abs(value) < largest)) refuse("a number with more digits than are read");
    if (value != std::floor(value)) refuse("no whole number");
    return std::to_string(static_cast<std::int64_t>(value));
  }
  if (definition.GetType() == OFTInteger64) {
    using Limits = std::numeric_limits<GIntBig>;
    const GIntBig value = feature.GetFieldAsInteger64(field);
    if (value == Limits::max() || value == Limits::min()) refuse("a number with more digits than are read");
  }
  return feature.GetFieldAsString(field);
}

std::string id_of_feature(const OGRFeature& feature, int field) {
  try {
    return id_field(feature, field);
  } catch (const DataError& error) {
    throw DataError("feature " + std::to_string(feature.GetFID()) + ": " + error.what());
  }
}

}  // namespace pitwatch
