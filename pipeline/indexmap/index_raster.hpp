#pragma once
// Index values as rasters.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/indices/catalogue.hpp"
#include "pipeline/io/files/parallel_for.hpp"

namespace pitwatch {

struct IndexRaster {
  std::string name;                                        // of the band
  std::vector<std::pair<std::string, std::string>> items;  // metadata of the file
  std::optional<double> int16_scale;                       // value of a step: Int16; nothing: Float32
};

/// The number of Int16 rasters that is no value.
inline constexpr std::int16_t int16_nodata = -32768;

/// The step of Int16 rasters of an index: the least of 1, 2 or 5 times a power of ten with which its range fits into
/// -32767..32767, and at least 0.0001; of an index without a bound 0.001.
double int16_scale_of(const std::optional<ValueRange>& range);

/// Writes a Cloud Optimized GeoTIFF with the band's statistics (of its pixels as they are stored). Int16: value = pixel
/// * scale, rounded to the nearest, halves away from zero; values beyond -32767..32767 steps become those ends. NaN is
/// no value. Returns how many values were beyond. Throws IoError as write_cog_f32().
std::int64_t write_index_raster(const std::string& path, const Grid& grid, PlaneView<const float> values,
                                const IndexRaster& raster, const ParallelFor& parallel_for);

}  // namespace pitwatch
