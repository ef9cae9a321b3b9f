#pragma once
// Shapes, CRSs and times between OGR and this program. Used inside pipeline/io only.

#include <memory>
#include <string>

#include "pipeline/core/date.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"

class OGRCoordinateTransformation;
class OGRFeature;
class OGRFeatureDefn;
class OGRGeometry;
class OGRSpatialReference;

namespace pitwatch {

/// Polygons of a geometry in longitude and latitude; none where it is empty. Throws DataError for another kind of
/// geometry and for vertices that are no place on Earth.
LonLatMultiPolygon lonlat_shape(const OGRGeometry& geometry);

/// A multipolygon, its rings closed.
std::unique_ptr<OGRGeometry> ogr_shape(const LonLatMultiPolygon& shape);

/// The drivers that vector files are opened with: a list that ends with a null. It is fixed, so that a file from
/// outside cannot be a description of other files, databases or servers (OGR's VRT, WFS and the like) that are read in
/// its place.
const char* const* vector_drivers();

struct FreeTransformation {
  void operator()(OGRCoordinateTransformation* transformation) const;
};
using Transformation = std::unique_ptr<OGRCoordinateTransformation, FreeTransformation>;

/// A CRS by its name ("EPSG:32638"), x and longitude before y and latitude. Throws DataError for one that is unknown,
/// or of which but a beginning is a name ("EPSG:28408x").
OGRSpatialReference reference_of(const std::string& crs);

/// Throws DataError where there is none, or none that knows how the datums lie to each other: PROJ would take them for
/// one, which shifts ground by hundreds of metres.
Transformation transformation_between(const OGRSpatialReference& from, const OGRSpatialReference& to);

/// A time to the millisecond; OGR gives it in pieces. What has no time zone is UTC.
Instant instant_field(const OGRFeature& feature, int field);
void set_instant_field(OGRFeature& feature, int field, Instant instant);

/// The text of an id, which must be there. Of numbers OGR may have another than the file: beyond 64 bits it takes the
/// largest there is, and of columns that are not of whole numbers throughout, or wider than 18 digits in a Shapefile,
/// it keeps 53 bits: two ids could become one. Throws DataError, naming the column, for those and for fractions.
std::string id_field(const OGRFeature& feature, int field);

/// The same, the number of the feature before what it throws.
std::string id_of_feature(const OGRFeature& feature, int field);

/// The column of exactly that name, or else the one that differs from it by the case of its letters (A to Z) alone; -1:
/// there is none. Throws DataError, naming them, where there are several.
int field_index(const OGRFeatureDefn& definition, const std::string& name);

}  // namespace pitwatch
