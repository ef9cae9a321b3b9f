#pragma once
// Cloud Optimized GeoTIFF from a plane in memory: 8-bit codes, 16-bit numbers, or Float32 values.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/io/files/parallel_for.hpp"

// Common to all functions: the plane must have the grid's size (DataError). Tiles of 512 x 512, ZSTD for codes and
// DEFLATE for numbers, IFDs before the data, GDAL's ghost header, BigTIFF when needed. Overviews by 2, 4, ... until
// both sides are at most 512. The bytes do not depend on `parallel_for`. Every failure to write, a full disk too, is an
// IoError with the path. Memory beside the plane: a third of it for the overviews, and one batch of 64 compressed
// tiles. Thread-safe for distinct paths.

namespace pitwatch {

/// The code that stands for "no value" in planes of codes where nothing else is said.
inline constexpr std::uint8_t cog_nodata_code = 255;

/// What a code looks like: red, green, blue.
using CodeColours = std::map<std::uint8_t, std::array<std::uint8_t, 3>>;

struct PixelScale {
  double scale = 1;
  double offset = 0;
};

/// How Float32 pixels are compressed, both after TIFF's predictor 3.
enum class FloatCoding { deflate, zstd };

/// What is written into the file beside the pixels.
struct CogMetadata {
  std::string description;                                 // of the band, shown by GIS programs; may be empty
  std::vector<std::pair<std::string, std::string>> items;  // dataset metadata: key, value; keys unique
  /// Of codes alone: makes a palette of the file (TIFF's ColorMap), other codes black in it. Pixels stay codes.
  CodeColours colours = {};
  /// Value = pixel * scale + offset, for readers that know of it; nothing: pixels are values.
  std::optional<PixelScale> scale = std::nullopt;
  std::vector<std::pair<std::string, std::string>> band_items = {};  // of the band: STATISTICS_MEAN and others of GDAL
};

/// Where the path lies.
enum class CogPlace {
  final,       // the file appears there whole or not at all (AtomicFile)
  unfinished,  // in a folder that itself appears whole or not at all (AtomicFolder): written in place, which is quicker
};

/// The share that each code is of `most`, in eight significant bits: as many as tell codes apart, and few enough that
/// the pixels' lower bytes are zero and cost nothing in the file.
std::array<float, 256> shares_of_codes(std::uint8_t most);

/// Writes Float32 pixels value_of_code[code]; code 255 becomes NaN, which is the file's nodata value.
/// Overviews are computed on the codes, not on the values: the mean of the valid ones of 2 x 2 codes, rounded half up,
/// so the table should be linear in the code; nodata where none is valid.
void write_cog_float(const std::string& path, const Grid& grid, PlaneView<const std::uint8_t> codes,
                     const std::array<float, 256>& value_of_code, const CogMetadata& metadata,
                     const ParallelFor& parallel_for = serial_for);

/// Writes the codes as they are (Byte), for classes: an overview pixel is the most frequent of the 2 x 2 codes that are
/// not nodata, the largest among equally frequent ones; nodata where all are.
void write_cog_byte(const std::string& path, const Grid& grid, PlaneView<const std::uint8_t> codes,
                    const CogMetadata& metadata, const ParallelFor& parallel_for = serial_for,
                    std::uint8_t nodata = cog_nodata_code, CogPlace place = CogPlace::final);

/// Writes digital numbers as they are (UInt16, TIFF's predictor 2). An overview pixel is the mean of those of 2 x 2
/// that are not nodata, rounded half up; nodata where all are. `nodata` should be 0 or 65535: between them it could be
/// a mean.
void write_cog_u16(const std::string& path, const Grid& grid, PlaneView<const std::uint16_t> dn, std::uint16_t nodata,
                   const CogMetadata& metadata, const ParallelFor& parallel_for = serial_for,
                   CogPlace place = CogPlace::final);

/// Writes signed numbers as they are (Int16, TIFF's predictor 2, ZSTD). Overviews as those of write_cog_u16();
/// `nodata` should be -32768 or 32767.
void write_cog_i16(const std::string& path, const Grid& grid, PlaneView<const std::int16_t> numbers,
                   std::int16_t nodata, const CogMetadata& metadata, const ParallelFor& parallel_for = serial_for);

/// Writes values as they are (Float32, TIFF's predictor 3), such as elevations; NaN is nodata. An overview pixel is the
/// mean of the numbers among 2 x 2, in single precision; NaN where there is none.
void write_cog_f32(const std::string& path, const Grid& grid, PlaneView<const float> values,
                   const CogMetadata& metadata, const ParallelFor& parallel_for = serial_for,
                   FloatCoding coding = FloatCoding::deflate);

}  // namespace pitwatch
