#include "pipeline/acquisition/site_band.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/calibrate.hpp"
#include "kernels/resample.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

using kernels::Taps;

constexpr float no_measurement = std::numeric_limits<float>::quiet_NaN();
constexpr double position_unit_px = 1.0 / 1024;

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

Source as_source(Band band, const Plane<std::uint16_t>& dn, const Calibration& calibration, const Window& window) {
  const auto code = [](const std::optional<std::uint16_t>& value) { return value ? static_cast<int>(*value) : -1; };
  const DnRange range = is_reflectance(band) ? physical_range(calibration) : DnRange{};  // percent, for example
  const kernels::DnCalibration conversion{.scale = calibration.scale,
                                          .offset = calibration.offset,
                                          .nodata = code(calibration.nodata),
                                          .saturated = code(calibration.saturated),
                                          .lowest = range.lowest,
                                          .highest = range.highest,
                                          .nodata_bit = mask_nodata,
                                          .saturated_bit = mask_saturated};
  Source source{window, {window.width, window.height}, {window.width, window.height}};
  for (int y = 0; y < window.height; ++y) {
    std::fill_n(source.bits.row(y), window.width, MaskBits{mask_clear});
    kernels::dn_to_reflectance(dn.row(y), static_cast<std::size_t>(window.width), conversion, source.reflectance.row(y),
                               source.bits.row(y));
  }
  return source;
}

/// Taps in pixels of a window of the axis, which holds all that are drawn from.
Taps taps_in(double position, int length, int window_begin) {
  Taps taps = kernels::taps_at(position, length);
  if (taps.nearest < 0) return taps;
  for (int& pixel : taps.at) pixel -= window_begin;
  taps.nearest -= window_begin;
  return taps;
}

std::vector<Taps> taps_of(const Axis& axis, int count, int window_begin) {
  std::vector<Taps> all(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    all[static_cast<std::size_t>(i)] = taps_in(axis.position(i), axis.length, window_begin);
  }
  return all;
}

/// Weighted mean of the neighbours that are drawn from; nothing when one of them is no measurement and `whole` is
/// asked for.
std::optional<float> weighted(const Source& source, const Taps& x, const Taps& y, const float (&wx)[4],
                              const float (&wy)[4], bool whole) {
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

/// Interpolates a window of a raster, cubic or bilinear.
class Interpolation {
 public:
  Interpolation(const Source& source, bool cubic, BandPlane& plane) : source_(source), cubic_(cubic), plane_(plane) {
    for (int y = 0; y < source.bits.height(); ++y) {
      const MaskBits* const row = source.bits.row(y);
      MaskBits all = mask_clear;
      for (int x = 0; x < source.bits.width(); ++x) all |= row[x];
      is_measured_.push_back(all == mask_clear ? 1 : 0);
    }
  }

  /// One pixel of the plane. What is no measurement is not drawn from.
  void fill(int column, int row, const Taps& x, const Taps& y) {
    const MaskBits bits = source_.bits.at(x.nearest, y.nearest);
    plane_.bits.at(column, row) = bits;
    if (bits == mask_clear) plane_.reflectance.at(column, row) = value_at(x, y);
  }

  /// All of the plane, on a lattice whose axes are those of the raster.
  void fill_all(const Axes& axes) {
    const int width = plane_.bits.width();
    const std::vector<Taps> columns = taps_of(axes.x, width, source_.window.x);
    const std::vector<Taps> rows = taps_of(axes.y, plane_.bits.height(), source_.window.y);
    const std::vector<Phase> phases = phases_of(axes.x, columns);
    values_.resize(static_cast<std::size_t>(width));
    drawn_.resize(static_cast<std::size_t>(width));
    for (int row = 0; row < plane_.bits.height(); ++row) {
      const Taps& y = rows[static_cast<std::size_t>(row)];
      if (y.nearest < 0) continue;
      for (const Phase& phase : phases) fill_row(row, y, phase, columns);
    }
  }

 private:
  /// Columns of the plane that lie a whole pixel of the raster apart, and so have one fraction of it.
  struct Phase {
    int first = 0;
    int stride = 1;
    int begin = 0;  // from which to which their taps are side by side: first + stride * begin ...
    int end = 0;
    int count = 0;
  };

  static std::vector<Phase> phases_of(const Axis& axis, const std::vector<Taps>& columns) {
    const auto width = static_cast<int>(columns.size());
    const bool whole_steps = axis.step == 1 || axis.step == 0.5;
    const int stride = axis.step == 0.5 ? 2 : 1;
    std::vector<Phase> phases;
    for (int first = 0; first < std::min(stride, width); ++first) {
      Phase phase{first, stride, 0, 0, (width - first + stride - 1) / stride};
      const auto is_whole = [&](int k) {
        const Taps& taps = columns[static_cast<std::size_t>(first + k * stride)];
        return taps.nearest >= 0 && taps.at[3] - taps.at[0] == 3;
      };
      while (whole_steps && phase.begin < phase.count && !is_whole(phase.begin)) ++phase.begin;
      phase.end = phase.begin;
      while (whole_steps && phase.end < phase.count && is_whole(phase.end)) ++phase.end;
      phases.push_back(phase);
    }
    return phases;
  }

  void fill_row(int row, const Taps& y, const Phase& phase, const std::vector<Taps>& columns) {
    const auto column_of = [&](int k) { return phase.first + k * phase.stride; };
    const auto fill_slowly = [&](int k) {
      const Taps& x = columns[static_cast<std::size_t>(column_of(k))];
      if (x.nearest >= 0) fill(column_of(k), row, x, y);
    };
    for (int k = 0; k < phase.begin; ++k) fill_slowly(k);
    for (int k = phase.end; k < phase.count; ++k) fill_slowly(k);
    if (phase.begin == phase.end) return;
    const Taps& first = columns[static_cast<std::size_t>(column_of(phase.begin))];
    const auto count = static_cast<std::size_t>(phase.end - phase.begin);
    interpolate(first, y, count);
    const MaskBits* bits = source_.bits.row(y.nearest) + first.nearest;
    float* reflectance = plane_.reflectance.row(row) + column_of(phase.begin);
    MaskBits* reasons = plane_.bits.row(row) + column_of(phase.begin);
    const auto stride = static_cast<std::size_t>(phase.stride);
    if (draws_from_measured(y)) {
      for (std::size_t k = 0; k < count; ++k) reflectance[k * stride] = values_[k];
      for (std::size_t k = 0; k < count; ++k) reasons[k * stride] = mask_clear;
      return;
    }
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t at = k * stride;
      reasons[at] = bits[k];
      if (bits[k] != mask_clear) continue;
      reflectance[at] = values_[k];
      if (drawn_[k] != mask_clear) fill_slowly(phase.begin + static_cast<int>(k));
    }
  }

  /// Whether all pixels of the raster's rows around are measurements.
  bool draws_from_measured(const Taps& y) const {
    return std::all_of(std::begin(y.at), std::end(y.at),
                       [this](int row) { return is_measured_[static_cast<std::size_t>(row)] != 0; });
  }

  /// `count` values side by side from `first` on, and the bits of what they draw from, where any of them may be set.
  void interpolate(const Taps& first, const Taps& y, std::size_t count) {
    if (cubic_) {
      std::array<const float*, 4> rows{};
      std::array<const MaskBits*, 4> bits{};
      for (std::size_t r = 0; r < 4; ++r) {
        rows[r] = source_.reflectance.row(y.at[r]) + first.at[0];
        bits[r] = source_.bits.row(y.at[r]) + first.at[0];
      }
      kernels::translate_bicubic_row(rows.data(), first.cubic, y.cubic, count, values_.data());
      if (!draws_from_measured(y)) {
        kernels::translate_bicubic_mask_row(bits.data(), first.cubic, y.cubic, count, drawn_.data());
      }
    } else {
      const auto from = [&](const auto& plane, int r) { return plane.row(y.at[r]) + first.at[1]; };
      kernels::translate_bilinear_row(from(source_.reflectance, 1), from(source_.reflectance, 2), first.fraction,
                                      y.fraction, count, values_.data());
      if (!draws_from_measured(y)) {
        kernels::translate_bilinear_mask_row(from(source_.bits, 1), from(source_.bits, 2), first.fraction, y.fraction,
                                             count, drawn_.data());
      }
    }
  }

  float value_at(const Taps& x, const Taps& y) const {
    std::optional<float> value;
    if (cubic_) value = weighted(source_, x, y, x.cubic, y.cubic, true);
    if (!value) value = weighted(source_, x, y, x.linear, y.linear, false);
    return *value;
  }

  const Source& source_;
  bool cubic_;
  BandPlane& plane_;
  std::vector<std::uint8_t> is_measured_;  // by row of the raster: all of its pixels
  std::vector<float> values_;
  std::vector<MaskBits> drawn_;
};

BandPlane empty_plane(const Grid& grid) {
  BandPlane plane{{grid.width, grid.height}, {grid.width, grid.height}};
  for (int y = 0; y < grid.height; ++y) {
    std::fill_n(plane.reflectance.row(y), grid.width, no_measurement);
    std::fill_n(plane.bits.row(y), grid.width, MaskBits{mask_nodata});
  }
  return plane;
}

/// The raster's pixels that lie under those of a grid on them.
Window pixels_under(const Axes& axes, const Grid& grid) {
  const Window under{axes.x.nearest(0), axes.y.nearest(0), grid.width, grid.height};
  return intersection(under, {0, 0, axes.x.length, axes.y.length});
}

/// Whether centres lie on those of the raster's pixels, one on each.
bool is_on_pixels(const Axis& axis) { return axis.step == 1 && axis.position(0) == std::floor(axis.position(0)); }

/// Reflectance where there is a measurement, NaN where there is none.
void hide_unmeasured(Plane<float>& reflectance, const Plane<MaskBits>& bits) {
  for (int y = 0; y < bits.height(); ++y) {
    const MaskBits* const reasons = bits.row(y);
    float* const values = reflectance.row(y);
    for (int x = 0; x < bits.width(); ++x) values[x] = reasons[x] == mask_clear ? values[x] : no_measurement;
  }
}

/// What lies on the raster's own pixels, and so is not interpolated.
BandPlane on_grid(Source source, const Axes& axes, const Grid& grid) {
  hide_unmeasured(source.reflectance, source.bits);
  const Window& window = source.window;
  if (window.width == grid.width && window.height == grid.height) {
    return {std::move(source.reflectance), std::move(source.bits)};
  }
  BandPlane plane = empty_plane(grid);
  const int left = window.x - axes.x.nearest(0);
  const int top = window.y - axes.y.nearest(0);
  for (int y = 0; y < window.height; ++y) {
    std::copy_n(source.reflectance.row(y), window.width, plane.reflectance.row(top + y) + left);
    std::copy_n(source.bits.row(y), window.width, plane.bits.row(top + y) + left);
  }
  return plane;
}

}  // namespace

double Axis::position(int i) const { return std::round((start + i * step) / position_unit_px) * position_unit_px; }

int Axis::nearest(int i) const { return static_cast<int>(std::floor(position(i) + 0.5)); }

Axes axes_between(const Grid& grid, const Grid& raster, double shift_x_px, double shift_y_px) {
  const double step = grid.pixel_size_m / raster.pixel_size_m;
  // Beyond any raster; keeps what is far away within an int.
  const auto bounded = [](double start) { return std::clamp(start, -1e8, 1e8); };
  return {{bounded((grid.origin.x - raster.origin.x) / raster.pixel_size_m + (0.5 + shift_x_px) * step - 0.5), step,
           raster.width},
          {bounded((raster.origin.y - grid.origin.y) / raster.pixel_size_m + (0.5 + shift_y_px) * step - 0.5), step,
           raster.height}};
}

Window window_under(const Axes& axes, const Grid& grid, int reach) {
  const auto [x0, x1] = range_of(axes.x, grid.width, reach);
  const auto [y0, y1] = range_of(axes.y, grid.height, reach);
  return {x0, y0, x1 - x0, y1 - y0};
}

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

void check_kind_of(Band band, const BandFile& file) {
  if (is_reflectance(band) && file.pixel_bits() < 16) {
    throw DataError(redacted(file.path()) + ": its pixels have 8 bits: a picture, and no reflectance");
  }
}

void check_classes(const BandFile& file, const Plane<std::uint16_t>& codes) {
  constexpr std::uint16_t most_class = 11;
  constexpr std::uint16_t no_class = 255;
  for (int y = 0; y < codes.height(); ++y) {
    const std::uint16_t* const row = codes.row(y);
    const auto* const odd = std::find_if(row, row + codes.width(),
                                         [](std::uint16_t code) { return code > most_class && code != no_class; });
    if (odd == row + codes.width()) continue;
    throw DataError(redacted(file.path()) + ": no scene classification: it holds " + std::to_string(*odd) +
                    ", and classes are 0 to 11");
  }
}

Plane<std::uint16_t> read_dn(const BandFile& file, const Window& window, BlockCache* blocks) {
  Plane<std::uint16_t> dn(window.width, window.height);
  if (blocks != nullptr) {
    blocks->read_window(file, window, dn.view());
  } else {
    file.read_window(window, dn.view());
  }
  return dn;
}

BandPlane read_band(Band band, const BandFile& file, const Calibration& calibration, const Grid& grid,
                    double shift_x_px, double shift_y_px, BlockCache* blocks,
                    const std::function<void(PlaneView<const std::uint16_t>)>& see) {
  check_kind_of(band, file);
  const Grid& raster = file.grid();
  const Axes axes = axes_between(grid, raster, shift_x_px, shift_y_px);
  std::optional<GridMapping> mapping;  // where the raster's axes are not the grid's
  if (raster.crs != grid.crs) {
    Grid moved = grid;
    moved.origin = grid.to_map(shift_x_px, shift_y_px);
    mapping.emplace(moved, lattice_of(raster));
  }
  const bool is_copied = !mapping && is_on_pixels(axes.x) && is_on_pixels(axes.y);
  const Window window = mapping     ? window_under(*mapping, grid, raster, 1)
                        : is_copied ? pixels_under(axes, grid)
                                    : window_under(axes, grid, 1);
  if (window.empty()) return empty_plane(grid);
  const Plane<std::uint16_t> dn = read_dn(file, window, blocks);
  if (see) see(dn.view());
  Source source = as_source(band, dn, calibration, window);
  if (is_copied) return on_grid(std::move(source), axes, grid);
  BandPlane plane = empty_plane(grid);
  Interpolation interpolation(source, raster.pixel_size_m == grid.pixel_size_m, plane);
  if (!mapping) {
    interpolation.fill_all(axes);
    return plane;
  }
  for (int row = 0; row < grid.height; ++row) {
    for (int column = 0; column < grid.width; ++column) {
      const PixelPosition position = mapping->at(column, row);
      const Taps x = taps_in(position.x, raster.width, window.x);
      const Taps y = taps_in(position.y, raster.height, window.y);
      if (x.nearest >= 0 && y.nearest >= 0) interpolation.fill(column, row, x, y);
    }
  }
  return plane;
}

}  // namespace pitwatch
