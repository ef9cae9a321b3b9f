#pragma once
// Copies of rasters that hold the ground that is watched and nothing else. Used inside this folder only.

#include <cstdint>
#include <span>
#include <string>

#include "pipeline/core/grid.hpp"
#include "pipeline/io/raster/band_file.hpp"

namespace pitwatch {

/// What the pixels of a copy are. Bytes are for what is known to have no more.
enum class SparsePixels { bytes, numbers };

/// Writes a GeoTIFF with the grid, CRS and georeference of a raster, whose tiles hold the raster's pixels, as BandFile
/// reads them, where `ground` touches them; the others are `nodata` and take no place (DEFLATE; tiles of the raster's
/// size, or of 512 pixels where it has none or too large ones). Of ground in another CRS they are those that it is
/// resampled from. Where `nodata` is 0, what the raster itself calls no data becomes 0. False where none of the ground
/// is there: then nothing is but nodata. Throws DataError as BandFile does, and IoError with GDAL's reason, without the
/// path. Thread-safe.
bool copy_ground(const BandFile& file, std::span<const Grid> ground, SparsePixels pixels, std::uint16_t nodata,
                 const std::string& path);

}  // namespace pitwatch
