#pragma once
// Elevations of the ground, from a raster of any format and CRS.

#include <optional>
#include <span>
#include <string>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"

namespace pitwatch {

/// Metres above the raster's own zero at the pixel centres of `grid`, from its first band: by cubic convolution (Keys
/// 1981), linear beside pixels that have no elevation, NaN where the raster's pixel under the centre has none or there
/// is no raster. No elevation: nodata, and whatever the raster says that is -9999, -32768, -32767 and 32767
/// (before any scale), NaN, and numbers that are no height on Earth (below -12000 or above 9000).
/// Rasters of pixels less than half as large as the grid's are first averaged. Memory beside the result: as much of the
/// raster as lies under the grid. `path` is opened by whichever driver of GDAL knows it, and trusted: some formats name
/// other files. Throws DataError, starting with the path: what cannot be opened or read, has no CRS, is not north-up,
/// says by its band or its vertical CRS that it is not in metres, is absurdly large, has no elevation anywhere in the
/// grid, or is no elevation model there: half of the grid steeper than 70 degrees, as no ground is, but reflectances
/// and pictures are. Thread-safe.
Plane<float> read_elevation(const std::string& path, const Grid& grid);

/// Of several rasters: where one has no elevation, that of the next which has one. Throws where none has any there, and
/// for one that is no elevation model.
Plane<float> read_elevations(std::span<const std::string> paths, const Grid& grid);

/// The side in metres of one of its pixels on a grid, by the mean area; nothing where it lies elsewhere. Throws as
/// check_elevation().
std::optional<double> elevation_pixel_m(const std::string& path, const Grid& grid);

/// Whether it could be read somewhere: throws DataError as read_elevation() does for what does not depend on a grid.
void check_elevation(const std::string& path);

}  // namespace pitwatch
