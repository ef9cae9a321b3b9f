#include "pipeline/acquisition/mosaic.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <utility>
#include <vector>

#include "kernels/resample.hpp"
#include "pipeline/acquisition/site_band.hpp"
#include "pipeline/align/alignment.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/geo/geodesy.hpp"
#include "pipeline/io/geo/grid_mapping.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/schedule/background.hpp"

namespace pitwatch {
namespace {

constexpr std::uint16_t outside_classification = 255;
constexpr double widest_growth_m = 10'000;

// ---- the mask --------------------------------------------------------------------------------------------------

/// The classification's own pixels around the site.
struct Classes {
  Grid lattice;
  Plane<std::uint16_t> codes;  // or outside_classification
  Plane<MaskBits> reasons;
};

constexpr double rounding_px = 1e-3;

/// grow() by the pixels of a disc, one after the other: of small ones quicker than measuring distances.
void grow_by_disc(const cv::Mat& objects, double reach_px, MaskBits reason, Plane<MaskBits>& reasons) {
  const int radius = static_cast<int>(reach_px + rounding_px);
  for (int down = -radius; down <= radius; ++down) {
    for (int across = -radius; across <= radius; ++across) {
      if (std::hypot(across, down) > reach_px + rounding_px) continue;
      const int begin = std::max(0, -across);
      const int end = std::min(objects.cols, objects.cols - across);
      for (int y = std::max(0, -down); y < std::min(objects.rows, objects.rows - down); ++y) {
        const std::uint8_t* const from = objects.ptr<std::uint8_t>(y + down) + across;
        MaskBits* const into = reasons.row(y);
        for (int x = begin; x < end; ++x) into[x] |= from[x] & reason;
      }
    }
  }
}

/// Bits of the objects (255) that are grown, wherever the nearest of their pixels is not farther away than `reach_px`.
void grow(const cv::Mat& objects, double reach_px, MaskBits reason, Plane<MaskBits>& reasons) {
  if (!(reach_px > 0) || cv::countNonZero(objects) == 0) return;
  constexpr double small_px = 4;
  if (reach_px <= small_px) {
    grow_by_disc(objects, reach_px, reason, reasons);
    return;
  }
  cv::Mat distance_px;
  cv::distanceTransform(objects == 0, distance_px, cv::DIST_L2, cv::DIST_MASK_PRECISE);
  for (int y = 0; y < objects.rows; ++y) {
    for (int x = 0; x < objects.cols; ++x) {
      if (distance_px.at<float>(y, x) <= reach_px + rounding_px) reasons.at(x, y) |= reason;
    }
  }
}

cv::Mat pixels_with(const Plane<MaskBits>& reasons, MaskBits reason) {
  cv::Mat pixels(reasons.height(), reasons.width(), CV_8U);
  for (int y = 0; y < pixels.rows; ++y) {
    std::transform(reasons.row(y), reasons.row(y) + pixels.cols, pixels.ptr<std::uint8_t>(y),
                   [reason](MaskBits bits) -> std::uint8_t { return (bits & reason) != 0 ? 255 : 0; });
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

void grow_clouds(Classes& classes, const MosaicOptions& options) {
  const double pixel_m = classes.lattice.pixel_size_m;
  const cv::Mat shadows = pixels_with(classes.reasons, mask_cloud_shadow);  // before clouds grow into them
  if (options.cloud_growth_m > 0) {
    cv::Mat clouds = pixels_with(classes.reasons, mask_cloud);
    drop_small(clouds, options.smallest_growing_cloud_m2 / (pixel_m * pixel_m));
    grow(clouds, options.cloud_growth_m / pixel_m, mask_cloud, classes.reasons);
  }
  grow(shadows, options.shadow_growth_m / pixel_m, mask_cloud_shadow, classes.reasons);
}

/// The lattice that classes are gathered on: the classification's own, as far as what grows into the site may lie
/// outside it. Of one in another CRS: pixels of its size over the site's grid.
Grid class_lattice(const Grid& classification, const Grid& grid, const MosaicOptions& options) {
  const double pixel_m = classification.pixel_size_m;
  const double object_px = std::ceil(options.smallest_growing_cloud_m2 / (pixel_m * pixel_m));
  const double growth_m = std::max(options.cloud_growth_m, options.shadow_growth_m);
  const int margin = static_cast<int>(std::ceil(growth_m / pixel_m) + object_px) + 1;
  if (classification.crs != grid.crs) {
    Grid lattice = grid;
    lattice.origin = grid.to_map(options.shift_x_px, options.shift_y_px);
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
void add_codes(const BandFile& file, const Grid& lattice, BlockCache* blocks, Plane<std::uint16_t>& codes) {
  const Grid& raster = file.grid();
  const auto take = [](std::uint16_t& code, std::uint16_t there) {
    if (code == 0 || code == outside_classification) code = there;
  };
  if (raster.crs != lattice.crs) {
    const GridMapping mapping(lattice, lattice_of(raster));
    const Window window = window_under(mapping, lattice, raster, 0);
    if (window.empty()) return;
    const Plane<std::uint16_t> read = read_dn(file, window, blocks);
    check_classes(file, read);
    for (int y = 0; y < codes.height(); ++y) {
      for (int x = 0; x < codes.width(); ++x) {
        const PixelPosition position = mapping.at(x, y);
        const kernels::Taps column = kernels::taps_at(position.x, raster.width);
        const kernels::Taps row = kernels::taps_at(position.y, raster.height);
        if (column.nearest < 0 || row.nearest < 0) continue;
        take(codes.at(x, y), read.at(column.nearest - window.x, row.nearest - window.y));
      }
    }
    return;
  }
  const Axes axes = axes_between(lattice, raster);
  const Window window = window_under(axes, lattice, 0);
  if (window.empty()) return;
  const Plane<std::uint16_t> read = read_dn(file, window, blocks);
  check_classes(file, read);
  std::vector<std::pair<int, int>> columns;  // of the lattice, and of what was read
  for (int x = 0; x < codes.width(); ++x) {
    if (axes.x.inside(x)) columns.emplace_back(x, axes.x.nearest(x) - window.x);
  }
  for (int y = 0; y < codes.height(); ++y) {
    if (!axes.y.inside(y)) continue;
    const std::uint16_t* const from = read.row(axes.y.nearest(y) - window.y);
    std::uint16_t* const into = codes.row(y);
    for (const auto& [x, column] : columns) take(into[x], from[column]);
  }
}

/// Nothing where no part has a classification.
std::optional<Classes> read_classes(std::span<const Scene> parts, const Grid& grid, const MosaicOptions& options,
                                    OpenBands& files) {
  std::optional<Classes> classes;
  for (const Scene& part : parts) {
    if (!part.has(Band::SCL)) continue;
    const BandFile& file = files.at(part.bands.at(Band::SCL));
    if (!classes) {
      classes.emplace();
      classes->lattice = class_lattice(file.grid(), grid, options);
      Plane<std::uint16_t>& codes = classes->codes;
      codes.reshape(classes->lattice.width, classes->lattice.height);
      for (int y = 0; y < codes.height(); ++y) std::fill_n(codes.row(y), codes.width(), outside_classification);
    }
    add_codes(file, classes->lattice, options.blocks, classes->codes);
  }
  if (!classes) return classes;
  const Plane<std::uint16_t>& codes = classes->codes;
  const bool all_have = std::all_of(parts.begin(), parts.end(), [](const Scene& part) { return part.has(Band::SCL); });
  const MaskBits outside = all_have ? options.class_reasons[0] : MaskBits{mask_clear};
  classes->reasons.reshape(codes.width(), codes.height());
  const auto reason_of = [&](std::uint16_t code) -> MaskBits {
    if (code == outside_classification || (code == 0 && !all_have)) return outside;
    return code < options.class_reasons.size() ? options.class_reasons[code] : MaskBits{mask_clear};
  };
  for (int y = 0; y < codes.height(); ++y) {
    std::transform(codes.row(y), codes.row(y) + codes.width(), classes->reasons.row(y), reason_of);
  }
  grow_clouds(*classes, options);
  return classes;
}

// ---- the mosaic ------------------------------------------------------------------------------------------------

using BandPlanes = std::map<Band, BandPlane>;

/// Bits of all bands together, in one row.
void bits_of(const BandPlanes& planes, int y, std::vector<MaskBits>& bits) {
  std::fill(bits.begin(), bits.end(), MaskBits{mask_clear});
  for (const auto& [band, plane] : planes) {
    const MaskBits* row = plane.bits.row(y);
    for (std::size_t x = 0; x < bits.size(); ++x) bits[x] |= row[x];
  }
}

/// Calls work(0), work(1) ... on any threads. Of several that fail the first is reported.
void side_by_side(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::vector<std::exception_ptr> failures(count);
  in_parallel(static_cast<int>(count), [&](int i) {
    const auto n = static_cast<std::size_t>(i);
    try {
      work(n);
    } catch (...) {
      failures[n] = std::current_exception();
    }
  });
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

/// Of a band that is not there.
BandPlane unmeasured(const Grid& grid) {
  BandPlane plane;
  plane.reflectance.reshape(grid.width, grid.height);
  plane.bits.reshape(grid.width, grid.height);
  for (int y = 0; y < grid.height; ++y) {
    std::fill_n(plane.reflectance.row(y), grid.width, std::numeric_limits<float>::quiet_NaN());
    std::fill_n(plane.bits.row(y), grid.width, MaskBits{mask_clear});
  }
  return plane;
}

BandPlanes read_part(const Scene& part, const Grid& grid, std::span<const Band> bands, const MosaicOptions& options,
                     OpenBands& files) {
  const auto is_dispensable = [&](Band band) {
    return std::find(options.dispensable.begin(), options.dispensable.end(), band) != options.dispensable.end();
  };
  for (const Band band : bands) {
    if (part.has(band) || is_dispensable(band)) continue;
    throw DataError(redacted(part.source) + ": no asset for band " + std::string(name(band)) + " (" +
                    std::string(info(band).common_name) + ")");
  }
  std::vector<BandPlane> planes(bands.size());
  side_by_side(bands.size(), [&](std::size_t n) {
    const Band band = bands[n];
    if (!part.has(band)) {
      planes[n] = unmeasured(grid);
      return;
    }
    const auto see = [&](PlaneView<const std::uint16_t> dn) {
      if (!options.see_pixels) return;
      try {
        options.see_pixels(part, band, dn);
      } catch (...) {
        rethrow_with_context(redacted(part.bands.at(band).path));
      }
    };
    try {
      const BandAsset& asset = part.bands.at(band);
      planes[n] = read_band(band, files.at(asset), asset.calibration, grid, options.shift_x_px, options.shift_y_px,
                            options.blocks, see);
    } catch (...) {
      rethrow_with_context(part.id + " band " + std::string(name(band)));
    }
  });
  BandPlanes result;
  for (std::size_t n = 0; n < bands.size(); ++n) result.emplace(bands[n], std::move(planes[n]));
  return result;
}

void fill_gaps(BandPlanes& mosaic, const BandPlanes& part, const Grid& grid) {
  std::vector<MaskBits> have(static_cast<std::size_t>(grid.width));
  std::vector<MaskBits> offered(have.size());
  for (int y = 0; y < grid.height; ++y) {
    bits_of(mosaic, y, have);
    bits_of(part, y, offered);
    for (int x = 0; x < grid.width; ++x) {
      const auto i = static_cast<std::size_t>(x);
      if (have[i] == mask_clear || offered[i] != mask_clear) continue;
      for (auto& [band, plane] : mosaic) {
        plane.reflectance.at(x, y) = part.at(band).reflectance.at(x, y);
        plane.bits.at(x, y) = mask_clear;
      }
    }
  }
}

bool is_complete(const BandPlanes& planes, const Grid& grid) {
  std::vector<MaskBits> bits(static_cast<std::size_t>(grid.width));
  for (int y = 0; y < grid.height; ++y) {
    bits_of(planes, y, bits);
    if (std::any_of(bits.begin(), bits.end(), [](MaskBits one) { return one != mask_clear; })) return false;
  }
  return true;
}

void check_options(const MosaicOptions& options) {
  const auto is_length = [](double value) { return value >= 0 && value <= widest_growth_m; };
  if (!is_length(options.cloud_growth_m) || !is_length(options.shadow_growth_m)) {
    throw ConfigError("clouds and their shadows can be grown by 0 to 10000 m");
  }
  if (!(options.smallest_growing_cloud_m2 >= 0 && options.smallest_growing_cloud_m2 <= 1e6)) {
    throw ConfigError("the smallest cloud that is grown must have 0 to 1000000 m2");
  }
}

}  // namespace

Grid site_grid(const Site& site, double buffer_m) {
  constexpr double pixel_size_m = 10;
  constexpr double lattice_m = 20;
  const auto below = [](double value) { return std::floor(value / lattice_m) * lattice_m; };
  const auto above = [](double value) { return std::ceil(value / lattice_m) * lattice_m; };
  const MapPoint origin{below(site.lower_left.x - buffer_m), above(site.upper_right.y + buffer_m)};
  return {site.crs, origin, pixel_size_m,
          static_cast<int>((above(site.upper_right.x + buffer_m) - origin.x) / pixel_size_m),
          static_cast<int>((origin.y - below(site.lower_left.y - buffer_m)) / pixel_size_m)};
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

Mosaic read_mosaic(std::span<const Scene> parts, const Grid& grid, std::span<const Band> bands,
                   const MosaicOptions& options) {
  assert(!parts.empty() && !grid.extent().empty());
  check_options(options);
  OpenBands own_files;
  OpenBands& files = options.files != nullptr ? *options.files : own_files;
  BandPlanes mosaic;
  std::optional<Classes> classes;
  const auto read_bands = [&] {
    if (!bands.empty()) mosaic = read_part(parts.front(), grid, bands, options, files);
    for (std::size_t i = 1; i < parts.size() && !is_complete(mosaic, grid); ++i) {
      fill_gaps(mosaic, read_part(parts[i], grid, bands, options, files), grid);
    }
  };
  const auto read_classification = [&] {
    try {
      classes = read_classes(parts, grid, options, files);
    } catch (...) {
      rethrow_with_context(parts.front().id + " classification");
    }
  };
  side_by_side(2, [&](std::size_t n) { n == 0 ? read_bands() : read_classification(); });
  Mosaic acquisition;
  acquisition.grid = grid;
  acquisition.mask.reshape(grid.width, grid.height);
  if (options.keep_classes) acquisition.classes.reshape(grid.width, grid.height);
  Axes axes;
  if (classes) axes = axes_between(grid, classes->lattice, options.shift_x_px, options.shift_y_px);
  std::vector<MaskBits> bits(static_cast<std::size_t>(grid.width));
  std::vector<int> columns;  // of the classification
  for (int x = 0; classes && x < grid.width; ++x) columns.push_back(axes.x.nearest(x));
  for (int y = 0; y < grid.height; ++y) {
    bits_of(mosaic, y, bits);
    if (classes) {
      const MaskBits* reasons = classes->reasons.row(axes.y.nearest(y));
      for (std::size_t x = 0; x < bits.size(); ++x) bits[x] |= reasons[columns[x]];
    }
    std::copy(bits.begin(), bits.end(), acquisition.mask.row(y));
    if (!options.keep_classes) continue;
    const std::uint16_t* const codes = classes ? classes->codes.row(axes.y.nearest(y)) : nullptr;
    std::uint8_t* const kept = acquisition.classes.row(y);
    for (std::size_t x = 0; x < bits.size(); ++x) {
      const std::uint16_t code = codes != nullptr ? codes[columns[x]] : std::uint16_t{0};
      kept[x] = code == outside_classification ? std::uint8_t{0} : static_cast<std::uint8_t>(code);
    }
  }
  for (auto& [band, plane] : mosaic) acquisition.reflectance.emplace(band, std::move(plane.reflectance));
  return acquisition;
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

namespace {

/// The shifts of all windows, a row of windows at a time.
std::vector<WindowShift> shifts_of(PlaneView<const float> before, PlaneView<const float> after,
                                   PlaneView<const MaskBits> invalid, int step_px) {
  const int rows = before.height < shift_window_px ? 0 : (before.height - shift_window_px) / step_px + 1;
  std::vector<std::vector<WindowShift>> by_row(static_cast<std::size_t>(rows));
  in_parallel(rows, [&](int row) {
    const int y = row * step_px;
    const auto strip = [y](auto plane) {
      plane.data = plane.row(y);
      plane.height = shift_window_px;
      return plane;
    };
    by_row[static_cast<std::size_t>(row)] = measure_shifts(strip(before), strip(after), strip(invalid), 0, y, step_px);
  });
  std::vector<WindowShift> all;
  for (const std::vector<WindowShift>& some : by_row) all.insert(all.end(), some.begin(), some.end());
  return all;
}

}  // namespace

std::optional<MosaicShift> estimate_shift(PlaneView<const float> reference, PlaneView<const MaskBits> reference_mask,
                                          PlaneView<const float> acquisition,
                                          PlaneView<const MaskBits> acquisition_mask) {
  constexpr int least_step_px = shift_window_px / 2;
  constexpr int most_windows_a_side = 12;  // more tell no more of one shift
  constexpr int least_windows = 2;
  constexpr double least_quality = 10;      // windows of one ground have 25 to 50, of different grounds 4 to 6
  constexpr double window_sigma_px = 0.08;  // of one window, where several agree by chance
  constexpr double least_sigma_px = 0.05;   // what all windows may have in common
  const int width = reference.width;
  const int height = reference.height;
  const int step_px = std::max(least_step_px, std::max(width, height) / most_windows_a_side);
  // Each plane is filled where it is masked itself: what is filled in both would hold them together.
  const auto filled = [](PlaneView<const float> plane, PlaneView<const MaskBits> mask) {
    Plane<float> result(plane.width, plane.height);
    double sum = 0;
    std::int64_t valid = 0;
    for (int y = 0; y < plane.height; ++y) {
      const float* const from = plane.row(y);
      const MaskBits* const bits = mask.row(y);
      float* const into = result.row(y);
      for (int x = 0; x < plane.width; ++x) {
        const bool is_valid = bits[x] == mask_clear && from[x] == from[x];
        into[x] = is_valid ? from[x] : std::numeric_limits<float>::quiet_NaN();
        sum += is_valid ? static_cast<double>(from[x]) : 0;
        valid += is_valid ? 1 : 0;
      }
    }
    const float neutral = valid == 0 ? 0.0F : static_cast<float>(sum / static_cast<double>(valid));
    for (int y = 0; y < plane.height; ++y) {
      float* const row = result.row(y);
      for (int x = 0; x < plane.width; ++x) row[x] = row[x] == row[x] ? row[x] : neutral;
    }
    return result;
  };
  Plane<MaskBits> invalid(width, height);
  for (int y = 0; y < height; ++y) {
    const float* const before = reference.row(y);
    const float* const after = acquisition.row(y);
    const MaskBits* const before_bits = reference_mask.row(y);
    const MaskBits* const after_bits = acquisition_mask.row(y);
    MaskBits* const bits = invalid.row(y);
    for (int x = 0; x < width; ++x) {
      const bool is_missing = before[x] != before[x] || after[x] != after[x];
      bits[x] = static_cast<MaskBits>(before_bits[x] | after_bits[x] | (is_missing ? mask_nodata : mask_clear));
    }
  }
  std::array<Plane<float>, 2> planes;
  in_parallel(2, [&](int i) {
    planes[static_cast<std::size_t>(i)] =
        i == 0 ? filled(reference, reference_mask) : filled(acquisition, acquisition_mask);
  });
  std::vector<WindowShift> shifts =
      shifts_of(planes[0].view(), planes[1].view(), std::as_const(invalid).view(), step_px);
  std::erase_if(shifts, [](const WindowShift& shift) { return !(shift.quality >= least_quality); });
  if (static_cast<int>(shifts.size()) < least_windows) return std::nullopt;
  const Alignment fit = fit_alignment(shifts);
  if (fit.windows_used == 0) return std::nullopt;
  const double middle_x = (width - 1) / 2.0;
  const double middle_y = (height - 1) / 2.0;
  // The standard error of a median. Windows overlap: as many are independent as lie side by side.
  constexpr double median_over_mean = 1.2533;  // sqrt(pi / 2)
  const double overlap_share = std::min(1.0, static_cast<double>(step_px) / shift_window_px);
  const double independent = std::max(1.0, fit.windows_used * overlap_share * overlap_share);
  const double sigma_px = median_over_mean * std::max(fit.residual_px, window_sigma_px) / std::sqrt(independent);
  return MosaicShift{fit.x(middle_x) - middle_x, fit.y(middle_y) - middle_y, std::max(sigma_px, least_sigma_px),
                     fit.windows_used};
}

}  // namespace pitwatch
