// Any bytes, read as a raster: a grid within its bounds and the pixels of the first and the last block, or a DataError.

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "pipeline/core/error.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  static const fuzz::ScratchFile scratch("band.tif");
  scratch.write(fuzz::text_of(data, size));
  try {
    const BandFile file(scratch.path());
    const Grid& grid = file.grid();
    require(grid.width > 0 && grid.height > 0 && grid.pixel_size_m > 0 && std::isfinite(grid.origin.x));
    require(file.block_width() > 0 && file.block_height() > 0);
    if (std::int64_t{file.block_width()} * file.block_height() > std::int64_t{1} << 22) return 0;  // slow, and no more
    Plane<std::uint16_t> block(file.block_width(), file.block_height());
    file.read_block(0, 0, block.view());
    const BlockSize last = file.read_block(file.blocks_across() - 1, file.blocks_down() - 1, block.view());
    require(last.width > 0 && last.width <= file.block_width() && last.height > 0);
    file.read_window({grid.width - last.width, grid.height - last.height, last.width, last.height}, block.view());
  } catch (const DataError&) {
  }
  return 0;
}
