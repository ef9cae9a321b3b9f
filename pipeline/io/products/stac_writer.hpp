#pragma once
// STAC items (1.0.0) over Cloud Optimized GeoTIFFs, as Earth Search publishes Sentinel-2 Level-2A, from pixels in
// memory.

#include <string>
#include <vector>

#include "pipeline/core/granule.hpp"
#include "pipeline/io/files/parallel_for.hpp"

namespace pitwatch {

/// What a collection says of an item.
struct StacSummary {
  std::string id;
  Instant acquired{};
  std::string platform;  // "sentinel-2a"
  double west = 0;       // degrees on WGS 84
  double south = 0;
  double east = 0;
  double north = 0;
};

/// Makes `folder`/ID with ID.json and one COG for each band and layer of the granule (B02.tif, SCL.tif, CLD.tif,
/// SNW.tif), ID by stac_item_id(). An older item of the name is replaced.
///
/// Asset keys, calibration and properties are those of Earth Search v1 ("blue", "scl", "s2:processing_baseline");
/// raster:bands has scale 0.0001 and offset boa_add_offset / 10000, and earthsearch:boa_offset_applied is false. 0 is
/// nodata of bands and SCL, 255 of probabilities. `synthetic` is true and `description` says what made the pixels.
/// Links lead to collection.json and catalog.json of `folder`: write_stac_collection(). Cloud coverage is
/// quality.cloud; what GranuleQuality does not have is counted in SCL.
///
/// The folder must exist. The item's folder appears whole or not at all (AtomicFolder). `parallel_for` runs over the
/// files; the bytes do not depend on it. Throws IoError with the path for every failure to write; DataError for a
/// granule that cannot be written: names (product_name.hpp), a CRS without EPSG code, planes and grids that do not fit,
/// a grid across the antimeridian. Thread-safe for distinct items.
StacSummary write_stac(const std::string& folder, const Granule& granule, const ParallelFor& parallel_for = serial_for);

/// Writes `folder`/collection.json, a static STAC collection of the items that write_stac() made in the folder, with
/// their extent in space and time, and `folder`/catalog.json, the root above it. The order of the items does not
/// matter. `description` says what the items are. Each file appears whole or not at all. Throws IoError with the path;
/// DataError where there are no items.
void write_stac_collection(const std::string& folder, std::vector<StacSummary> items, const std::string& description);

}  // namespace pitwatch
