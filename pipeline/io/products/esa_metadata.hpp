#pragma once
// The XML of ESA's products as facts: of the product (MTD_MSIL1C.xml, MTD_MSIL2A.xml), of one tile (MTD_TL.xml, on AWS
// metadata.xml), of the datastrip (MTD_DS.xml) and of the checks in QI_DATA. All generations of the format name their
// elements alike; folders and file names differ. Used inside this folder only.
//
// All parsers throw DataError, without a path, for what is not XML (xml_tree.hpp), has another root, or lacks what
// every product has; other values are left out where they are missing or malformed. Thread-safe.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/products/esa_calibration.hpp"

namespace pitwatch {

/// A granule as the product lists it.
struct ListedGranule {
  std::string id;                   // "S2A_OPER_MSI_L2A_TL_VGS1_20220214T085403_A034723_T38KQA_N04.00"
  std::vector<std::string> images;  // "GRANULE/.../T38KQA_20220214T070051_B02_10m", of old products the last part alone
  std::string extension;            // ".jp2"; ".tif" where it says imageFormat="GeoTIFF"
};

struct ProductFacts {
  std::string level;  // "L1C" or "L2A"
  std::string uri;    // the product's name; of some old products something else
  Instant start{};
  std::optional<Instant> generated;
  std::string baseline;
  std::string platform;  // "sentinel-2a"
  std::string datatake;  // "GS2A_20220214T070051_034723_N04.00"
  std::optional<int> relative_orbit;
  StatedCalibration calibration;
  std::vector<ListedGranule> granules;
  std::optional<DegreeBox> footprint;
  std::optional<double> cloud_cover;
  std::optional<double> nodata;
  std::optional<double> degraded;          // percent of the MSI data
  std::vector<std::string> failed_checks;  // "FORMAT_CORRECTNESS check failed"
};

ProductFacts parse_product_metadata(std::string_view xml);

struct TileFacts {
  std::string level;
  std::string id;         // "S2A_OPER_MSI_L2A_TL_VGS1_20220214T085403_A034723_T38KQA_N04.00"
  std::string datastrip;  // "S2A_OPER_MSI_L2A_DS_VGS1_20220214T085403_S20220214T070332_N04.00"
  Instant sensed{};
  std::string crs;                                 // "EPSG:32738"
  std::optional<std::array<MapPoint, 2>> corners;  // of the tile: upper left, lower right
  std::optional<ViewAngles> sun;
  std::optional<ViewAngles> view;  // over the bands of 10 m
  std::optional<double> cloud_cover;
  std::optional<double> nodata;
  std::optional<double> degraded;
};

TileFacts parse_tile_metadata(std::string_view xml);

/// Fills in what the tile says, but for the processing baseline and the bands. What says the same of the whole product
/// stays: when it was acquired and made, platform, orbit, footprint.
void describe_by_tile(Scene& scene, const TileFacts& tile);

/// Adds what the producer says against it, each once.
void add_flags(Scene& scene, const std::vector<std::string>& flags);
void add_degraded_share(Scene& scene, std::optional<double> percent);

/// What a datastrip's metadata (MTD_DS.xml) or a report of checks (GEOMETRIC_QUALITY.xml and the like) says against the
/// product: "geometry not refined", "Data_Loss check failed".
std::vector<std::string> parse_quality_flags(std::string_view xml);

/// The box of places; of those on both sides of the antimeridian, less than half the globe wide. Nothing where there is
/// none, or one that is no place.
std::optional<DegreeBox> box_of(const std::vector<std::pair<double, double>>& lon_lat);

/// The box of points in a UTM CRS. Nothing where there is none, or for a CRS that PROJ does not know.
std::optional<DegreeBox> box_of(const std::string& crs, const std::vector<MapPoint>& points);

}  // namespace pitwatch
