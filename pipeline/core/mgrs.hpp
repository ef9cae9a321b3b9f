#pragma once
// Names of Sentinel-2's tiles: the 100 km squares of the military grid reference system.

#include <string>

#include "pipeline/core/grid.hpp"

namespace pitwatch {

/// "EPSG:32638" of the UTM zone that holds a place (degrees), without Norway's and Svalbard's exceptions.
std::string utm_crs(double longitude, double latitude);

/// The tile of a map point of a UTM CRS, "T38TPK"; `latitude` of the point in degrees picks the band. Throws
/// ConfigError for another CRS, or a latitude beyond -80 .. 84.
std::string mgrs_tile(const std::string& utm, MapPoint point, double latitude);

/// "EPSG:32638" of "T38TPK": the letter says on which side of the equator. Empty for other texts.
std::string crs_of_tile(const std::string& tile);

/// The grid of a whole tile that holds the point: 10980 x 10980 pixels of 10 m, as Sentinel-2 products have it.
/// Throws ConfigError for a CRS that is no UTM zone.
Grid tile_grid(const std::string& utm, MapPoint point);

}  // namespace pitwatch
