#pragma once
// Sentinel-2 Level-2A products in ESA's SAFE folders, from pixels in memory.

#include <string>

#include "pipeline/core/granule.hpp"
#include "pipeline/io/files/parallel_for.hpp"

namespace pitwatch {

/// Makes `folder`/NAME.SAFE, NAME by product_name(), and gives its path. An older product of the name is replaced.
///
/// Within: MTD_MSIL2A.xml, manifest.safe, MTD_DS.xml of the datastrip, MTD_TL.xml of the tile; each band as JPEG 2000
/// without loss at its native resolution (ESA's products hold the finer bands at the coarser resolutions too), SCL at
/// 20 m, cloud and snow probabilities in QI_DATA where the granule has them. No aerosol, water vapour, true colour or
/// preview images, no quality masks but those two. The list of offsets (BOA_ADD_OFFSET) is there from baseline 04.00
/// on, and where the offset is not 0. A comment in the product's metadata and the software in the manifest say what
/// made it. Cloud coverage is quality.cloud; what GranuleQuality does not have is counted in SCL.
///
/// The folder must exist. The product appears whole or not at all (AtomicFolder). `parallel_for` runs over the images;
/// the bytes do not depend on it. Throws IoError with the path for every failure to write; DataError for a granule that
/// cannot be written: names (product_name.hpp), a CRS that is not a UTM zone of WGS 84, planes and grids that do not
/// fit. Thread-safe for distinct products.
std::string write_safe(const std::string& folder, const Granule& granule, const ParallelFor& parallel_for = serial_for);

}  // namespace pitwatch
