#include "pipeline/io/raster/geotiff_writer.hpp"

#include <gdal.h>
#include <ogr_srs_api.h>

#include <array>
#include <memory>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"

namespace pitwatch {
namespace {

void write(const std::string& path, const Grid& grid, PlaneView<const std::uint16_t> dn, std::uint16_t nodata) {
  const GdalErrorCapture errors;
  const std::unique_ptr<void, void (*)(OGRSpatialReferenceH)> crs(OSRNewSpatialReference(nullptr),
                                                                  &OSRDestroySpatialReference);
  if (OSRSetFromUserInput(crs.get(), grid.crs.c_str()) != OGRERR_NONE) {
    throw DataError(errors.explain("unknown CRS '" + grid.crs + "'"));
  }
  const std::array<const char*, 6> options{"TILED=YES",        "BLOCKXSIZE=256", "BLOCKYSIZE=256",
                                           "COMPRESS=DEFLATE", "PREDICTOR=2",    nullptr};
  std::unique_ptr<void, void (*)(GDALDatasetH)> dataset(
      GDALCreate(GDALGetDriverByName("GTiff"), path.c_str(), grid.width, grid.height, 1, GDT_UInt16,
                 const_cast<char**>(options.data())),
      &GDALClose);
  if (!dataset) throw IoError(errors.explain("cannot write"));
  std::array<double, 6> transform{grid.origin.x, grid.pixel_size_m, 0, grid.origin.y, 0, -grid.pixel_size_m};
  const GDALRasterBandH band = GDALGetRasterBand(dataset.get(), 1);
  const auto line_bytes = static_cast<GSpacing>(dn.stride * static_cast<std::ptrdiff_t>(sizeof(std::uint16_t)));
  const bool written =
      GDALSetGeoTransform(dataset.get(), transform.data()) == CE_None &&
      GDALSetSpatialRef(dataset.get(), crs.get()) == CE_None && GDALSetRasterNoDataValue(band, nodata) == CE_None &&
      GDALRasterIOEx(band, GF_Write, 0, 0, grid.width, grid.height, const_cast<std::uint16_t*>(dn.data), grid.width,
                     grid.height, GDT_UInt16, sizeof(std::uint16_t), line_bytes, nullptr) == CE_None;
  dataset.reset();  // most of the file is written here, and failures are known by their messages alone
  if (!written || errors.failed()) throw IoError(errors.explain("cannot write"));
}

}  // namespace

void write_geotiff_u16(const std::string& path, const Grid& grid, PlaneView<const std::uint16_t> dn,
                       std::uint16_t nodata) {
  ensure_gdal();
  if (dn.width != grid.width || dn.height != grid.height || grid.extent().empty()) {
    throw DataError(path + ": the plane to write does not have the size of its grid");
  }
  AtomicFile atomic(path);
  try {
    write(atomic.temporary(), grid, dn, nodata);
  } catch (const IoError& error) {
    throw IoError(path + ": " + error.what());
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
  atomic.commit();
}

}  // namespace pitwatch
