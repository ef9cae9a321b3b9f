#pragma once
// Opens vector files: the one place that says which files are taken for one. Used inside this folder only.

#include <memory>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_errors.hpp"

class GDALDataset;

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
  /// another format.
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
