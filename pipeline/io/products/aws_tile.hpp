#pragma once
// Tiles as the buckets sentinel-s2-l1c and sentinel-s2-l2a on AWS hold them: metadata.xml, tileInfo.json, sometimes
// productInfo.json, and images without a product's names: B02.jp2, or R10m/B02.jp2, R20m/SCL.jp2, qi/CLD_20m.jp2.

#include <string>

#include "pipeline/io/products/product_scene.hpp"

namespace pitwatch {

/// Whether the reference is a folder with a metadata.xml, or that file. `is_sure` asks for the tileInfo.json too: other
/// programs call files metadata.xml.
bool is_aws_tile(const std::string& reference, bool is_sure = false);

/// Reads the metadata of a tile; no image is opened. The finest image of each band that is there is taken. The
/// product's own metadata are not here: the offset is that of the processing baseline, which the identifiers of tile
/// and datastrip name; where they do not, the rule of the scene's offsets is "unknown". The footprint is
/// tileDataGeometry of tileInfo.json, else the tile. Throws DataError, starting with the reference: metadata.xml is
/// missing, broken, or not of a tile; JSON that is broken; a folder that ProductFiles refuses. Thread-safe.
ProductScene read_aws_tile(const std::string& reference);

}  // namespace pitwatch
