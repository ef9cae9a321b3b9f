#pragma once
// STAC items (https://stacspec.org, 1.0 and 1.1) as scenes: those of Earth Search (v0, v1 and Collection 1), of the
// Copernicus Data Space, of the Planetary Computer, and local ones.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "pipeline/core/scene.hpp"

namespace pitwatch {

/// What is said of all items of a collection.
struct StacCollection;

/// A collection's text; null for what is none. Thread-safe.
std::shared_ptr<const StacCollection> parse_stac_collection(std::string_view text);

/// The collection that a local item links to, in the item's folder or the one above; null where there is none such.
/// Thread-safe.
std::shared_ptr<const StacCollection> read_linked_collection(const std::string& item_path, const std::string& href);

struct StacItemOptions {
  /// "https" or "s3": an asset's href is replaced by one of `alternate` that has this scheme, where there is one.
  /// Empty: the asset's own href.
  std::string preferred_scheme;
  /// Gives the collection of an item that leaves something open, by the item's link to it (empty: no link); null where
  /// it is not known. Not asked for others.
  std::function<std::shared_ptr<const StacCollection>(const std::string& href)> collection;
};

/// The scene of a STAC item's text; `source` is the path or the URL where it lies.
///
/// Bands: an asset is a band when `eo:bands` or `bands` names exactly one (by name, then by common name), or, where
/// neither member is there, when its key does ("B04", "red", "SCL", "B04_10m", "nir08_60m"). Visual, thumbnail,
/// overview and metadata assets are not bands. Where several assets show one band, the finest resolution is taken.
///
/// Paths: relative to the item's folder, which they must not leave (not by ".." and not by a symbolic link);
/// absolute paths and file:// URLs are taken as they are. URLs of https, http and s3 stay URLs (remote_path.hpp: they
/// are well formed, and gdal_path() says whether they may be read); hrefs of an item whose source is a URL are URLs in
/// any case. Other schemes and GDAL's virtual /vsi paths are refused.
///
/// Inheritance: a band has from its asset, an asset from the item's properties what it does not say itself (STAC 1.1:
/// calibration, angles of view). An item has nothing from its collection by the specification; but where it leaves
/// open its level, its bands, or the scale or offset of one, it is completed by what the collection says of its items:
/// of an asset of the same key in `item_assets`, of a band of the same name in `bands`, `summaries.bands` or
/// `summaries.eo:bands`, and, of platform, product type and baseline, by a summary of one value. Odd members of a
/// collection are passed over.
///
/// Calibration: scale, offset and nodata of `raster:bands[0]`, of `bands[0]`, of the asset itself, of the item's
/// properties, of the collection, in this order. SCL holds class codes: scale 1, offset 0. Offsets of reflectance, by
/// the first of these rules (Scene::offsets.rule) that has a say:
///   1. "earthsearch:boa_offset_applied", "sentinel:boa_offset_applied" (Earth Search): true: 0, but for JPEG 2000
///      assets, which are ESA's files; false, with baseline 04.00 or later: -0.1, where the given offset is 0
///   2. the member that gives the offset: "raster:bands", "bands", "raster:offset", "offset"
///   3. "processing baseline" (Planetary Computer, Earth Search v0): -0.1 from 04.00 on, 0 before
///   4. "collection": what the item's collection gives, which may hold scenes of all baselines
///   5. "none given": 0
/// What the item says otherwise is listed in Scene::offsets.contradictions, as is a baseline that the product's name
/// contradicts, and the lack of both offset and baseline in scenes since 25 January 2022.
///
/// Throws DataError, starting with the source (redacted), for anything that is not a usable item: nested deeper than 64
/// levels, a required member missing or of the wrong type, an `s2:processing_baseline` that is none, an offset beyond
/// -1..1 or of 0.1, members that contradict each other in scale or offset, no band, a period of more than a day
/// (`start_datetime` to `end_datetime`): a composite is no acquisition. Thread-safe.
///
/// What a scene may lack is left out where the item's value is missing or malformed: level (`s2:product_type`,
/// `product:type`, the product's name, the collection's id), baseline (`s2:processing_baseline`, `processing:version`,
/// the product's name), tile, processed (`s2:generation_time`, `processing:datetime`, `created`, in this order), bbox,
/// cloud_cover (`eo:cloud_cover`), nodata (`s2:nodata_pixel_percentage`, `statistics.nodata`), datatake and
/// datastrip_start (`s2:` or `eopf:` identifiers), sun (`view:sun_elevation` and `view:sun_azimuth`,
/// `s2:mean_solar_zenith` and `s2:mean_solar_azimuth`), view (`view:incidence_angle` and `view:azimuth`, of all assets
/// of 10 m bands or of the item), orbits (`sat:` members, names of product, granule and datatake). Quality flags:
/// `s2:degraded_msi_data_percentage` above 0 and quality checks that failed.
Scene parse_stac_item(std::string_view text, const std::string& source, const StacItemOptions& options = {});

/// The scene of an item in a local file, with the collection that it links to, where that lies in its folder or the one
/// above. Throws DataError as parse_stac_item() does, and, starting with the path, for a
/// file that cannot be read or is larger than 16 MiB. Thread-safe.
Scene read_stac_item(const std::string& path);

/// The text of a JSON file that comes from outside. Throws DataError, without the path, for one that cannot be read or
/// is larger than 16 MiB. Thread-safe.
std::string read_json_text(const std::string& path);

}  // namespace pitwatch
