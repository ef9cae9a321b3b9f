#pragma once
// The straight way into the GeoTIFFs that nearly all scenes come as. Internal to this folder.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/core/plane.hpp"
#include "pipeline/io/raster/input_log.hpp"

namespace pitwatch {

/// The blocks of a TIFF of one band, UInt16, little-endian, DEFLATE, with predictor 2 or none, read past GDAL and
/// libtiff's codec, which take a third longer. Thread-safe without a pool of handles.
class DeflateTiff {
 public:
  /// Nothing where the file is something else or its directory is not what GDAL found (block size, blocks): then GDAL
  /// reads it.
  static std::unique_ptr<DeflateTiff> open(const std::string& path, int block_width, int block_height, int block_count);
  ~DeflateTiff();
  DeflateTiff(const DeflateTiff&) = delete;
  DeflateTiff& operator=(const DeflateTiff&) = delete;

  /// Decodes a block, counted in row-major order, whole into `pixels` (block_width * block_height elements). Returns
  /// false where anything is wrong or out of the ordinary (a block left out, a broken stream, a short file); the
  /// content is undefined then, and GDAL knows what to make of it or what to say.
  bool read_block(int block, std::uint16_t* pixels) const;

 private:
  DeflateTiff() = default;

  void note(const ByteRange& block) const;

  std::string path_;
  int descriptor_ = -1;
  int block_width_ = 0;
  int block_height_ = 0;
  bool differenced_ = false;
  std::vector<ByteRange> blocks_;
  std::vector<ByteRange> directory_;                // what opening read
  mutable std::atomic<std::uint64_t> told_log_{0};  // the InputLog that knows it
};

/// The tags of a TIFF that say what CRS it is in (GeoTIFF 1.1, OGC 19-008r4: GeoKeyDirectory, GeoDoubleParams,
/// GeoAsciiParams), as bytes: two files with the same ones have the same CRS. Empty where the file is no local TIFF or
/// has none. Thread-safe.
std::string geo_keys_of(const std::string& path);

}  // namespace pitwatch
