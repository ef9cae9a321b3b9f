#include "pipeline/io/raster/elevation.hpp"

#include <gdal.h>
#include <ogr_spatialref.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <numbers>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/resample.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/geo/grid_mapping.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

constexpr float none = std::numeric_limits<float>::quiet_NaN();
constexpr float lowest_m = -12000;
constexpr float highest_m = 9000;
/// What stands for no elevation, whatever a raster says does: as SRTM, ESRI's grids and others have it. Mosaics of
/// several often declare that of one.
constexpr std::array<float, 4> usual_fills{-9999, -32768, -32767, 32767};
constexpr double steepest_median_degrees = 70;  // of a window of any ground, cliffs and open pits too
constexpr std::size_t fewest_slopes = 100;
constexpr int longest_side = 4'000'000;  // a mosaic of the Earth at 10 m
constexpr double most_times = 4;         // pixels of the raster for each of the grid, once averaged
constexpr double side_px = 200;          // of what small grids may take in any case

using Dataset = std::unique_ptr<void, void (*)(GDALDatasetH)>;

struct FreeText {
  void operator()(char* text) const { VSIFree(text); }
};

std::string crs_of(GDALDatasetH dataset) {
  const OGRSpatialReferenceH reference = GDALGetSpatialRef(dataset);
  if (reference == nullptr) throw DataError("has no coordinate reference system");
  OGRSpatialReference crs(*OGRSpatialReference::FromHandle(reference));
  crs.StripVertical();  // which zero heights count from does not matter to slopes and shadows
  char* raw = nullptr;
  const std::array<const char*, 2> options{"FORMAT=WKT2", nullptr};
  const OGRErr error = crs.exportToWkt(&raw, options.data());
  const std::unique_ptr<char, FreeText> wkt(raw);
  if (error != OGRERR_NONE) throw DataError("coordinate reference system cannot be written as WKT");
  return wkt.get();
}

RasterLattice lattice_of(GDALDatasetH dataset) {
  RasterLattice lattice;
  lattice.width = GDALGetRasterXSize(dataset);
  lattice.height = GDALGetRasterYSize(dataset);
  if (lattice.width > longest_side || lattice.height > longest_side) {
    throw DataError("absurd size: " + std::to_string(lattice.width) + " x " + std::to_string(lattice.height));
  }
  lattice.crs = crs_of(dataset);
  std::array<double, 6> t{};
  if (GDALGetGeoTransform(dataset, t.data()) != CE_None) throw DataError("has no georeference");
  const bool finite = std::all_of(t.begin(), t.end(), [](double value) { return std::isfinite(value); });
  if (!finite || t[2] != 0 || t[4] != 0 || t[1] <= 0 || t[5] >= 0) throw DataError("is not north-up");
  lattice.origin = {t[0], t[3]};
  lattice.pixel_width = t[1];
  lattice.pixel_height = -t[5];
  return lattice;
}

/// By the band, and by the vertical axis of the CRS.
void check_unit(GDALDatasetH dataset, GDALRasterBandH band) {
  const std::string unit = GDALGetRasterUnitType(band);
  const std::array<std::string_view, 6> metres{"", "m", "metre", "metres", "meter", "meters"};
  if (std::find(metres.begin(), metres.end(), unit) == metres.end()) {
    throw DataError("its elevations are in '" + printable(unit) + "', not in metres");
  }
  const OGRSpatialReferenceH reference = GDALGetSpatialRef(dataset);
  if (reference == nullptr) return;
  const char* vertical = "";
  const double metres_each = OGRSpatialReference::FromHandle(reference)->GetTargetLinearUnits("VERT_CS", &vertical);
  if (std::abs(metres_each - 1) > 1e-9) {
    throw DataError("its elevations are in '" + printable(vertical) + "' by its vertical CRS, not in metres");
  }
}

/// What a band's numbers mean.
class Coding {
 public:
  explicit Coding(GDALRasterBandH band) {
    int is_set = 0;
    const double nodata = GDALGetRasterNoDataValue(band, &is_set);
    if (is_set != 0) nodata_ = static_cast<float>(nodata);
    const double scale = GDALGetRasterScale(band, &is_set);
    if (is_set != 0) scale_ = scale;
    const double offset = GDALGetRasterOffset(band, &is_set);
    if (is_set != 0) offset_ = offset;
  }

  /// Metres; NaN where it is no elevation.
  float metres(float raw) const {
    if (raw == nodata_ || std::find(usual_fills.begin(), usual_fills.end(), raw) != usual_fills.end()) return none;
    const auto value = static_cast<float>(static_cast<float>(raw * scale_) + offset_);
    return value >= lowest_m && value <= highest_m ? value : none;
  }

 private:
  std::optional<float> nodata_;
  double scale_ = 1;
  double offset_ = 0;
};

/// Part of a raster, with its lattice.
struct Heights {
  RasterLattice lattice;
  Plane<float> metres;
};

/// The pixels of an axis, [first, end), that become the i-th of fewer.
std::pair<int, int> share(int pixels, int fewer, int i) {
  const auto edge = [&](int k) { return static_cast<int>(static_cast<std::int64_t>(pixels) * k / fewer); };
  return {edge(i), edge(i + 1)};
}

/// Every `factor` pixels of the window, along both axes, become their mean.
Heights read_window(GDALRasterBandH band, const RasterLattice& raster, const Window& window, int factor) {
  const auto reduced = [&](int pixels) { return (pixels + factor - 1) / factor; };
  Heights heights;
  heights.metres.reshape(reduced(window.width), reduced(window.height));
  Plane<float>& metres = heights.metres;
  heights.lattice = raster;
  heights.lattice.origin = {raster.origin.x + window.x * raster.pixel_width,
                            raster.origin.y - window.y * raster.pixel_height};
  heights.lattice.pixel_width = raster.pixel_width * window.width / metres.width();
  heights.lattice.pixel_height = raster.pixel_height * window.height / metres.height();
  heights.lattice.width = metres.width();
  heights.lattice.height = metres.height();
  // GDAL would average what stands for no elevation with the rest where the raster does not say what does.
  const Coding coding(band);
  std::vector<float> strip;
  for (int y = 0; y < metres.height(); ++y) {
    const auto [top, bottom] = share(window.height, metres.height(), y);
    strip.resize(static_cast<std::size_t>(window.width) * static_cast<std::size_t>(bottom - top));
    const GdalErrorCapture errors;
    if (GDALRasterIO(band, GF_Read, window.x, window.y + top, window.width, bottom - top, strip.data(), window.width,
                     bottom - top, GDT_Float32, 0, 0) != CE_None) {
      throw DataError(errors.explain("cannot read"));
    }
    for (int x = 0; x < metres.width(); ++x) {
      const auto [left, right] = share(window.width, metres.width(), x);
      double sum = 0;
      int count = 0;
      for (int row = 0; row < bottom - top; ++row) {
        for (int column = left; column < right; ++column) {
          const float value =
              coding.metres(strip[static_cast<std::size_t>(row) * static_cast<std::size_t>(window.width) +
                                  static_cast<std::size_t>(column)]);
          if (std::isnan(value)) continue;
          sum += value;
          ++count;
        }
      }
      metres.at(x, y) = count == 0 ? none : static_cast<float>(sum / count);
    }
  }
  return heights;
}

float height_at(const Plane<float>& metres, const kernels::Taps& x, const kernels::Taps& y) {
  if (x.nearest < 0 || y.nearest < 0 || std::isnan(metres.at(x.nearest, y.nearest))) return none;
  float smooth = 0;
  float sum = 0;
  float weight = 0;
  for (std::size_t r = 0; r < 4; ++r) {
    for (std::size_t c = 0; c < 4; ++c) {
      const float value = metres.at(x.at[c], y.at[r]);
      const float w = x.cubic[c] * y.cubic[r];
      if (w != 0) smooth += w * value;  // NaN where one of them is
      const float share = x.linear[c] * y.linear[r];
      if (share == 0 || std::isnan(value)) continue;
      sum += share * value;
      weight += share;
    }
  }
  return std::isnan(smooth) ? sum / weight : smooth;
}

/// A raster of something else: not one that lies elsewhere.
struct NoModel : DataError {
  using DataError::DataError;
};

/// Of reflectances and pictures each pixel is a cliff, as elevations.
void expect_model(const Plane<float>& metres, double pixel_size_m) {
  std::vector<float> slopes;
  for (int y = 1; y < metres.height(); ++y) {
    for (int x = 1; x < metres.width(); ++x) {
      const float here = metres.at(x, y);
      const float slope = std::hypot(here - metres.at(x - 1, y), here - metres.at(x, y - 1));
      if (!std::isnan(slope)) slopes.push_back(slope);
    }
  }
  if (slopes.size() < fewest_slopes) return;
  const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>(slopes.size() / 2);
  std::nth_element(slopes.begin(), middle, slopes.end());
  const double degrees = std::atan(*middle / pixel_size_m) * 180 / std::numbers::pi;
  if (degrees > steepest_median_degrees) {
    throw NoModel("is no elevation model: the median slope is " + std::to_string(std::lround(degrees)) + " degrees");
  }
}

/// An elevation model that is open.
struct OpenElevation {
  Dataset dataset;
  GDALRasterBandH band;
  RasterLattice lattice;
};

OpenElevation open_elevation(const std::string& path) {
  expect_regular_file(path);
  GdalErrorCapture errors;
  Dataset dataset(
      GDALOpenEx(path.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR, nullptr, nullptr, nullptr),
      [](GDALDatasetH open) { GDALClose(open); });
  if (!dataset) throw DataError(errors.explain("cannot open"));
  if (GDALGetRasterCount(dataset.get()) < 1) throw DataError("has no raster band");
  const GDALRasterBandH band = GDALGetRasterBand(dataset.get(), 1);
  check_unit(dataset.get(), band);
  RasterLattice lattice = lattice_of(dataset.get());
  return {std::move(dataset), band, std::move(lattice)};
}

Plane<float> read_over(const std::string& path, const Grid& grid) {
  const OpenElevation open = open_elevation(path);
  const RasterLattice& raster = open.lattice;
  const Window window = GridMapping(grid, raster).window(2);
  if (window.empty()) throw DataError("lies elsewhere");
  // So fine that averages are still at least as fine as the grid.
  const double per_pixel =
      std::sqrt(static_cast<double>(window.width) * window.height / (static_cast<double>(grid.width) * grid.height));
  const int factor = std::max(1, static_cast<int>(std::min(per_pixel, 1e6)));
  const double most = most_times * (grid.width + side_px) * (grid.height + side_px);
  if (static_cast<double>(window.width) * window.height / factor / factor > most) {
    throw DataError("its coordinate reference system scatters the grid");
  }
  const Heights heights = read_window(open.band, raster, window, factor);
  const GridMapping mapping(grid, heights.lattice);
  Plane<float> result(grid.width, grid.height);
  bool is_any = false;
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x) {
      const PixelPosition position = mapping.at(x, y);
      const float height = height_at(heights.metres, kernels::taps_at(position.x, heights.lattice.width),
                                     kernels::taps_at(position.y, heights.lattice.height));
      is_any = is_any || !std::isnan(height);
      result.at(x, y) = height;
    }
  }
  if (!is_any) throw DataError("has no elevation there");
  expect_model(result, grid.pixel_size_m);
  return result;
}

/// With errors that start with the path.
template <typename Read>
auto naming(const std::string& path, const Read& read) {
  ensure_gdal();
  try {
    return read();
  } catch (const NoModel& error) {
    throw NoModel(redacted(path) + ": " + error.what());
  } catch (const DataError& error) {
    throw DataError(redacted(path) + ": " + redacted(error.what()));
  }
}

}  // namespace

Plane<float> read_elevation(const std::string& path, const Grid& grid) {
  return naming(path, [&] { return read_over(path, grid); });
}

Plane<float> read_elevations(std::span<const std::string> paths, const Grid& grid) {
  std::optional<Plane<float>> all;
  std::exception_ptr first;
  for (const std::string& path : paths) {
    try {
      Plane<float> one = read_elevation(path, grid);
      if (!all) {
        all = std::move(one);
        continue;
      }
      for (int y = 0; y < grid.height; ++y) {
        for (int x = 0; x < grid.width; ++x) {
          if (std::isnan(all->at(x, y))) all->at(x, y) = one.at(x, y);
        }
      }
    } catch (const NoModel&) {
      throw;
    } catch (const DataError&) {  // it lies elsewhere; what cannot be read at all check_elevation() reports
      if (!first) first = std::current_exception();
    }
  }
  if (!all && first) std::rethrow_exception(first);
  if (!all) throw DataError("no raster of elevations is given");
  return *std::move(all);
}

std::optional<double> elevation_pixel_m(const std::string& path, const Grid& grid) {
  return naming(path, [&]() -> std::optional<double> {
    const OpenElevation open = open_elevation(path);
    const GridMapping mapping(grid, open.lattice);
    if (mapping.window(0).empty()) return std::nullopt;
    const int columns = grid.width - 1;
    const int rows = grid.height - 1;
    const PixelPosition corner = mapping.at(0, 0);
    const PixelPosition east = mapping.at(columns, 0);
    const PixelPosition south = mapping.at(0, rows);
    const double pixels =
        std::abs((east.x - corner.x) * (south.y - corner.y) - (east.y - corner.y) * (south.x - corner.x));
    if (!(pixels > 0) || !std::isfinite(pixels)) return std::nullopt;
    return grid.pixel_size_m * std::sqrt(columns * static_cast<double>(rows) / pixels);
  });
}

void check_elevation(const std::string& path) {
  naming(path, [&] { open_elevation(path); });
}

}  // namespace pitwatch
