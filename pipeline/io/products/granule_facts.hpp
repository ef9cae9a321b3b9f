#pragma once
// What all writers of granules need to know about one. Used inside this folder only.

#include <array>

#include "pipeline/core/granule.hpp"
#include "pipeline/io/geo/geodesy.hpp"

namespace pitwatch {

/// Throws DataError for a granule that cannot be written: no bands, one that Level-2A has not or that is given twice, a
/// plane without its grid's size, grids of several CRS or corners, pixels of another size than the band's native one.
void check_granule(const Granule& granule);

/// The finest grid of a checked granule.
const Grid& finest_grid(const Granule& granule);

/// The grid's corners in longitude and latitude, from the lower left one counter-clockwise.
std::array<LonLat, 4> corners(const Grid& grid);

/// Of the pixels with a classification those of one class, in percent; 0 where there is no classification.
std::array<double, 12> class_percentages(const Granule& granule);

}  // namespace pitwatch
