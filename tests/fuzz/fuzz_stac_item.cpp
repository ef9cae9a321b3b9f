// Any bytes, read as a STAC item: either a scene that keeps the promises of read_stac_item(), or a DataError.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/io/products/stac_item.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  static const fuzz::ScratchFile scratch("item.json");
  scratch.write(fuzz::text_of(data, size));
  try {
    const Scene scene = read_stac_item(scratch.path());
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
