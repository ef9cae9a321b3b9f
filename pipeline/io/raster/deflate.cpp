#include "pipeline/io/raster/deflate.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <new>

namespace pitwatch {
namespace {

struct FreeCompressor {
  void operator()(libdeflate_compressor* it) const { libdeflate_free_compressor(it); }
};

}  // namespace

std::vector<std::uint8_t> deflate(std::span<const std::uint8_t> bytes, int level) {
  thread_local std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor;
  thread_local int compressor_level = 0;
  if (!compressor || compressor_level != level) {
    compressor.reset(libdeflate_alloc_compressor(level));
    if (!compressor) throw std::bad_alloc();
    compressor_level = level;
  }
  thread_local std::vector<std::uint8_t> room;
  room.resize(std::max(room.size(), libdeflate_zlib_compress_bound(compressor.get(), bytes.size())));
  const std::size_t size =
      libdeflate_zlib_compress(compressor.get(), bytes.data(), bytes.size(), room.data(), room.size());
  return {room.data(), room.data() + size};
}

}  // namespace pitwatch
