// Any bytes, read as the XML of a product, a tile and a report of checks: either facts that keep their promises, or a
// DataError.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "pipeline/core/error.hpp"
#include "pipeline/io/products/esa_metadata.hpp"

namespace {

using namespace pitwatch;

void require(bool promise) {
  if (!promise) std::abort();
}

template <typename Parse>
void read(Parse parse) {
  try {
    parse();
  } catch (const DataError&) {
  }
}

void require_box(const std::optional<DegreeBox>& box) {
  if (!box) return;
  require(std::abs(box->west) <= 180 && std::abs(box->east) <= 180 && box->south <= box->north);
}

void require_angles(const std::optional<ViewAngles>& angles) {
  require(!angles || (std::isfinite(angles->zenith) && std::isfinite(angles->azimuth)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  read([&] {
    ProductFacts product = parse_product_metadata(xml);
    require(product.level == "L1C" || product.level == "L2A");
    require_box(product.footprint);
    Scene scene;
    scene.bands[Band::B04] = {};
    set_baseline(scene, {{"PROCESSING_BASELINE", product.baseline}});
    calibrate(scene, &product.calibration);
    const Calibration& calibration = scene.bands[Band::B04].calibration;
    require(calibration.scale > 0 && std::isfinite(calibration.offset));
  });
  read([&] {
    const TileFacts tile = parse_tile_metadata(xml);
    Scene scene;
    describe_by_tile(scene, tile);
    require_angles(scene.sun);
    require_angles(scene.view);
    require_box(scene.bbox);
  });
  read([&] { static_cast<void>(parse_quality_flags(xml)); });
  return 0;
}
