#include "pipeline/indexmap/index_raster.hpp"

#include <algorithm>
#include <cmath>

#include "pipeline/io/raster/cog_writer.hpp"
#include "pipeline/io/raster/raster_statistics.hpp"

namespace pitwatch {
namespace {

constexpr double most_steps = 32767;

/// Calls work(y, statistics of the row) for each row, and adds up in their order.
template <class Work>
RasterStatistics over_rows(int rows, const ParallelFor& parallel_for, const Work& work) {
  constexpr int rows_per_task = 64;
  std::vector<RasterStatistics> of_rows(static_cast<std::size_t>(rows));
  parallel_for((rows + rows_per_task - 1) / rows_per_task, [&](int task) {
    const int end = std::min(rows, (task + 1) * rows_per_task);
    for (int y = task * rows_per_task; y < end; ++y) work(y, of_rows[static_cast<std::size_t>(y)]);
  });
  RasterStatistics all;
  for (const RasterStatistics& row : of_rows) all.add(row);
  return all;
}

}  // namespace

double int16_scale_of(const std::optional<ValueRange>& range) {
  constexpr double of_boundless = 0.001;
  if (!range) return of_boundless;
  const double most = std::max(std::abs(range->low), std::abs(range->high));
  // As one over a whole number, which is nearer to the decimal than powers that are multiplied up.
  for (double steps = 10000; steps >= 1; steps /= 10) {
    for (const double part : {1.0, 2.0, 5.0}) {
      if (most * steps / part <= most_steps) return part / steps;
    }
  }
  double scale = 1;
  while (most / scale > most_steps) scale *= 10;
  return scale;
}

std::int64_t write_index_raster(const std::string& path, const Grid& grid, PlaneView<const float> values,
                                const IndexRaster& raster, const ParallelFor& parallel_for) {
  CogMetadata metadata{raster.name, raster.items};
  const std::int64_t pixels = std::int64_t{values.width} * values.height;
  if (!raster.int16_scale) {
    const RasterStatistics statistics = over_rows(values.height, parallel_for, [&](int y, RasterStatistics& of_row) {
      const float* const row = values.row(y);
      for (int x = 0; x < values.width; ++x) {
        if (!std::isnan(row[x])) of_row.add(double{row[x]});
      }
    });
    metadata.band_items = statistics_items(statistics, pixels);
    write_cog_f32(path, grid, values, metadata, parallel_for, FloatCoding::zstd);
    return 0;
  }
  const double scale = *raster.int16_scale;
  Plane<std::int16_t> numbers(values.width, values.height);
  std::vector<std::int64_t> beyond(static_cast<std::size_t>(values.height), 0);
  const RasterStatistics statistics = over_rows(values.height, parallel_for, [&](int y, RasterStatistics& of_row) {
    const float* const row = values.row(y);
    for (int x = 0; x < values.width; ++x) {
      std::int16_t& number = numbers.at(x, y);
      number = int16_nodata;
      if (std::isnan(row[x])) continue;
      const double steps = std::round(double{row[x]} / scale);
      if (std::abs(steps) > most_steps) ++beyond[static_cast<std::size_t>(y)];
      number = static_cast<std::int16_t>(std::clamp(steps, -most_steps, most_steps));
      of_row.add(static_cast<double>(number));
    }
  });
  metadata.band_items = statistics_items(statistics, pixels);
  metadata.scale = PixelScale{scale, 0};
  write_cog_i16(path, grid, std::as_const(numbers).view(), int16_nodata, metadata, parallel_for);
  std::int64_t sum = 0;
  for (const std::int64_t of_row : beyond) sum += of_row;
  return sum;
}

}  // namespace pitwatch
