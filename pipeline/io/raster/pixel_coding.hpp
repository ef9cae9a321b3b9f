#pragma once
// Numbers of files that are not the 16-bit digital numbers of a band, as such: reflectances of any type, and the bits
// of other producers' masks as classes of Sen2Cor.

#include <cstddef>
#include <cstdint>

#include "pipeline/core/raster_layer.hpp"

namespace pitwatch {

/// Classes of Sen2Cor, as far as others' masks say the same. Cloud is that of medium probability: of high probability
/// (9) Sen2Cor alone says it, which is then held against the pixels (align/class_agreement.hpp), and others grow
/// theirs.
enum class SclClass : std::uint16_t {
  no_data = 0,
  cloud_shadow = 3,
  water = 6,
  unclassified = 7,
  cloud = 8,
  cirrus = 10,
  snow = 11,
};

/// Of HLS v2.0 (HLS Product User Guide, table of the quality band): 255 no data; bit 0 cirrus (not used there), 1
/// cloud, 2 adjacent to cloud or shadow, 3 cloud shadow, 4 snow or ice, 5 water, 6 and 7 the level of aerosol, which
/// masks nothing. Of several that which weighs most: cloud, shadow, cirrus, beside a cloud (as cloud), snow, water.
SclClass class_of_fmask(std::uint16_t bits);

/// Of MAJA in THEIA's format (CESBIO, "Theia's Sentinel-2 L2A product format"; its native format has other bits): CLM
/// bit 1 all clouds but the thinnest, 4 the thinnest and 7 high ones (as cirrus), 5 and 6 shadows of clouds within and
/// outside the image; MG2 bit 1 any cloud, 3 shadows of clouds, 2 snow, 0 water, 5 hidden by terrain and 6, 7 a sun too
/// low or along the slope (as no data). Shadow of terrain (bit 4) is left to be judged, as Sen2Cor leaves it.
SclClass class_of_maja(std::uint16_t clm, std::uint16_t mg2);

/// Of Earth Engine's Sentinel-2 collections: bit 10 opaque cloud, bit 11 cirrus.
SclClass class_of_qa60(std::uint16_t bits);

/// A digital number of reflectance_calibration: 0 for a number that is none (not finite, or the layer's nodata), 1 to
/// 65534 otherwise; what lies beyond, at the nearer end.
std::uint16_t dn_of(double number, const RasterLayer& layer);

}  // namespace pitwatch
