// Decodes every block of some rasters and does nothing with them: the limit that a comparison is measured against.
// usage: decode_blocks gdal|pitwatch THREADS FILE...
// gdal: GDALReadBlock, a handle per thread and file. pitwatch: the reader of pipeline/io.

#include <gdal/gdal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "pipeline/core/large_buffer.hpp"
#include "pipeline/io/raster/band_file.hpp"

namespace {

using pitwatch::BandFile;

struct Block {
  const BandFile* file;
  int x;
  int y;
};

/// Decodes blocks with GDAL, opening each file once.
class GdalReader {
 public:
  void operator()(const Block& block, std::uint16_t* pixels) {
    GDALDatasetH& dataset = datasets_[block.file];
    if (dataset == nullptr) dataset = GDALOpen(block.file->path().c_str(), GA_ReadOnly);
    if (dataset == nullptr || GDALReadBlock(GDALGetRasterBand(dataset, 1), block.x, block.y, pixels) != CE_None) {
      throw std::runtime_error("cannot read " + block.file->path());
    }
  }
  ~GdalReader() {
    for (const auto& [file, dataset] : datasets_) GDALClose(dataset);
  }
  GdalReader() = default;
  GdalReader(const GdalReader&) = delete;
  GdalReader& operator=(const GdalReader&) = delete;

 private:
  std::map<const BandFile*, GDALDatasetH> datasets_;
};

struct PitwatchReader {
  void operator()(const Block& block, std::uint16_t* pixels) const {
    const int width = block.file->block_width();
    block.file->read_block(block.x, block.y, {pixels, width, block.file->block_height(), width});
  }
};

template <typename Reader>
double decode_all(const std::vector<BandFile>& files, int thread_count) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<Block> blocks;
  int largest = 0;
  for (const BandFile& file : files) {
    largest = std::max(largest, file.block_width() * file.block_height());
    for (int y = 0; y < file.blocks_down(); ++y) {
      for (int x = 0; x < file.blocks_across(); ++x) blocks.push_back({&file, x, y});
    }
  }
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < thread_count; ++t) {
    threads.emplace_back([&] {
      const auto pixels = pitwatch::make_pixels<std::uint16_t>(static_cast<std::size_t>(largest));
      Reader read;
      for (std::size_t i = next++; i < blocks.size(); i = next++) read(blocks[i], pixels.get());
    });
  }
  for (std::thread& thread : threads) thread.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view reader = argc > 3 ? argv[1] : "";
  if (reader != "gdal" && reader != "pitwatch") {
    std::fputs("usage: decode_blocks gdal|pitwatch THREADS FILE...\n", stderr);
    return 2;
  }
  try {
    std::vector<BandFile> files;
    for (int i = 3; i < argc; ++i) files.emplace_back(argv[i]);
    const int threads = std::atoi(argv[2]);
    std::printf("%.3f\n",
                reader == "gdal" ? decode_all<GdalReader>(files, threads) : decode_all<PitwatchReader>(files, threads));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "decode_blocks: %s\n", error.what());
    return 1;
  }
  return 0;
}
