#pragma once
// Plain GeoTIFFs of 16-bit digital numbers: scenes that this project makes itself, for tests and demonstrations.

#include <cstdint>
#include <string>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"

namespace pitwatch {

/// Writes digital numbers as Sentinel-2 archives store them: one band, UInt16, tiles of 256 x 256, DEFLATE with
/// horizontal differencing. `dn` must have the grid's size; `nodata` is written as the file's nodata value, pixels stay
/// as they are. The file appears whole or not at all (AtomicFile). Throws IoError with the path for every failure to
/// write, a full disk too; DataError for a CRS that is unknown or a plane of another size. Thread-safe for distinct
/// paths.
void write_geotiff_u16(const std::string& path, const Grid& grid, PlaneView<const std::uint16_t> dn,
                       std::uint16_t nodata);

}  // namespace pitwatch
