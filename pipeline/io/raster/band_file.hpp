#pragma once
// Pixels of one raster file.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/core/raster_layer.hpp"

namespace pitwatch {

/// Columns and rows that a read filled.
struct BlockSize {
  int width = 0;
  int height = 0;
  friend bool operator==(const BlockSize&, const BlockSize&) = default;
};

/// What a file says of its numbers: number * scale + offset is the value.
struct OwnScale {
  double scale = 1;
  double offset = 0;
};

/// One band of a raster file, by default the first, as 16-bit digital numbers. Stored as such, Byte, UInt16 and Int16
/// files are read; negative values become 0 (no measurement in Sentinel-2), as does the number that the file itself
/// calls no data where that of the layer is 0. Pixels that a mask within the file or a band of
/// transparency takes out become the layer's nodata, or 0. Of other codings (RasterLayer) any real numbers are read,
/// and become those of pixel_coding.hpp.
///
/// Thread-safe: GDAL's datasets are not, so each read checks a handle out of an internal pool, which opens one more
/// when all are in use. At most as many handles exist as reads ever ran at once.
/// Every error is a DataError that starts with the path, as redacted() shows it, and ends with GDAL's own message;
/// after one, what was to be filled is undefined.
class BandFile {
 public:
  /// Opens the file. What is on the network goes by the name that gdal_path() or RemoteFiles give it, which know what
  /// may be read; a URL is refused. Throws DataError when it cannot be opened, is not of a type named above, has no
  /// CRS, is not projected in metres, is not north-up with square pixels, or when its header is absurd (a side longer
  /// than 200 000 pixels, more than 10^9 pixels or 64 bands, a block larger than 256 MiB, more than a million blocks;
  /// of JPEG 2000, more than 10 000 tiles), has not so many bands as the layer asks for, where the file beside it
  /// has another grid, or where a mask lies beside it (PATH.msk).
  explicit BandFile(const std::string& path, const RasterLayer& layer = {});
  ~BandFile();
  BandFile(BandFile&&) noexcept;
  BandFile& operator=(BandFile&&) noexcept;

  const std::string& path() const;
  const RasterLayer& layer() const;
  /// The path, and which layer of it where that is not the first as it is stored.
  std::string key() const;

  /// By the file's own scale and offset, which are not applied; nothing where it says none, or that numbers are values.
  std::optional<OwnScale> own_scale() const;
  /// Whether a mask takes pixels out.
  bool has_mask() const;

  /// CRS ("EPSG:n" where GDAL identifies one, otherwise WKT), outer corner, pixel size and size.
  const Grid& grid() const;
  /// Of a pixel as it is stored, or as its coding makes it: 8 or 16.
  int pixel_bits() const;

  /// The unit in which the file is stored: tile or strip size. Blocks at the right and lower edge reach beyond it.
  int block_width() const;
  int block_height() const;
  int blocks_across() const;
  int blocks_down() const;

  /// Reads block (bx, by), clipped at the raster's edge, to the upper left of `into`, past GDAL's block cache: each
  /// call decodes. Returns the clipped size. `into` must be at least that large. A full block of a UInt16 or Int16
  /// file is decoded right into `into` when into.stride == block_width(); others go through a buffer of the thread.
  BlockSize read_block(int bx, int by, PlaneView<std::uint16_t> into) const;

  /// Reads a window that must lie inside the raster, through GDAL's block cache. `into` must be at least as large.
  void read_window(const Window& window, PlaneView<std::uint16_t> into) const;

  /// As read_window().
  using WindowReader = std::function<void(const Window& window, PlaneView<std::uint16_t> into)>;

  /// The band at most `longest_px` pixels long and wide, every n-th pixel of it: from its overviews, where they may be
  /// means; without any, of blocks spread over the raster (4 million pixels), side by side. A raster that is not larger
  /// comes as it is. Which pixel is which place does not follow from it. Blocks of DEFLATE, which are read whole, come
  /// by way of `read` where there is one.
  Plane<std::uint16_t> read_decimated(int longest_px, const WindowReader& read = {}) const;

  /// Pieces at full resolution, 512 pixels and more wide and high, in rows and columns spread evenly over the raster,
  /// side by side: as many as have at most so many pixels together, but one; of a raster that has no more, all of it.
  Plane<std::uint16_t> read_spread(std::int64_t wanted_pixels) const;

 private:
  /// A block, or all of a raster whose blocks are not read by themselves, and where it comes to lie.
  struct SpreadPiece {
    PixelPoint from;
    Window to;
  };
  struct Spread {
    int width = 0;
    int height = 0;
    std::vector<SpreadPiece> pieces;
  };
  Spread spread_over(std::int64_t wanted_pixels) const;
  void read_piece(const SpreadPiece& piece, PlaneView<std::uint16_t> into, const WindowReader& read) const;
  void read_resized(const Window& window, PlaneView<std::uint16_t> into) const;
  void read_coded(const Window& window, PlaneView<std::uint16_t> into) const;
  void read_coded_block(int bx, int by, const Window& window, PlaneView<std::uint16_t> into) const;
  void decode_row(std::span<const double> numbers, std::uint16_t* into) const;
  void add_beside(const Window& window, PlaneView<std::uint16_t> into) const;

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pitwatch
