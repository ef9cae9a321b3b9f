#pragma once
// Scenes in the forms in which other programs leave them, made of simulated ones: reflectances out of a STAC item,
// images of any type in.

#include <gdal/gdal.h>
#include <gdal/ogr_spatialref.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/scenes/scene_reader.hpp"

namespace pitwatch::test {

/// Numbers by row, which copies can be made of.
class Values {
 public:
  Values() = default;
  Values(int width, int height)
      : width_(width), all_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {}
  double& at(int x, int y) { return all_[index(x, y)]; }
  double at(int x, int y) const { return all_[index(x, y)]; }

 private:
  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x);
  }
  int width_ = 0;
  std::vector<double> all_;
};

/// Reflectances, NaN where there is none; of the classification its classes.
struct Image {
  Grid grid;
  Values values;
};

/// A band of a scene, `by` pixels of it averaged to one; classes by the first of them.
inline Image image_of(const Scene& scene, Band band, int by = 1) {
  const BandAsset& asset = scene.bands.at(band);
  const BandFile file(asset.path, asset.layer);
  const Grid& grid = file.grid();
  Plane<std::uint16_t> dn(grid.width, grid.height);
  file.read_window(grid.extent(), dn.view());
  Image image{{grid.crs, grid.origin, grid.pixel_size_m * by, grid.width / by, grid.height / by},
              {grid.width / by, grid.height / by}};
  for (int y = 0; y < image.grid.height; ++y) {
    for (int x = 0; x < image.grid.width; ++x) {
      double sum = 0;
      for (int i = 0; i < by * by; ++i) {
        const std::uint16_t number = dn.at(x * by + i % by, y * by + i / by);
        const bool is_none = number == asset.calibration.nodata;
        sum += is_none ? std::nan("") : number * double{asset.calibration.scale} + double{asset.calibration.offset};
      }
      image.values.at(x, y) = is_reflectance(band) ? sum / (by * by) : dn.at(x * by, y * by);
    }
  }
  return image;
}

/// Each pixel `by` times across and down.
inline Image finer(const Image& image, int by) {
  Image fine{
      {image.grid.crs, image.grid.origin, image.grid.pixel_size_m / by, image.grid.width * by, image.grid.height * by},
      {image.grid.width * by, image.grid.height * by}};
  for (int y = 0; y < fine.grid.height; ++y) {
    for (int x = 0; x < fine.grid.width; ++x) fine.values.at(x, y) = image.values.at(x / by, y / by);
  }
  return fine;
}

struct Layer {
  std::string description;
  Image image;  // values are stored as value * gain + shift; NaN as `nodata`
};

struct Storage {
  GDALDataType type = GDT_UInt16;
  double gain = 1e4;
  double shift = 0;
  double none = 0;               // what is stored where there is no value
  std::optional<double> nodata;  // what the file says of that
  std::optional<double> scale;   // what the file says of its scale
};

/// One file of several bands, all on the grid of the first.
inline void write_image(const std::string& path, const std::vector<Layer>& layers, const Storage& storage) {
  initialise_gdal(16 << 20);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  const Grid& grid = layers.front().image.grid;
  std::array<const char*, 3> options{"TILED=YES", "COMPRESS=DEFLATE", nullptr};
  const GDALDatasetH dataset =
      GDALCreate(GDALGetDriverByName("GTiff"), path.c_str(), grid.width, grid.height, static_cast<int>(layers.size()),
                 storage.type, const_cast<char**>(options.data()));
  if (dataset == nullptr) throw std::runtime_error("cannot make " + path);
  std::array<double, 6> transform{grid.origin.x, grid.pixel_size_m, 0, grid.origin.y, 0, -grid.pixel_size_m};
  GDALSetGeoTransform(dataset, transform.data());
  OGRSpatialReference crs;
  crs.SetFromUserInput(grid.crs.c_str());
  GDALSetSpatialRef(dataset, OGRSpatialReference::ToHandle(&crs));
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const GDALRasterBandH band = GDALGetRasterBand(dataset, static_cast<int>(i) + 1);
    if (!layers[i].description.empty()) GDALSetDescription(band, layers[i].description.c_str());
    if (storage.nodata) GDALSetRasterNoDataValue(band, *storage.nodata);
    if (storage.scale) GDALSetRasterScale(band, *storage.scale);
    std::vector<double> row(static_cast<std::size_t>(grid.width));
    for (int y = 0; y < grid.height; ++y) {
      for (int x = 0; x < grid.width; ++x) {
        const double value = layers[i].image.values.at(x, y);
        const double stored = value * storage.gain + storage.shift;
        row[static_cast<std::size_t>(x)] = std::isnan(value)             ? storage.none
                                           : storage.type == GDT_Float32 ? stored
                                                                         : std::round(stored);
      }
      if (GDALRasterIO(band, GF_Write, 0, y, grid.width, 1, row.data(), grid.width, 1, GDT_Float64, 0, 0) != CE_None) {
        throw std::runtime_error("cannot write " + path);
      }
    }
  }
  GDALClose(dataset);
}

}  // namespace pitwatch::test
