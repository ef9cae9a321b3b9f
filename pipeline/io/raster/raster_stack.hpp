#pragma once
// Small GeoTIFFs of several bands of 16-bit numbers, in memory: what is kept of some ground on one date.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"

namespace pitwatch {

/// A band, and what its numbers stand for: number * scale + offset.
struct StackBand {
  std::string name;  // shown by GIS programs
  double scale = 1;
  double offset = 0;
  PlaneView<const std::uint16_t> numbers;  // of the grid's size
};

/// The bytes of a GeoTIFF of bands of one grid: UInt16, band after band, DEFLATE with predictor 2, the directory before
/// the pixels (a Cloud Optimized GeoTIFF without tiles or overviews, which so small a raster does not need). `nodata`
/// holds for all bands. `items` go into the file as metadata, but for empty
/// ones. The same content gives the same bytes. Throws DataError
/// for a CRS other than "EPSG:n", a band of another size than the grid, no band or more than 64. Thread-safe.
std::string geotiff_of_stack(const Grid& grid, std::span<const StackBand> bands, std::uint16_t nodata,
                             std::span<const std::pair<std::string, std::string>> items);

/// How large a file may be that is read.
struct StackBounds {
  std::uint64_t most_bytes = 0;
  int longest_side = 0;  // pixels
  int bands = 0;         // just so many
};

/// What a file says of itself.
struct StackHead {
  Grid grid;
  std::map<std::string, std::string> items;
  std::vector<std::pair<double, double>> scales;  // scale and offset of each band
};

struct RasterStack {
  StackHead head;
  std::vector<Plane<std::uint16_t>> bands;
};

/// Reads such a file, or one that another program has made of it, within bounds; what lies beside it (.aux.xml, .ovr)
/// does not count. Throws DataError, starting with the path: it cannot be read, is a link, too large, or no GeoTIFF of
/// UInt16; has another number of bands, no CRS, or is not north-up with square pixels of metres. Thread-safe.
RasterStack read_raster_stack(const std::string& path, const StackBounds& bounds);

/// The same without its pixels.
StackHead read_stack_head(const std::string& path, const StackBounds& bounds);

}  // namespace pitwatch
