#include "pipeline/compare/tiling.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "pipeline/compare/survey.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/evidence/feature_survey.hpp"
#include "pipeline/evidence/tile_evidence.hpp"

namespace pitwatch {
namespace {

constexpr std::array tile_sizes{512, 256, 128};  // larger ones are no faster, and take more memory
// The program and its libraries at rest, decoder buffers, polygons.
constexpr std::int64_t fixed_bytes = std::int64_t{160} << 20;

/// The most bytes of decoded blocks alive at once when `tokens` tiles are in flight: tiles start and end in order, so a
/// block is alive from the start of its first tile to the end of its last, and in-flight tiles are neighbours in order.
std::int64_t live_block_bytes(const PairInputs& inputs, const BlockStore& store, const std::vector<Window>& tiles,
                              int tokens) {
  const auto sources = static_cast<int>(inputs.inputs().size());
  struct Life {
    std::size_t first;
    std::size_t last;
  };
  std::vector<std::map<std::pair<int, int>, Life>> lives(static_cast<std::size_t>(sources));
  for (std::size_t t = 0; t < tiles.size(); ++t) {
    const std::vector<Window> windows = inputs.native_windows(tiles[t], read_margin_px);
    for (std::size_t s = 0; s < windows.size(); ++s) {
      const Window blocks = store.layout(static_cast<int>(s)).covering(windows[s]);
      for (int by = blocks.y; by < blocks.bottom(); ++by) {
        for (int bx = blocks.x; bx < blocks.right(); ++bx) {
          lives[s].try_emplace({by, bx}, Life{t, t}).first->second.last = t;
        }
      }
    }
  }
  // +bytes when the first tile can have started, -bytes when the last has surely ended.
  std::vector<std::int64_t> change(tiles.size() + 1, 0);
  for (std::size_t s = 0; s < lives.size(); ++s) {
    for (const auto& [block, life] : lives[s]) {
      const std::size_t ahead = static_cast<std::size_t>(tokens) - 1;
      change[life.first > ahead ? life.first - ahead : 0] += store.block_bytes(static_cast<int>(s));
      change[life.last + 1] -= store.block_bytes(static_cast<int>(s));
    }
  }
  std::int64_t alive = 0;
  std::int64_t most = 0;
  for (const std::int64_t step : change) {
    alive += step;
    most = std::max(most, alive);
  }
  return most;
}

}  // namespace

std::vector<Window> tiles_of(const PairInputs& inputs, int size) {
  const Grid& grid = inputs.grid();
  const PairInput& reference = inputs.reference();
  // How far the first tile reaches: to the first block border that is far enough, less what is read around a tile.
  const auto first_end = [&](double offset_px, int block_px) {
    constexpr int margin = (read_margin_px + tile_alignment_px - 1) / tile_alignment_px * tile_alignment_px;
    const int into_block = static_cast<int>(std::lround(offset_px)) % block_px;
    int end = block_px - into_block - margin;
    while (end <= 0) end += block_px;
    return (end - 1) % size / tile_alignment_px * tile_alignment_px + tile_alignment_px;
  };
  const Grid& native = reference.file->grid();
  const int first_x = first_end((grid.origin.x - native.origin.x) / native.pixel_size_m, reference.file->block_width());
  const int first_y =
      first_end((native.origin.y - grid.origin.y) / native.pixel_size_m, reference.file->block_height());
  std::vector<Window> tiles;
  for (int y = first_y - size; y < grid.height; y += size) {
    for (int x = first_x - size; x < grid.width; x += size) {
      const Window tile = intersection({x, y, size, size}, grid.extent());
      if (!tile.empty()) tiles.push_back(tile);
    }
  }
  return tiles;
}

Tiling plan_tiling(const PairInputs& inputs, const BlockStore& store, int asked_tile_size_px, int threads,
                   std::int64_t memory_bytes, const ExtraFeatures& features) {
  const Grid& grid = inputs.grid();
  const std::int64_t pixels = static_cast<std::int64_t>(grid.width) * grid.height;
  // Scores, and the overviews of the one raster that is being written.
  const std::int64_t mosaic = pixels + pixels / 3;
  const std::int64_t survey = survey_bytes(inputs, store) + feature_survey_bytes(pixels, features.size());
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (const int size : tile_sizes) {
    const int tile_size = asked_tile_size_px != 0 ? asked_tile_size_px : size;
    const std::vector<Window> tiles = tiles_of(inputs, tile_size);
    // One more than there are threads, so that none waits for the merge.
    const int most_tokens = std::min(threads + 1, static_cast<int>(tiles.size()));
    const std::int64_t scratch = TileEvidence::scratch_bytes(std::min(tile_size, grid.width + tile_alignment_px),
                                                             std::min(tile_size, grid.height), features);
    for (int tokens = most_tokens; tokens >= 1; --tokens) {
      const std::int64_t bytes =
          fixed_bytes + mosaic + survey + live_block_bytes(inputs, store, tiles, tokens) + tokens * scratch;
      least = std::min(least, bytes);
      if (bytes <= memory_bytes &&
          (tokens >= std::min(threads, most_tokens) || size == tile_sizes.back() || asked_tile_size_px != 0)) {
        return {tile_size, tokens, bytes};
      }
    }
    if (asked_tile_size_px != 0) break;
  }
  throw ConfigError("--memory " + std::to_string(memory_bytes >> 20) +
                    " MiB is too little for these scenes: " + std::to_string((least >> 20) + 1) + " MiB are needed");
}

}  // namespace pitwatch
