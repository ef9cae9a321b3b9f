// Any bytes, read as a STAC item: either a scene that keeps the promises of read_stac_item(), or a DataError.

#include <unistd.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/io/stac_item.hpp"

namespace {

/// The reader takes a path: a file in memory, one per process, removed at its end.
struct ScratchFile {
  const std::string path = "/dev/shm/pitwatch_fuzz_stac_" + std::to_string(::getpid()) + ".json";
  ~ScratchFile() { ::unlink(path.c_str()); }
};

void require(bool promise) {
  if (!promise) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  static const ScratchFile scratch;
  std::ofstream(scratch.path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  try {
    const Scene scene = read_stac_item(scratch.path);
    require(!scene.id.empty() && !scene.bands.empty());
    for (const auto& [band, asset] : scene.bands) {
      require(!asset.path.empty() && asset.path.rfind("/vsi", 0) != 0);
      require(std::isfinite(asset.calibration.scale) && asset.calibration.scale > 0);
      require(std::isfinite(asset.calibration.offset));
    }
  } catch (const DataError&) {
  }
  return 0;
}
