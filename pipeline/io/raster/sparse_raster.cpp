#include "pipeline/io/raster/sparse_raster.hpp"

#include <gdal.h>
#include <ogr_srs_api.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/geo/grid_mapping.hpp"

namespace pitwatch {
namespace {

constexpr int usual_tile = 512;
constexpr int largest_tile = 1024;

/// The tiles of a raster that hold ground.
struct Tiles {
  int width = 0;  // of one, pixels
  int height = 0;
  int across = 0;
  int down = 0;
  std::vector<char> wanted;  // row-major

  bool wants(int x, int y) const { return wanted[static_cast<std::size_t>(y * across + x)] != 0; }
};

Window window_of(const Grid& ground, const Grid& raster) {
  const auto column = [&](double x) { return (x - raster.origin.x) / raster.pixel_size_m; };
  const auto row = [&](double y) { return (raster.origin.y - y) / raster.pixel_size_m; };
  const MapPoint end = ground.to_map(ground.width, ground.height);
  const auto pixel = [](double position) { return static_cast<int>(std::clamp(position, -1e6, 1e6)); };
  const int left = pixel(std::floor(column(ground.origin.x)));
  const int top = pixel(std::floor(row(ground.origin.y)));
  return intersection({left, top, pixel(std::ceil(column(end.x))) - left, pixel(std::ceil(row(end.y))) - top},
                      raster.extent());
}

Tiles tiles_of(const BandFile& file, std::span<const Grid> ground) {
  const auto is_usable = [](int side) { return side % 16 == 0 && side >= 64 && side <= largest_tile; };
  const bool keeps = is_usable(file.block_width()) && is_usable(file.block_height());
  Tiles tiles;
  tiles.width = keeps ? file.block_width() : usual_tile;
  tiles.height = keeps ? file.block_height() : usual_tile;
  tiles.across = (file.grid().width + tiles.width - 1) / tiles.width;
  tiles.down = (file.grid().height + tiles.height - 1) / tiles.height;
  tiles.wanted.assign(static_cast<std::size_t>(tiles.across) * static_cast<std::size_t>(tiles.down), 0);
  for (const Grid& one : ground) {
    constexpr int reach = 2;  // of interpolation
    const Window window = one.crs == file.grid().crs ? window_of(one, file.grid())
                                                     : GridMapping(one, lattice_of(file.grid())).window(reach);
    if (window.empty()) continue;
    for (int y = window.y / tiles.height; y <= (window.bottom() - 1) / tiles.height; ++y) {
      for (int x = window.x / tiles.width; x <= (window.right() - 1) / tiles.width; ++x) {
        tiles.wanted[static_cast<std::size_t>(y * tiles.across + x)] = 1;
      }
    }
  }
  return tiles;
}

/// A GeoTIFF whose tiles are there only where they were written.
class SparseGeotiff {
 public:
  SparseGeotiff(const std::string& path, const Grid& grid, const Tiles& tiles, SparsePixels pixels,
                std::uint16_t nodata) {
    const bool is_byte = pixels == SparsePixels::bytes;
    const std::string width = "BLOCKXSIZE=" + std::to_string(tiles.width);
    const std::string height = "BLOCKYSIZE=" + std::to_string(tiles.height);
    const std::array<const char*, 7> options{
        "TILED=YES",      width.c_str(), height.c_str(), "COMPRESS=DEFLATE", is_byte ? "PREDICTOR=1" : "PREDICTOR=2",
        "SPARSE_OK=TRUE", nullptr};
    dataset_.reset(GDALCreate(GDALGetDriverByName("GTiff"), path.c_str(), grid.width, grid.height, 1,
                              is_byte ? GDT_Byte : GDT_UInt16, const_cast<char**>(options.data())));
    if (!dataset_) throw IoError(errors_.explain("cannot write"));
    const std::unique_ptr<void, void (*)(OGRSpatialReferenceH)> crs(OSRNewSpatialReference(nullptr),
                                                                    &OSRDestroySpatialReference);
    std::array<double, 6> transform{grid.origin.x, grid.pixel_size_m, 0, grid.origin.y, 0, -grid.pixel_size_m};
    const bool described = OSRSetFromUserInput(crs.get(), grid.crs.c_str()) == OGRERR_NONE &&
                           GDALSetGeoTransform(dataset_.get(), transform.data()) == CE_None &&
                           GDALSetSpatialRef(dataset_.get(), crs.get()) == CE_None &&
                           GDALSetRasterNoDataValue(band(), nodata) == CE_None;
    if (!described) throw IoError(errors_.explain("cannot write"));
  }

  void write(const Window& window, PlaneView<const std::uint16_t> dn) {
    const auto line_bytes = static_cast<GSpacing>(dn.stride * static_cast<std::ptrdiff_t>(sizeof(std::uint16_t)));
    if (GDALRasterIOEx(band(), GF_Write, window.x, window.y, window.width, window.height,
                       const_cast<std::uint16_t*>(dn.data), window.width, window.height, GDT_UInt16,
                       sizeof(std::uint16_t), line_bytes, nullptr) != CE_None) {
      throw IoError(errors_.explain("cannot write"));
    }
  }

  void close() {
    dataset_.reset();  // most of the file is written here, and failures are known by their messages alone
    if (errors_.failed()) throw IoError(errors_.explain("cannot write"));
  }

 private:
  GDALRasterBandH band() const { return GDALGetRasterBand(dataset_.get(), 1); }

  GdalErrorCapture errors_;
  std::unique_ptr<void, void (*)(GDALDatasetH)> dataset_{nullptr, &GDALClose};
};

/// Copies the wanted tiles; stretches of a row of tiles are read at once, so that they come in one request.
void copy_tiles(const BandFile& file, const Tiles& tiles, SparseGeotiff& copy) {
  Plane<std::uint16_t> dn;
  for (int y = 0; y < tiles.down; ++y) {
    for (int x = 0; x < tiles.across; ++x) {
      if (!tiles.wants(x, y)) continue;
      int end = x + 1;
      while (end < tiles.across && tiles.wants(end, y)) ++end;
      const Window window = intersection({x * tiles.width, y * tiles.height, (end - x) * tiles.width, tiles.height},
                                         file.grid().extent());
      dn.reshape(window.width, window.height);
      file.read_window(window, dn.view());
      copy.write(window, dn.view());
      x = end;
    }
  }
}

}  // namespace

bool copy_ground(const BandFile& file, std::span<const Grid> ground, SparsePixels pixels, std::uint16_t nodata,
                 const std::string& path) {
  const Tiles tiles = tiles_of(file, ground);
  SparseGeotiff copy(path, file.grid(), tiles, pixels, nodata);
  if (file.layer().coding == PixelCoding::as_stored) {
    RasterLayer layer = file.layer();
    layer.nodata = nodata;  // what the file itself calls no data, or masks, too: the copy says but one number
    copy_tiles(BandFile(file.path(), layer), tiles, copy);
  } else {
    copy_tiles(file, tiles, copy);
  }
  copy.close();
  return std::find(tiles.wanted.begin(), tiles.wanted.end(), 1) != tiles.wanted.end();
}

}  // namespace pitwatch
