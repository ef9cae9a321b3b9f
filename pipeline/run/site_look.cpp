#include "pipeline/run/site_look.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "kernels/calibrate.hpp"
#include "kernels/resample.hpp"
#include "pipeline/align/alignment.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/band_file.hpp"
#include "pipeline/io/geodesy.hpp"
#include "pipeline/io/grid_mapping.hpp"
#include "pipeline/io/remote_path.hpp"

namespace pitwatch {
namespace {

constexpr float no_measurement = std::numeric_limits<float>::quiet_NaN();
// So that map coordinates with a rounded last place fall on the lattice all the same.
constexpr double position_unit_px = 1.0 / 1024;
constexpr std::uint16_t outside_classification = 255;
constexpr double widest_growth_m = 10'000;

/// Along one axis: where the centres of a grid's pixels lie among those of a raster's.
struct Axis {
  double start = 0;  // position of the first centre
  double step = 1;
  int length = 0;  // of the raster

  double position(int i) const { return std::round((start + i * step) / position_unit_px) * position_unit_px; }
  /// The raster's pixel that holds the centre; may be outside.
  int nearest(int i) const { return static_cast<int>(std::floor(position(i) + 0.5)); }
  bool inside(int i) const { return nearest(i) >= 0 && nearest(i) < length; }
};

struct Axes {
  Axis x;
  Axis y;
};

Axes axes_between(const Grid& grid, const Grid& raster, double shift_x_px = 0, double shift_y_px = 0) {
  const double step = grid.pixel_size_m / raster.pixel_size_m;
  // Beyond any raster; keeps what is far away within an int.
  const auto bounded = [](double start) { return std::clamp(start, -1e8, 1e8); };
  return {{bounded((grid.origin.x - raster.origin.x) / raster.pixel_size_m + (0.5 + shift_x_px) * step - 0.5), step,
           raster.width},
          {bounded((raster.origin.y - grid.origin.y) / raster.pixel_size_m + (0.5 + shift_y_px) * step - 0.5), step,
           raster.height}};
}

/// The raster's pixels that `count` centres draw from, with `reach` more on both sides; empty where none is inside.
std::pair<int, int> range_of(const Axis& axis, int count, int reach) {
  const int begin = std::max(0, static_cast<int>(std::floor(axis.position(0))) - reach);
  const int end = std::min(axis.length, static_cast<int>(std::floor(axis.position(count - 1))) + reach + 2);
  return {begin, std::max(begin, end)};
}

/// A window of a raster as reflectance; `bits` say why a pixel is no measurement.
struct Source {
  Window window;
  Plane<float> reflectance;
  Plane<MaskBits> bits;
};

Plane<std::uint16_t> read_dn(const BandFile& file, const Window& window) {
  Plane<std::uint16_t> dn(window.width, window.height);
  file.read_window(window, dn.view());
  return dn;
}

Window window_under(const Axes& axes, const Grid& grid, int reach) {
  const auto [x0, x1] = range_of(axes.x, grid.width, reach);
  const auto [y0, y1] = range_of(axes.y, grid.height, reach);
  return {x0, y0, x1 - x0, y1 - y0};
}

Source as_source(const Plane<std::uint16_t>& dn, const Calibration& calibration, const Window& window) {
  const auto code = [](const std::optional<std::uint16_t>& value) { return value ? static_cast<int>(*value) : -1; };
  const kernels::DnCalibration conversion{calibration.scale,           calibration.offset, code(calibration.nodata),
                                          code(calibration.saturated), mask_nodata,        mask_saturated};
  Source source{window, {window.width, window.height}, {window.width, window.height}};
  for (int y = 0; y < window.height; ++y) {
    std::fill_n(source.bits.row(y), window.width, MaskBits{mask_clear});
    kernels::dn_to_reflectance(dn.row(y), static_cast<std::size_t>(window.width), conversion, source.reflectance.row(y),
                               source.bits.row(y));
  }
  return source;
}

/// Four neighbours along one axis and their weights; those beyond the raster are its edge.
struct Taps {
  std::array<int, 4> at{};  // in the window
  std::array<float, 4> linear{};
  std::array<float, 4> cubic{};
  int nearest = 0;
  bool inside = false;
};

/// Of a position, which may be NaN, on an axis of so many pixels.
Taps taps_at(double position, int length, int window_begin) {
  Taps taps;
  const double nearest = std::floor(position + 0.5);
  taps.inside = nearest >= 0 && nearest < length;
  if (!taps.inside) return taps;
  const int left = static_cast<int>(std::floor(position));
  const auto fraction = static_cast<float>(position - left);
  for (int k = 0; k < 4; ++k) {
    taps.at[static_cast<std::size_t>(k)] = std::clamp(left - 1 + k, 0, length - 1) - window_begin;
  }
  taps.linear = {0, 1 - fraction, fraction, 0};
  kernels::bicubic_weights(fraction, taps.cubic.data());
  taps.nearest = static_cast<int>(nearest) - window_begin;
  return taps;
}

std::vector<Taps> taps_of(const Axis& axis, int count, int window_begin) {
  std::vector<Taps> all(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    all[static_cast<std::size_t>(i)] = taps_at(axis.position(i), axis.length, window_begin);
  }
  return all;
}

/// Weighted mean of the neighbours that are drawn from; nothing when one of them is no measurement and `whole` is
/// asked for.
std::optional<float> weighted(const Source& source, const Taps& x, const Taps& y, const std::array<float, 4>& wx,
                              const std::array<float, 4>& wy, bool whole) {
  float sum = 0;
  float weight = 0;
  bool gap = false;
  for (std::size_t r = 0; r < 4; ++r) {
    if (wy[r] == 0) continue;
    for (std::size_t c = 0; c < 4; ++c) {
      if (wx[c] == 0) continue;
      if (source.bits.at(x.at[c], y.at[r]) != mask_clear) {
        if (whole) return std::nullopt;
        gap = true;
        continue;
      }
      const float w = wx[c] * wy[r];
      sum += w * source.reflectance.at(x.at[c], y.at[r]);
      weight += w;
    }
  }
  return gap ? sum / weight : sum;
}

/// One band of one part on the site's grid.
struct BandPlane {
  Plane<float> reflectance;
  Plane<MaskBits> bits;
};

BandPlane empty_plane(const Grid& grid) {
  BandPlane plane{{grid.width, grid.height}, {grid.width, grid.height}};
  for (int y = 0; y < grid.height; ++y) {
    std::fill_n(plane.reflectance.row(y), grid.width, no_measurement);
    std::fill_n(plane.bits.row(y), grid.width, MaskBits{mask_nodata});
  }
  return plane;
}

/// The grid, moved to where its pixels are found in the scenes.
Grid moved(Grid grid, const LookOptions& options) {
  grid.origin = grid.to_map(options.shift_x_px, options.shift_y_px);
  return grid;
}

/// What a grid needs of a raster in another CRS. Throws DataError where a projection tears the site apart: no more is
/// read than a turned square and a change of scale ask for.
Window window_under(const GridMapping& mapping, const Grid& grid, const Grid& raster, int reach) {
  constexpr double most_times = 4;
  constexpr double side_px = 200;  // of what small sites may take in any case
  const Window window = mapping.window(reach);
  const double step = grid.pixel_size_m / raster.pixel_size_m;
  const double most = most_times * (grid.width * step + side_px) * (grid.height * step + side_px);
  if (static_cast<double>(window.width) * window.height > most) {
    throw DataError("its CRS " + raster.crs + " scatters the site, whose CRS is " + grid.crs);
  }
  return window;
}

BandPlane read_band(const Scene& part, Band band, const Grid& grid, const LookOptions& options) {
  const BandAsset& asset = part.bands.at(band);
  const BandFile file(asset.path);
  const Grid& raster = file.grid();
  const Axes axes = axes_between(grid, raster, options.shift_x_px, options.shift_y_px);
  std::optional<GridMapping> mapping;  // where the raster's axes are not the grid's
  if (raster.crs != grid.crs) mapping.emplace(moved(grid, options), lattice_of(raster));
  BandPlane plane = empty_plane(grid);
  const Window window = mapping ? window_under(*mapping, grid, raster, 1) : window_under(axes, grid, 1);
  if (window.empty()) return plane;
  const Plane<std::uint16_t> dn = read_dn(file, window);
  if (options.see_pixels) options.see_pixels(part, band, dn.view());
  const Source source = as_source(dn, asset.calibration, window);
  const bool cubic = raster.pixel_size_m == grid.pixel_size_m;
  const auto fill = [&](int column, int row, const Taps& x, const Taps& y) {
    const MaskBits bits = source.bits.at(x.nearest, y.nearest);
    plane.bits.at(column, row) = bits;
    if (bits != mask_clear) return;
    std::optional<float> value;
    if (cubic) value = weighted(source, x, y, x.cubic, y.cubic, true);
    if (!value) value = weighted(source, x, y, x.linear, y.linear, false);
    plane.reflectance.at(column, row) = *value;
  };
  if (mapping) {
    for (int row = 0; row < grid.height; ++row) {
      for (int column = 0; column < grid.width; ++column) {
        const PixelPosition position = mapping->at(column, row);
        const Taps x = taps_at(position.x, raster.width, window.x);
        const Taps y = taps_at(position.y, raster.height, window.y);
        if (x.inside && y.inside) fill(column, row, x, y);
      }
    }
    return plane;
  }
  const std::vector<Taps> columns = taps_of(axes.x, grid.width, window.x);
  const std::vector<Taps> rows = taps_of(axes.y, grid.height, window.y);
  for (int row = 0; row < grid.height; ++row) {
    const Taps& y = rows[static_cast<std::size_t>(row)];
    if (!y.inside) continue;
    for (int column = 0; column < grid.width; ++column) {
      const Taps& x = columns[static_cast<std::size_t>(column)];
      if (x.inside) fill(column, row, x, y);
    }
  }
  return plane;
}

// ---- the mask --------------------------------------------------------------------------------------------------

/// The classification's own pixels around the site.
struct Classes {
  Grid lattice;
  Plane<std::uint8_t> reasons;
};

/// Bits of the objects that are grown, wherever the nearest of their pixels is not farther away than `reach_px`.
void grow(cv::Mat objects, double reach_px, MaskBits reason, Plane<MaskBits>& reasons) {
  if (!(reach_px > 0) || cv::countNonZero(objects) == 0) return;
  cv::Mat distance_px;
  cv::distanceTransform(objects == 0, distance_px, cv::DIST_L2, cv::DIST_MASK_PRECISE);
  constexpr double rounding_px = 1e-3;
  for (int y = 0; y < objects.rows; ++y) {
    for (int x = 0; x < objects.cols; ++x) {
      if (distance_px.at<float>(y, x) <= reach_px + rounding_px) reasons.at(x, y) |= reason;
    }
  }
}

cv::Mat pixels_with(const Plane<MaskBits>& reasons, MaskBits reason) {
  cv::Mat pixels(reasons.height(), reasons.width(), CV_8U);
  for (int y = 0; y < pixels.rows; ++y) {
    for (int x = 0; x < pixels.cols; ++x) pixels.at<std::uint8_t>(y, x) = (reasons.at(x, y) & reason) != 0 ? 255 : 0;
  }
  return pixels;
}

/// Takes out objects, joined by sides or corners, of fewer pixels.
void drop_small(cv::Mat& objects, double least_px) {
  cv::Mat labels;
  cv::Mat statistics;
  cv::Mat centres;
  cv::connectedComponentsWithStats(objects, labels, statistics, centres, 8, CV_32S);
  for (int y = 0; y < objects.rows; ++y) {
    for (int x = 0; x < objects.cols; ++x) {
      const int label = labels.at<std::int32_t>(y, x);
      if (label != 0 && statistics.at<std::int32_t>(label, cv::CC_STAT_AREA) < least_px) {
        objects.at<std::uint8_t>(y, x) = 0;
      }
    }
  }
}

void grow_clouds(Classes& classes, const LookOptions& options) {
  const double pixel_m = classes.lattice.pixel_size_m;
  cv::Mat clouds = pixels_with(classes.reasons, mask_cloud);
  const cv::Mat shadows = pixels_with(classes.reasons, mask_cloud_shadow);
  drop_small(clouds, options.smallest_growing_cloud_m2 / (pixel_m * pixel_m));
  grow(clouds, options.cloud_growth_m / pixel_m, mask_cloud, classes.reasons);
  grow(shadows, options.shadow_growth_m / pixel_m, mask_cloud_shadow, classes.reasons);
}

/// The lattice that classes are gathered on: the classification's own, as far as what grows into the site may lie
/// outside it. Of one in another CRS: pixels of its size over the site's grid.
Grid class_lattice(const Grid& classification, const Grid& grid, const LookOptions& options) {
  const double pixel_m = classification.pixel_size_m;
  const double object_px = std::ceil(options.smallest_growing_cloud_m2 / (pixel_m * pixel_m));
  const double growth_m = std::max(options.cloud_growth_m, options.shadow_growth_m);
  const int margin = static_cast<int>(std::ceil(growth_m / pixel_m) + object_px) + 1;
  if (classification.crs != grid.crs) {
    Grid lattice = moved(grid, options);
    lattice.pixel_size_m = pixel_m;
    lattice.origin = lattice.to_map(-margin, -margin);
    const auto length = [&](int pixels) {
      return static_cast<int>(std::ceil(pixels * grid.pixel_size_m / pixel_m)) + 2 * margin;
    };
    lattice.width = length(grid.width);
    lattice.height = length(grid.height);
    return lattice;
  }
  const Axes axes = axes_between(grid, classification, options.shift_x_px, options.shift_y_px);
  const int x0 = axes.x.nearest(0) - margin;
  const int y0 = axes.y.nearest(0) - margin;
  return {grid.crs, classification.to_map(x0, y0), pixel_m, axes.x.nearest(grid.width - 1) + margin + 1 - x0,
          axes.y.nearest(grid.height - 1) + margin + 1 - y0};
}

/// Fills codes that are not known yet from a classification.
void add_codes(const BandFile& file, const Grid& lattice, Plane<std::uint16_t>& codes) {
  const Grid& raster = file.grid();
  const auto take = [](std::uint16_t& code, std::uint16_t there) {
    if (code == 0 || code == outside_classification) code = there;
  };
  if (raster.crs != lattice.crs) {
    const GridMapping mapping(lattice, lattice_of(raster));
    const Window window = window_under(mapping, lattice, raster, 0);
    if (window.empty()) return;
    const Plane<std::uint16_t> read = read_dn(file, window);
    for (int y = 0; y < codes.height(); ++y) {
      for (int x = 0; x < codes.width(); ++x) {
        const PixelPosition position = mapping.at(x, y);
        const Taps column = taps_at(position.x, raster.width, window.x);
        const Taps row = taps_at(position.y, raster.height, window.y);
        if (column.inside && row.inside) take(codes.at(x, y), read.at(column.nearest, row.nearest));
      }
    }
    return;
  }
  const Axes axes = axes_between(lattice, raster);
  const Window window = window_under(axes, lattice, 0);
  if (window.empty()) return;
  const Plane<std::uint16_t> read = read_dn(file, window);
  for (int y = 0; y < codes.height(); ++y) {
    if (!axes.y.inside(y)) continue;
    for (int x = 0; x < codes.width(); ++x) {
      if (axes.x.inside(x)) take(codes.at(x, y), read.at(axes.x.nearest(x) - window.x, axes.y.nearest(y) - window.y));
    }
  }
}

/// Nothing where no part has a classification.
std::optional<Classes> read_classes(std::span<const Scene> parts, const Grid& grid, const LookOptions& options) {
  std::optional<Classes> classes;
  Plane<std::uint16_t> codes;
  for (const Scene& part : parts) {
    if (!part.has(Band::SCL)) continue;
    const BandFile file(part.bands.at(Band::SCL).path);
    if (!classes) {
      classes.emplace();
      classes->lattice = class_lattice(file.grid(), grid, options);
      codes.reshape(classes->lattice.width, classes->lattice.height);
      for (int y = 0; y < codes.height(); ++y) std::fill_n(codes.row(y), codes.width(), outside_classification);
    }
    add_codes(file, classes->lattice, codes);
  }
  if (!classes) return classes;
  const bool all_have = std::all_of(parts.begin(), parts.end(), [](const Scene& part) { return part.has(Band::SCL); });
  const MaskBits outside = all_have ? options.class_reasons[0] : MaskBits{mask_clear};
  classes->reasons.reshape(codes.width(), codes.height());
  for (int y = 0; y < codes.height(); ++y) {
    for (int x = 0; x < codes.width(); ++x) {
      const std::uint16_t code = codes.at(x, y);
      const bool unknown = code == outside_classification || (code == 0 && !all_have);
      classes->reasons.at(x, y) = unknown                               ? outside
                                  : code < options.class_reasons.size() ? options.class_reasons[code]
                                                                        : MaskBits{mask_clear};
    }
  }
  grow_clouds(*classes, options);
  return classes;
}

// ---- the mosaic ------------------------------------------------------------------------------------------------

using BandPlanes = std::map<Band, BandPlane>;

MaskBits bits_of(const BandPlanes& planes, int x, int y) {
  MaskBits bits = mask_clear;
  for (const auto& [band, plane] : planes) bits |= plane.bits.at(x, y);
  return bits;
}

BandPlanes read_part(const Scene& part, const Grid& grid, std::span<const Band> bands, const LookOptions& options) {
  BandPlanes planes;
  for (const Band band : bands) {
    if (!part.has(band)) {
      throw DataError(redacted(part.source) + ": no asset for band " + std::string(name(band)) + " (" +
                      std::string(info(band).common_name) + ")");
    }
    try {
      planes.emplace(band, read_band(part, band, grid, options));
    } catch (...) {
      rethrow_with_context(part.id + " band " + std::string(name(band)));
    }
  }
  return planes;
}

void fill_gaps(BandPlanes& mosaic, const BandPlanes& part, const Grid& grid) {
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x) {
      if (bits_of(mosaic, x, y) == mask_clear || bits_of(part, x, y) != mask_clear) continue;
      for (auto& [band, plane] : mosaic) {
        plane.reflectance.at(x, y) = part.at(band).reflectance.at(x, y);
        plane.bits.at(x, y) = mask_clear;
      }
    }
  }
}

bool is_complete(const BandPlanes& planes, const Grid& grid) {
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x) {
      if (bits_of(planes, x, y) != mask_clear) return false;
    }
  }
  return true;
}

void check_options(const LookOptions& options) {
  const auto is_length = [](double value) { return value >= 0 && value <= widest_growth_m; };
  if (!is_length(options.cloud_growth_m) || !is_length(options.shadow_growth_m)) {
    throw ConfigError("clouds and their shadows can be grown by 0 to 10000 m");
  }
  if (!(options.smallest_growing_cloud_m2 >= 0 && options.smallest_growing_cloud_m2 <= 1e6)) {
    throw ConfigError("the smallest cloud that is grown must have 0 to 1000000 m2");
  }
}

}  // namespace

Grid site_grid(const Site& site) {
  constexpr double pixel_size_m = 10;
  constexpr double lattice_m = 20;
  const auto below = [](double value) { return std::floor(value / lattice_m) * lattice_m; };
  const auto above = [](double value) { return std::ceil(value / lattice_m) * lattice_m; };
  const MapPoint origin{below(site.lower_left.x), above(site.upper_right.y)};
  return {site.crs, origin, pixel_size_m, static_cast<int>((above(site.upper_right.x) - origin.x) / pixel_size_m),
          static_cast<int>((origin.y - below(site.lower_left.y)) / pixel_size_m)};
}

DegreeBox degree_box(const Grid& grid) {
  ToWgs84 to_wgs84(grid.crs);
  DegreeBox box{180, 90, -180, -90};
  // Straight edges of the map are curved in degrees: the middles of the sides may lie farther out than the corners.
  for (const double down : {0.0, 0.5, 1.0}) {
    for (const double across : {0.0, 0.5, 1.0}) {
      const LonLat place = to_wgs84(grid.to_map(across * grid.width, down * grid.height));
      box.west = std::min(box.west, place.lon);
      box.south = std::min(box.south, place.lat);
      box.east = std::max(box.east, place.lon);
      box.north = std::max(box.north, place.lat);
    }
  }
  if (box.east - box.west > 180) std::swap(box.west, box.east);  // astride the antimeridian
  return box;
}

SiteLook read_look(std::span<const Scene> parts, const Grid& grid, std::span<const Band> bands,
                   const LookOptions& options) {
  assert(!parts.empty() && !grid.extent().empty());
  check_options(options);
  BandPlanes mosaic;
  if (!bands.empty()) mosaic = read_part(parts.front(), grid, bands, options);
  for (std::size_t i = 1; i < parts.size() && !is_complete(mosaic, grid); ++i) {
    fill_gaps(mosaic, read_part(parts[i], grid, bands, options), grid);
  }
  std::optional<Classes> classes;
  try {
    classes = read_classes(parts, grid, options);
  } catch (...) {
    rethrow_with_context(parts.front().id + " classification");
  }
  SiteLook look;
  look.grid = grid;
  look.mask.reshape(grid.width, grid.height);
  Axes axes;
  if (classes) axes = axes_between(grid, classes->lattice, options.shift_x_px, options.shift_y_px);
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x) {
      MaskBits bits = bits_of(mosaic, x, y);
      if (classes) bits |= classes->reasons.at(axes.x.nearest(x), axes.y.nearest(y));
      look.mask.at(x, y) = bits;
    }
  }
  for (auto& [band, plane] : mosaic) look.reflectance.emplace(band, std::move(plane.reflectance));
  return look;
}

MaskShares mask_shares(PlaneView<const MaskBits> mask) {
  std::array<std::int64_t, 256> counts{};
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width; ++x) ++counts[mask.at(x, y)];
  }
  std::int64_t all = 0;
  std::int64_t data = 0;
  std::int64_t cloud = 0;
  std::int64_t shadow = 0;
  std::int64_t snow = 0;
  for (std::size_t bits = 0; bits < counts.size(); ++bits) {
    all += counts[bits];
    if ((bits & mask_nodata) != 0) continue;
    data += counts[bits];
    if ((bits & (mask_cloud | mask_cirrus)) != 0) cloud += counts[bits];
    if ((bits & mask_cloud_shadow) != 0) shadow += counts[bits];
    if ((bits & mask_snow) != 0) snow += counts[bits];
  }
  const auto share = [](std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  return {share(all - data, all), share(cloud, data), share(shadow, data), share(snow, data), share(counts[0], all)};
}

std::optional<LookShift> estimate_shift(PlaneView<const float> reference, PlaneView<const MaskBits> reference_mask,
                                        PlaneView<const float> look, PlaneView<const MaskBits> look_mask) {
  constexpr int step_px = 24;
  constexpr std::size_t least_windows = 2;
  constexpr double least_quality = 10;      // windows of one ground have 25 to 50, of different grounds 4 to 6
  constexpr double window_sigma_px = 0.08;  // of one window, where several agree by chance
  constexpr double least_sigma_px = 0.05;   // what all windows may have in common
  const int width = reference.width;
  const int height = reference.height;
  // Each plane is filled where it is masked itself: what is filled in both would hold them together.
  const auto filled = [](PlaneView<const float> plane, PlaneView<const MaskBits> mask) {
    Plane<float> result(plane.width, plane.height);
    const auto is_valid = [&](int x, int y) { return mask.at(x, y) == mask_clear && !std::isnan(plane.at(x, y)); };
    double sum = 0;
    std::int64_t valid = 0;
    for (int y = 0; y < plane.height; ++y) {
      for (int x = 0; x < plane.width; ++x) {
        if (!is_valid(x, y)) continue;
        sum += static_cast<double>(plane.at(x, y));
        ++valid;
      }
    }
    const float neutral = valid == 0 ? 0.0F : static_cast<float>(sum / static_cast<double>(valid));
    for (int y = 0; y < plane.height; ++y) {
      for (int x = 0; x < plane.width; ++x) result.at(x, y) = is_valid(x, y) ? plane.at(x, y) : neutral;
    }
    return result;
  };
  Plane<MaskBits> invalid(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool missing = std::isnan(reference.at(x, y)) || std::isnan(look.at(x, y));
      invalid.at(x, y) =
          static_cast<MaskBits>(reference_mask.at(x, y) | look_mask.at(x, y) | (missing ? mask_nodata : mask_clear));
    }
  }
  const Plane<float> before = filled(reference, reference_mask);
  const Plane<float> after = filled(look, look_mask);
  std::vector<WindowShift> shifts = measure_shifts(before.view(), after.view(), invalid.view(), 0, 0, step_px);
  std::erase_if(shifts, [](const WindowShift& shift) { return !(shift.quality >= least_quality); });
  if (shifts.size() < least_windows) return std::nullopt;
  const Alignment fit = fit_alignment(shifts);
  if (fit.windows_used == 0) return std::nullopt;
  const double middle_x = (width - 1) / 2.0;
  const double middle_y = (height - 1) / 2.0;
  // The standard error of a median. Windows overlap: as many are independent as lie side by side.
  constexpr double median_over_mean = 1.2533;  // sqrt(pi / 2)
  constexpr double overlap_share = static_cast<double>(step_px) / shift_window_px;
  const double independent = std::max(1.0, fit.windows_used * overlap_share * overlap_share);
  const double sigma_px = median_over_mean * std::max(fit.residual_px, window_sigma_px) / std::sqrt(independent);
  return LookShift{fit.x(middle_x) - middle_x, fit.y(middle_y) - middle_y, std::max(sigma_px, least_sigma_px),
                   fit.windows_used};
}

}  // namespace pitwatch
