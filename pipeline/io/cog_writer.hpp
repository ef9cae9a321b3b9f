#pragma once
// Cloud Optimized GeoTIFF from a plane of 8-bit codes in memory.

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/io/parallel_for.hpp"

namespace pitwatch {

/// The code that stands for "no value" in every plane that is written here.
inline constexpr std::uint8_t cog_nodata_code = 255;

/// What is written into the file beside the pixels.
struct CogMetadata {
  std::string description;                                 // of the band, shown by GIS programs; may be empty
  std::vector<std::pair<std::string, std::string>> items;  // dataset metadata: key, value; keys unique
};

/// Writes Float32 pixels value_of_code[code]; code 255 becomes NaN, which is the file's nodata value.
/// Overviews (by 2, 4, ... until both sides are at most 512) are computed on the codes, not on the values: the mean of
/// the valid ones of 2 x 2 codes, rounded half up, so the table should be linear in the code; nodata where none is
/// valid.
///
/// Common to both functions: `codes` must have the grid's size. Tiles of 512 x 512, DEFLATE, IFDs before the data,
/// GDAL's ghost header, BigTIFF when needed. The bytes do not depend on `parallel_for`. The file appears whole or not
/// at all (AtomicFile); every failure to write, a full disk too, is an IoError with the path. Memory beside the plane:
/// a third of it for the overviews, and one batch of 64 compressed tiles. Thread-safe for distinct paths.
void write_cog_float(const std::string& path, const Grid& grid, PlaneView<const std::uint8_t> codes,
                     const std::array<float, 256>& value_of_code, const CogMetadata& metadata,
                     const ParallelFor& parallel_for = serial_for);

/// Writes the codes as they are (Byte, nodata 255), for classes: an overview pixel is the most frequent of the 2 x 2
/// codes that are not nodata, the largest among equally frequent ones; nodata where all are. Otherwise as above.
void write_cog_byte(const std::string& path, const Grid& grid, PlaneView<const std::uint8_t> codes,
                    const CogMetadata& metadata, const ParallelFor& parallel_for = serial_for);

}  // namespace pitwatch
