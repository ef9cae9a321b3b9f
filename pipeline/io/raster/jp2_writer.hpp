#pragma once
// JPEG 2000 files as Sentinel-2 products hold them, from planes in memory. Used inside this folder only.

#include <cstdint>
#include <string>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"

namespace pitwatch {

/// Writes one band without loss (the reversible 5/3 wavelet), with the georeference as GML in the file (OGC 05-047r3),
/// as ESA does. Tiles of 1024, 640 and 192 pixels for pixels of 10, 20 and 60 m, five decompositions where a tile has
/// room for them, both as ESA's; the entropy coder's bypass mode, which ESA does not use: every decoder knows it, and
/// it saves a quarter of the time for files that are 1 % larger. Pixels of 16 bits are declared as 15, as ESA does,
/// unless one needs all 16. The encoded file is held in memory, then written in place, neither atomically nor durably.
/// Throws IoError with the path for every failure to write; DataError for a plane without the grid's size or a CRS that
/// is unknown. Thread-safe for distinct paths.
void write_jp2(const std::string& path, const Grid& grid, PlaneView<const std::uint16_t> dn);
void write_jp2(const std::string& path, const Grid& grid, PlaneView<const std::uint8_t> values);

}  // namespace pitwatch
