#include "pipeline/io/raster/block_cache.hpp"

#include <algorithm>
#include <utility>

namespace pitwatch {
namespace {

constexpr std::int64_t least_block_bytes = std::int64_t{64} << 10;
constexpr std::int64_t least_blocks_kept = 4;

std::int64_t block_bytes(const BandFile& file) {
  return std::int64_t{file.block_width()} * file.block_height() * static_cast<std::int64_t>(sizeof(std::uint16_t));
}

/// Copies what a window has of a block.
void copy_part(const Plane<std::uint16_t>& block, const Window& of_block, const Window& window,
               PlaneView<std::uint16_t> into) {
  const Window part = intersection(of_block, window);
  for (int y = part.y; y < part.bottom(); ++y) {
    std::copy_n(block.row(y - of_block.y) + (part.x - of_block.x), part.width,
                into.row(y - window.y) + (part.x - window.x));
  }
}

}  // namespace

void BlockCache::set_limit(std::int64_t most_bytes) {
  const std::scoped_lock lock(mutex_);
  most_bytes_ = most_bytes;
  shrink();
}

std::int64_t BlockCache::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

void BlockCache::shrink() {
  while (bytes_ > most_bytes_ && !entries_.empty()) {
    bytes_ -= entries_.back().bytes;
    places_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

std::shared_ptr<BlockCache::Block> BlockCache::block_of(const Key& key, std::int64_t bytes) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = places_.find(key); found != places_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->block;
  }
  entries_.push_front({key, bytes, std::make_shared<Block>()});
  places_.emplace(key, entries_.begin());
  bytes_ += bytes;
  std::shared_ptr<Block> block = entries_.front().block;
  shrink();
  return block;
}

void BlockCache::read_window(const BandFile& file, const Window& window, PlaneView<std::uint16_t> into) {
  const std::int64_t bytes = block_bytes(file);
  std::int64_t most = 0;
  {
    const std::scoped_lock lock(mutex_);
    most = most_bytes_;
  }
  const bool is_inside = !window.empty() && intersection(window, file.grid().extent()) == window &&
                         into.width >= window.width && into.height >= window.height;
  if (!is_inside || bytes < least_block_bytes || bytes * least_blocks_kept > most) {
    file.read_window(window, into);
    return;
  }
  const int width = file.block_width();
  const int height = file.block_height();
  for (int by = window.y / height; by * height < window.bottom(); ++by) {
    for (int bx = window.x / width; bx * width < window.right(); ++bx) {
      const std::shared_ptr<Block> block = block_of({file.key(), bx, by}, bytes);
      const std::scoped_lock lock(block->mutex);
      if (!block->is_read) {
        block->pixels.reshape(width, height);
        file.read_block(bx, by, block->pixels.view());
        block->is_read = true;
      }
      copy_part(block->pixels, intersection({bx * width, by * height, width, height}, file.grid().extent()), window,
                into);
    }
  }
}

}  // namespace pitwatch
