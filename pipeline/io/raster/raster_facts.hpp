#pragma once
// What a raster file says of itself, where nothing else describes it.

#include <optional>
#include <string>
#include <vector>

namespace pitwatch {

/// One band of a file.
struct BandFacts {
  std::string description;  // "B4", "red"; empty: none
  std::string type;         // of the pixels, as GDAL calls it: "UInt16", "Float32"
  double scale = 1;         // value = number * scale + offset; 1 and 0 where nothing is said
  double offset = 0;
  std::optional<double> nodata;
};

struct RasterFacts {
  std::vector<BandFacts> bands;
  double pixel_size_m = 0;
};

/// Reads a GeoTIFF's or JPEG 2000's header; no pixel. Throws DataError that starts with the path: what BandFile cannot
/// read, more than 64 bands, and a CRS in which pixels have no size in metres (degrees, Web Mercator), with the command
/// that brings the file into the UTM zone of its middle. Thread-safe.
RasterFacts raster_facts(const std::string& path);

}  // namespace pitwatch
