#pragma once
// Names of Sentinel-2 products and of their parts, by ESA's convention (Sentinel-2 Products Specification Document,
// S2-PDGS-TAS-DI-PSD, "compact naming convention") and Earth Search's.
//
// All functions that take a granule throw DataError for one whose names cannot be made: spacecraft other than A to D,
// tile not like "T38TPK", baseline not like "04.00", relative orbit not in 1..143, absolute orbit not in 1..999999, a
// site with other characters than letters, digits, '-' and '_'.

#include <string>

#include "pipeline/core/date.hpp"
#include "pipeline/core/granule.hpp"

namespace pitwatch {

/// "S2A_MSIL2A_20220605T075611_N0400_R035_T38TPK_20220605T103012": mission, level, start of the datatake, baseline,
/// relative orbit, tile, generation.
std::string product_name(const Granule& granule);

/// "S2A_38TPK_20220605_0_L2A", as Earth Search names items, 0 being the granule's sequence; with a site
/// "S2A_38TPK_20220605_0_L2A_SITE".
std::string stac_item_id(const Granule& granule);

/// "L2A_T38TPK_A036311_20220605T075611", the folder in GRANULE; "DS_SYNT_20220605T103012_S20220605T075611", the folder
/// in DATASTRIP. SYNT stands where ESA names the processing centre.
std::string granule_folder_name(const Granule& granule);
std::string datastrip_folder_name(const Granule& granule);

/// "S2A_OPER_MSI_L2A_TL_SYNT_20220605T103012_A036311_T38TPK_N04.00" and
/// "S2A_OPER_MSI_L2A_DS_SYNT_20220605T103012_S20220605T075611_N04.00".
std::string tile_id(const Granule& granule);
std::string datastrip_id(const Granule& granule);

/// "GS2A_20220605T075611_036311_N04.00".
std::string datatake_id(const Granule& granule);

/// "T38TPK_20220605T075611_B02_10m", without the file's extension; `layer` is a band's name or "SCL".
std::string image_name(const Granule& granule, const std::string& layer, int pixel_size_m);

/// "20220605T075611", UTC.
std::string compact_time(Instant instant);

}  // namespace pitwatch
