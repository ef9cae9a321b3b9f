// Decodes every block of some rasters and does nothing with them: the limit that a comparison is measured against.
// usage: decode_blocks THREADS FILE...

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/core/large_buffer.hpp"
#include "pipeline/io/band_file.hpp"

namespace {

struct Block {
  const pitwatch::BandFile* file;
  int x;
  int y;
};

double decode_all(const std::vector<pitwatch::BandFile>& files, int thread_count) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<Block> blocks;
  std::size_t largest = 0;
  for (const pitwatch::BandFile& file : files) {
    largest =
        std::max(largest, static_cast<std::size_t>(file.block_width()) * static_cast<std::size_t>(file.block_height()));
    for (int y = 0; y < file.blocks_down(); ++y) {
      for (int x = 0; x < file.blocks_across(); ++x) blocks.push_back({&file, x, y});
    }
  }
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < thread_count; ++t) {
    threads.emplace_back([&] {
      const auto pixels = pitwatch::make_pixels<std::uint16_t>(largest);
      for (std::size_t i = next++; i < blocks.size(); i = next++) {
        const auto& [file, x, y] = blocks[i];
        file->read_block(x, y, {pixels.get(), file->block_width(), file->block_height(), file->block_width()});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: decode_blocks THREADS FILE...\n", stderr);
    return 2;
  }
  try {
    std::vector<pitwatch::BandFile> files;
    for (int i = 2; i < argc; ++i) files.emplace_back(argv[i]);
    std::printf("%.3f\n", decode_all(files, std::atoi(argv[1])));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "decode_blocks: %s\n", error.what());
    return 1;
  }
  return 0;
}
