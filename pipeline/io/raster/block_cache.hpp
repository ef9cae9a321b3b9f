#pragma once
// Blocks of rasters, decoded once for all windows that lie over them.

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/io/raster/band_file.hpp"

namespace pitwatch {

/// Keeps the blocks used last. A window of a raster takes whole blocks to decode, which windows beside it take again.
/// Thread-safe; of several threads that want one block the first decodes it.
class BlockCache {
 public:
  /// With `most_bytes` of 0 nothing is kept.
  explicit BlockCache(std::int64_t most_bytes = 0) { set_limit(most_bytes); }
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  /// Frees what is beyond it.
  void set_limit(std::int64_t most_bytes);

  /// As file.read_window(). Blocks of which few would fit in, and such small ones that decoding them again costs
  /// nothing, are read past the cache. Files differ by BandFile::key().
  void read_window(const BandFile& file, const Window& window, PlaneView<std::uint16_t> into);

  std::int64_t bytes() const;

 private:
  using Key = std::tuple<std::string, int, int>;
  struct Block {
    std::mutex mutex;
    bool is_read = false;
    Plane<std::uint16_t> pixels;
  };
  struct Entry {
    Key key;
    std::int64_t bytes = 0;
    std::shared_ptr<Block> block;
  };

  std::shared_ptr<Block> block_of(const Key& key, std::int64_t bytes);
  void shrink();

  mutable std::mutex mutex_;
  std::int64_t most_bytes_ = 0;
  std::int64_t bytes_ = 0;
  std::list<Entry> entries_;  // the one used last comes first
  std::map<Key, std::list<Entry>::iterator> places_;
};

}  // namespace pitwatch
