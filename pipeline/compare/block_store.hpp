#pragma once
// Decoded blocks, shared by the tiles that need them. Neighbouring tiles overlap by their halo, and a block belongs to
// several tiles; decoding costs more than everything else, so each block is decoded once, kept while a later tile
// needs it, and its memory is used again.

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/io/raster/band_file.hpp"

namespace pitwatch {

/// A block layout: how a raster of `width` x `height` is cut into blocks.
struct BlockLayout {
  int width = 0;
  int height = 0;
  int block_width = 0;
  int block_height = 0;

  int columns() const { return (width + block_width - 1) / block_width; }
  int rows() const { return (height + block_height - 1) / block_height; }
  /// Blocks (in block coordinates) that the window touches; the window is clipped to the raster first.
  Window covering(const Window& pixels) const;
};

/// One file of the store. `label` names it in errors ("BEFORE band B04").
struct BlockSource {
  const BandFile* file = nullptr;
  std::string label;
};

class BlockStore {
  struct Block;
  struct Layer;

 public:
  explicit BlockStore(std::vector<BlockSource> sources);
  ~BlockStore();
  BlockStore(const BlockStore&) = delete;
  BlockStore& operator=(const BlockStore&) = delete;

  /// Announces that `windows[i]` of source i will be leased once more. A block is dropped when all announced leases
  /// that cover it have been given back. Not thread-safe; announce everything before the first lease.
  void announce(std::span<const Window> windows);

  /// The decoded pixels of one window per source; holds its blocks until destroyed.
  class Lease {
   public:
    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    /// Calls `use(x, pixels, count)` for each stretch of row `y` of source `source` within [x0, x1), left to right.
    /// The row and the columns must lie inside the leased window clipped to the raster.
    template <typename Use>
    void for_each_stretch(int source, int y, int x0, int x1, Use&& use) const {
      while (x0 < x1) {
        const auto found = stretch(source, y, x0, x1);
        use(x0, found.data(), static_cast<int>(found.size()));
        x0 += static_cast<int>(found.size());
      }
    }

    /// The first such stretch.
    std::span<const std::uint16_t> stretch(int source, int y, int x0, int x1) const;

   private:
    friend class BlockStore;
    Lease(BlockStore& store, std::span<const Window> windows);

    BlockStore* store_;
    std::vector<Window> blocks_;  // per source, in block coordinates
  };

  /// Decodes what is not there yet, and waits for what other threads are decoding. Thread-safe. Errors carry the
  /// source's label and stay with the block: every lease of it fails alike.
  Lease lease(std::span<const Window> windows);

  /// Bytes of decoded pixels that were held at once, at most so far.
  std::int64_t peak_bytes() const;

  /// Bytes that a window's blocks take, counting a block that several windows touch once per call.
  std::int64_t block_bytes(int source) const;
  const BlockLayout& layout(int source) const;

 private:
  void decode(Layer& layer, int bx, int by, Block& block);
  void give_back(std::span<const Window> blocks);

  std::vector<std::unique_ptr<Layer>> layers_;
  mutable std::mutex mutex_;
  std::condition_variable decoded_;
  std::vector<std::pair<std::size_t, PixelArray<std::uint16_t>>> spare_;  // (elements, buffer), for reuse
  std::int64_t live_bytes_ = 0;
  std::int64_t peak_bytes_ = 0;
};

}  // namespace pitwatch
