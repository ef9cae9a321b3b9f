#pragma once
// The state that GDAL keeps for the whole process.

#include <cstdint>
#include <string>

namespace pitwatch {

/// Registers GDAL's drivers and sets the options that this program relies on. Call once from main, before any thread
/// starts that reads rasters; later calls change only the cache size. `cache_bytes` bounds GDAL's block cache, which
/// serves RasterIO (BandFile::read_window) but not BandFile::read_block.
/// A function of this folder that needs GDAL calls it with a small cache if nobody has, so that tests need no set-up.
void initialise_gdal(std::int64_t cache_bytes);

/// GDAL may ask the services of Amazon's machines and containers for the credentials of their role. It makes no other
/// request by itself: of a file that names a URL (a GeoJSON its CRS) none is asked for. Bytes of rasters on the network
/// are not meant.
void let_gdal_ask_for_credentials();

/// Whether GDAL can open or write a format, by its driver's name: "GPKG".
bool has_gdal_driver(const std::string& name);

/// Versions of the libraries at run time, for `--version`, e.g. "3.6.2".
std::string gdal_version();
std::string proj_version();
std::string tiff_version();
std::string openssl_version();

}  // namespace pitwatch
