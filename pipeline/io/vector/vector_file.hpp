#pragma once
// Opens vector files: the one place that says which files are taken for one. Used inside this folder only.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_errors.hpp"

class GDALDataset;
class OGRFeature;
class OGRLayer;
class OGRSpatialReference;

namespace pitwatch {

/// A GeoJSON, GeoPackage, Shapefile, FlatGeobuf or KML file, open for reading. GDAL's messages of this thread are kept
/// as long as it lives.
class VectorFile {
 public:
  enum class Members {
    ignored,
    kept,  // what a GeoJSON collection has beside its features: as metadata NATIVE_DATA of the layer
  };

  /// Throws DataError, without the path, for what is no regular file of largest_vector_file_bytes at most, or of
  /// another format; for an archive (KMZ, .shp.zip) that zip_members() refuses or whose members are not as it lists
  /// them; for a Shapefile whose table has not one row for each shape, and for KML with a NetworkLink, which OGR does
  /// not follow, too.
  explicit VectorFile(const std::string& path, Members members = Members::ignored);

  GDALDataset& dataset() const { return *dataset_; }
  const GdalErrorCapture& errors() const { return errors_; }

 private:
  struct Close {
    void operator()(GDALDataset* dataset) const;
  };

  GdalErrorCapture errors_;
  std::unique_ptr<GDALDataset, Close> dataset_;
};

/// The layers of a file, without the table in which QGIS keeps styles in GeoPackages.
std::vector<OGRLayer*> layers_of(GDALDataset& dataset);

/// The CRS that a layer names, x and longitude before y and latitude. Nothing where it names none: GeoJSON without a
/// member `crs`, which is in WGS 84 unless somebody knows better, or a GeoPackage with an undefined one. Throws
/// DataError for a `crs` of GeoJSON that is unknown, or that is not the collection's but a feature's or geometry's: OGR
/// passes these over.
std::optional<OGRSpatialReference> named_crs(GDALDataset& dataset, OGRLayer& layer);

bool is_geojson(GDALDataset& dataset);

/// Their names: "'a', 'b'".
std::string names_of(const std::vector<OGRLayer*>& layers);

/// For an attribute filter of a file: throws DataError where it names one of several columns whose names differ by case
/// alone, of which OGR would take the first.
void expect_clear_filter(OGRLayer& layer, const std::string& where);

/// Calls visit(feature, errors) for each feature of a layer; `errors` has GDAL's messages of this visit alone. Throws
/// DataError, with GDAL's reason, where the layer cannot be read to its end: GDAL then gives the features before the
/// damage, as if there were no others.
void for_each_feature(OGRLayer& layer,
                      const std::function<void(OGRFeature& feature, const GdalErrorCapture& errors)>& visit);

/// Runs `action`, and puts the path before what it throws.
template <typename Action>
auto naming_file(const std::string& path, const Action& action) {
  try {
    return action();
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  } catch (const ConfigError& error) {
    throw ConfigError(path + ": " + error.what());
  }
}

}  // namespace pitwatch
