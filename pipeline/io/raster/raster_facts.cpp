#include "pipeline/io/raster/raster_facts.hpp"

#include <gdal.h>
#include <ogr_spatialref.h>

#include <array>
#include <cmath>
#include <memory>

#include "pipeline/core/error.hpp"
#include "pipeline/core/mgrs.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/raster/jp2_header.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

constexpr int most_bands = 64;
constexpr std::size_t longest_description = 256;
constexpr std::array<const char*, 3> drivers{"GTiff", "JP2OpenJPEG", nullptr};

struct CloseDataset {
  void operator()(GDALDatasetH dataset) const { GDALClose(dataset); }
};
using Dataset = std::unique_ptr<void, CloseDataset>;

Dataset open(const std::string& path) {
  if (!path.starts_with("/vsi")) expect_regular_file(path);
  check_jp2_header(path);
  const GdalErrorCapture errors;
  Dataset dataset(GDALOpenEx(path.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR, drivers.data(),
                             nullptr, nullptr));
  if (!dataset) throw DataError(errors.explain("cannot open"));
  return dataset;
}

/// "gdalwarp -t_srs EPSG:32638 -tr 10 10 IN OUT", of the zone that holds the middle of the raster; empty where that is
/// not known.
std::string warp_command(GDALDatasetH dataset, const OGRSpatialReference& crs, const std::array<double, 6>& t) {
  OGRSpatialReference degrees;
  degrees.SetWellKnownGeogCS("WGS84");
  degrees.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  OGRSpatialReference from(crs);
  from.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  const std::unique_ptr<OGRCoordinateTransformation> transformation(OGRCreateCoordinateTransformation(&from, &degrees));
  double x = t[0] + t[1] * GDALGetRasterXSize(dataset) / 2;
  double y = t[3] + t[5] * GDALGetRasterYSize(dataset) / 2;
  if (!transformation || transformation->Transform(1, &x, &y) == FALSE) return {};
  if (!(std::abs(x) <= 180 && std::abs(y) <= 84)) return {};
  return ": bring it into its UTM zone by gdalwarp -t_srs " + utm_crs(x, y) + " -tr 10 10 IN.tif OUT.tif";
}

/// Throws DataError where pixels have no size in metres.
void check_crs(GDALDatasetH dataset, const std::array<double, 6>& transform) {
  const OGRSpatialReferenceH reference = GDALGetSpatialRef(dataset);
  if (reference == nullptr) throw DataError("has no coordinate reference system");
  const OGRSpatialReference& crs = *OGRSpatialReference::FromHandle(reference);
  if (crs.IsGeographic()) throw DataError("its pixels are in degrees" + warp_command(dataset, crs, transform));
  const char* const projection = crs.GetAttrValue("PROJECTION");
  const std::string name = projection != nullptr ? projection : "";
  if (name.starts_with("Mercator")) {
    throw DataError("in a Mercator projection (Web Mercator), whose pixels have another size on the ground" +
                    warp_command(dataset, crs, transform));
  }
}

BandFacts facts_of(GDALRasterBandH band) {
  BandFacts facts;
  facts.description = std::string(GDALGetDescription(band)).substr(0, longest_description);
  facts.type = GDALGetDataTypeName(GDALGetRasterDataType(band));
  int is_given = 0;
  const double scale = GDALGetRasterScale(band, &is_given);
  if (is_given != 0 && std::isfinite(scale) && scale > 0) facts.scale = scale;
  const double offset = GDALGetRasterOffset(band, &is_given);
  if (is_given != 0 && std::isfinite(offset)) facts.offset = offset;
  const double nodata = GDALGetRasterNoDataValue(band, &is_given);
  if (is_given != 0) facts.nodata = nodata;
  return facts;
}

}  // namespace

RasterFacts raster_facts(const std::string& path) {
  ensure_gdal();
  try {
    const Dataset dataset = open(path);
    const GdalErrorCapture quiet;
    const int bands = GDALGetRasterCount(dataset.get());
    if (bands < 1) throw DataError("has no raster band");
    if (bands > most_bands) throw DataError("absurd number of bands: " + std::to_string(bands));
    std::array<double, 6> transform{};
    if (GDALGetGeoTransform(dataset.get(), transform.data()) != CE_None) throw DataError("has no georeference");
    check_crs(dataset.get(), transform);
    RasterFacts facts;
    facts.pixel_size_m = transform[1];
    for (int i = 1; i <= bands; ++i) facts.bands.push_back(facts_of(GDALGetRasterBand(dataset.get(), i)));
    return facts;
  } catch (const DataError& error) {
    throw DataError(redacted(path) + ": " + redacted(error.what()));
  }
}

}  // namespace pitwatch
