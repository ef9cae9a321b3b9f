#pragma once
// STAC items (https://stacspec.org, 1.0 and 1.1) in local JSON files, as scenes.

#include <string>
#include <string_view>

#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// Reads one STAC item.
///
/// Bands: an asset is a band when `eo:bands` or `bands` names exactly one (by name, then by common name), or, where
/// neither member is there, when its key does ("B04", "red", "SCL", "B04_10m", "nir08_60m"). Visual, thumbnail,
/// overview and metadata assets are not bands. Where several assets show one band, the finest resolution is taken.
/// Paths: relative to the item's folder, which they must not leave (not by ".." and not by a symbolic link);
/// absolute paths and file:// URLs are taken as they are. Other schemes and GDAL's virtual /vsi paths are refused.
/// Calibration: scale, offset and nodata of `raster:bands[0]`, of `bands[0]`, or of the asset itself. Where no offset
/// is given and the processing baseline is 04.00 or later, the offset is -0.1, unless the item says that it was
/// applied to the pixels already (earthsearch:boa_offset_applied). SCL holds class codes: scale 1, offset 0.
///
/// Throws DataError, starting with the path, for anything that is not a usable item: unreadable, larger than 16 MiB,
/// nested deeper than 64 levels, a required member missing or of the wrong type, no band. Thread-safe.
///
/// What a scene may lack is left out where the item's value is missing or malformed: processed (`s2:generation_time`,
/// `processing:datetime`, `created`, in this order), bbox, cloud_cover (`eo:cloud_cover`), nodata
/// (`s2:nodata_pixel_percentage`, `statistics.nodata`), datatake and datastrip_start (`s2:` or `eopf:` identifiers).
Scene read_stac_item(const std::string& path);

/// The scene of an item's text, as read_stac_item gives it for a file of this text at `path`. Thread-safe.
Scene parse_stac_item(std::string_view text, const std::string& path);

/// The text of a JSON file that comes from outside. Throws DataError, without the path, for one that cannot be read or
/// is larger than 16 MiB. Thread-safe.
std::string read_json_text(const std::string& path);

}  // namespace pitwatch
