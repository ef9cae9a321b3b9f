#include "pipeline/compare/block_store.hpp"

#include <algorithm>
#include <cassert>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

/// Of buffers that wait for the next block; the system gets the others back. As many blocks as a few tiles take turn
/// over; those of the survey end one by one, while the scores grow.
constexpr std::size_t most_spare_bytes = std::size_t{32} << 20;

}  // namespace

Window BlockLayout::covering(const Window& pixels) const {
  const Window inside = intersection(pixels, {0, 0, width, height});
  if (inside.empty()) return {};
  const int x0 = inside.x / block_width;
  const int y0 = inside.y / block_height;
  return {x0, y0, (inside.right() - 1) / block_width - x0 + 1, (inside.bottom() - 1) / block_height - y0 + 1};
}

struct BlockStore::Block {
  enum class State : std::uint8_t { absent, decoding, ready, failed };
  State state = State::absent;
  int uses = 0;  // announced leases not yet given back
  PixelArray<std::uint16_t> pixels;
  std::exception_ptr error;
};

struct BlockStore::Layer {
  BlockSource source;
  BlockLayout layout;
  std::vector<Block> blocks;

  Block& at(int bx, int by) {
    return blocks[static_cast<std::size_t>(by) * static_cast<std::size_t>(layout.columns()) +
                  static_cast<std::size_t>(bx)];
  }
  std::size_t block_elements() const {
    return static_cast<std::size_t>(layout.block_width) * static_cast<std::size_t>(layout.block_height);
  }
};

BlockStore::BlockStore(std::vector<BlockSource> sources) {
  for (BlockSource& source : sources) {
    auto layer = std::make_unique<Layer>();
    const Grid& grid = source.file->grid();
    layer->layout = {grid.width, grid.height, source.file->block_width(), source.file->block_height()};
    layer->source = std::move(source);
    layer->blocks.resize(static_cast<std::size_t>(layer->layout.columns()) *
                         static_cast<std::size_t>(layer->layout.rows()));
    layers_.push_back(std::move(layer));
  }
}

BlockStore::~BlockStore() = default;

const BlockLayout& BlockStore::layout(int source) const { return layers_[static_cast<std::size_t>(source)]->layout; }

std::int64_t BlockStore::block_bytes(int source) const {
  return static_cast<std::int64_t>(layers_[static_cast<std::size_t>(source)]->block_elements() * sizeof(std::uint16_t));
}

std::int64_t BlockStore::peak_bytes() const {
  const std::lock_guard lock(mutex_);
  return peak_bytes_;
}

void BlockStore::announce(std::span<const Window> windows) {
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Window blocks = layers_[i]->layout.covering(windows[i]);
    for (int by = blocks.y; by < blocks.bottom(); ++by) {
      for (int bx = blocks.x; bx < blocks.right(); ++bx) ++layers_[i]->at(bx, by).uses;
    }
  }
}

BlockStore::Lease BlockStore::lease(std::span<const Window> windows) { return Lease(*this, windows); }

/// Called by the thread that set the block to `decoding`.
void BlockStore::decode(Layer& layer, int bx, int by, Block& block) {
  PixelArray<std::uint16_t> pixels;
  {
    const std::lock_guard lock(mutex_);
    const auto spare = std::find_if(spare_.begin(), spare_.end(),
                                    [&](const auto& buffer) { return buffer.first == layer.block_elements(); });
    if (spare != spare_.end()) {
      pixels = std::move(spare->second);
      spare_.erase(spare);
    }
    live_bytes_ += static_cast<std::int64_t>(layer.block_elements() * sizeof(std::uint16_t));
    peak_bytes_ = std::max(peak_bytes_, live_bytes_);
  }
  std::exception_ptr error;
  try {
    if (!pixels) pixels = make_pixels<std::uint16_t>(layer.block_elements());
    layer.source.file->read_block(
        bx, by, {pixels.get(), layer.layout.block_width, layer.layout.block_height, layer.layout.block_width});
  } catch (...) {
    try {
      rethrow_with_context(layer.source.label);
    } catch (...) {
      error = std::current_exception();
    }
  }
  {
    const std::lock_guard lock(mutex_);
    block.pixels = std::move(pixels);
    block.error = error;
    block.state = error ? Block::State::failed : Block::State::ready;
  }
  decoded_.notify_all();
}

void BlockStore::give_back(std::span<const Window> blocks) {
  std::vector<PixelArray<std::uint16_t>> dropped;  // freed without the lock
  const std::lock_guard lock(mutex_);
  std::size_t spare_bytes = 0;
  for (const auto& [elements, buffer] : spare_) spare_bytes += elements * sizeof(std::uint16_t);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    Layer& layer = *layers_[i];
    for (int by = blocks[i].y; by < blocks[i].bottom(); ++by) {
      for (int bx = blocks[i].x; bx < blocks[i].right(); ++bx) {
        Block& block = layer.at(bx, by);
        assert(block.uses > 0);
        if (--block.uses > 0 || block.state != Block::State::ready) continue;
        const std::size_t bytes = layer.block_elements() * sizeof(std::uint16_t);
        if (spare_bytes + bytes <= most_spare_bytes) {
          spare_.emplace_back(layer.block_elements(), std::move(block.pixels));
          spare_bytes += bytes;
        } else {
          dropped.push_back(std::move(block.pixels));
        }
        block.state = Block::State::absent;
        live_bytes_ -= static_cast<std::int64_t>(bytes);
      }
    }
  }
}

BlockStore::Lease::Lease(BlockStore& store, std::span<const Window> windows) : store_(&store) {
  struct Wanted {
    Layer* layer;
    int bx;
    int by;
    Block* block;
  };
  std::vector<Wanted> wanted;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    Layer& layer = *store.layers_[i];
    blocks_.push_back(layer.layout.covering(windows[i]));
    for (int by = blocks_[i].y; by < blocks_[i].bottom(); ++by) {
      for (int bx = blocks_[i].x; bx < blocks_[i].right(); ++bx) wanted.push_back({&layer, bx, by, &layer.at(bx, by)});
    }
  }
  // One block is taken at a time, so that threads that want the same ones share the work.
  for (const Wanted& one : wanted) {
    {
      const std::lock_guard lock(store.mutex_);
      if (one.block->state != Block::State::absent) continue;
      one.block->state = Block::State::decoding;
    }
    store.decode(*one.layer, one.bx, one.by, *one.block);
  }
  std::unique_lock lock(store.mutex_);
  std::exception_ptr error;
  for (const Wanted& one : wanted) {
    store.decoded_.wait(lock, [&] { return one.block->state != Block::State::decoding; });
    if (!error) error = one.block->error;
  }
  if (error) {
    lock.unlock();
    store.give_back(blocks_);
    std::rethrow_exception(error);
  }
}

BlockStore::Lease::Lease(Lease&& other) noexcept : store_(other.store_), blocks_(std::move(other.blocks_)) {
  other.store_ = nullptr;
}

BlockStore::Lease::~Lease() {
  if (store_ != nullptr) store_->give_back(blocks_);
}

std::span<const std::uint16_t> BlockStore::Lease::stretch(int source, int y, int x0, int x1) const {
  Layer& layer = *store_->layers_[static_cast<std::size_t>(source)];
  const int bx = x0 / layer.layout.block_width;
  const int by = y / layer.layout.block_height;
  assert(bx >= blocks_[static_cast<std::size_t>(source)].x && bx < blocks_[static_cast<std::size_t>(source)].right());
  assert(by >= blocks_[static_cast<std::size_t>(source)].y && by < blocks_[static_cast<std::size_t>(source)].bottom());
  const int column = x0 - bx * layer.layout.block_width;
  const int line = y - by * layer.layout.block_height;
  // No lock: a leased block is ready and stays where it is until the lease ends.
  const std::uint16_t* pixels =
      layer.at(bx, by).pixels.get() + static_cast<std::ptrdiff_t>(line) * layer.layout.block_width + column;
  return {pixels, static_cast<std::size_t>(std::min(x1 - x0, layer.layout.block_width - column))};
}

}  // namespace pitwatch
