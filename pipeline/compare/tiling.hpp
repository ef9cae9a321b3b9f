#pragma once
// How a comparison is cut into tiles, and what memory that takes.

#include <cstdint>
#include <vector>

#include "pipeline/compare/block_store.hpp"
#include "pipeline/compare/pair_inputs.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/indices/extra_features.hpp"

namespace pitwatch {

/// Tiles of `size` in row-major order. The first of a row and of a column are smaller, so that the others end where the
/// pixels around them that are read end with a block of the files: then a row of blocks has been used up when the next
/// row of tiles begins, and half as many stay in memory. Those at the right and lower edge may be smaller, too.
std::vector<Window> tiles_of(const PairInputs& inputs, int size);

struct Tiling {
  int tile_size_px = 0;
  int tokens = 0;  // tiles in flight at once
  std::int64_t planned_bytes = 0;
};

/// The largest tile size (or the one asked for, if not 0) and number of tokens that fit into `memory_bytes`:
/// score of the whole grid + survey + blocks that are alive at once + scratch per token + a fixed share for libraries.
/// Throws ConfigError naming the least memory when not even one small tile fits.
Tiling plan_tiling(const PairInputs& inputs, const BlockStore& store, int asked_tile_size_px, int threads,
                   std::int64_t memory_bytes, const ExtraFeatures& features);

}  // namespace pitwatch
