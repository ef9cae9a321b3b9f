// Any bytes, as the name of an image, as a list of bands, as MAJA's metadata: what is read has the form that it
// promises, and a file that is named leads nowhere else.

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "pipeline/core/error.hpp"
#include "pipeline/io/products/esa_names.hpp"
#include "pipeline/io/products/given_facts.hpp"
#include "pipeline/io/products/hls_product.hpp"
#include "pipeline/io/products/image_names.hpp"
#include "pipeline/io/products/maja_product.hpp"
#include "tests/fuzz/fuzz_support.hpp"

namespace {

using namespace pitwatch;
using fuzz::require;

void check_names(const std::string& name) {
  if (const auto band = band_in_name(name)) {
    require(name.starts_with(band->before) && name.ends_with(band->behind));
    require(named_band(name.substr(band->before.size(), name.size() - band->before.size() - band->behind.size())) ==
            band->what);
  }
  const ImageNameFacts facts = image_name_facts(name);
  require(facts.first.has_value() == facts.last.has_value());
  require(!facts.first || *facts.first <= *facts.last);
  require(facts.tile.empty() || is_tile_name(facts.tile));
  require(facts.level.empty() || facts.level == "L1C" || facts.level == "L2A");
  if (const auto image = hls_image(name)) {
    require(is_tile_name(image->tile) && name.starts_with(image->granule + "." + image->layer + "."));
    require(parse_instant(format_instant(image->acquired)) == image->acquired);
    require(hls_image(image->granule + ".B04.tif").has_value());
  }
  if (const auto product = maja_name(name)) {
    require(is_tile_name(product->tile) && name.starts_with(product->product));
    require(maja_name(product->product)->product == product->product);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = fuzz::text_of(data, size);
  check_names(text);
  try {
    for (const GivenBand& band : parse_given_bands(text)) {
      require(band.number >= 1 && band.number <= 64);
      const std::filesystem::path joined = (std::filesystem::path("/folder") / band.file).lexically_normal();
      require(band.file.empty() || *joined.lexically_relative("/folder").begin() != "..");
    }
  } catch (const ConfigError&) {
  }
  try {
    const MajaFacts facts = parse_maja_metadata(text);
    require(!facts.quantification || (*facts.quantification >= 1 && *facts.quantification <= 1e6));
    require(!facts.sun || (facts.sun->zenith >= 0 && facts.sun->zenith <= 180));
    require(!facts.cloud_cover || (*facts.cloud_cover >= 0 && *facts.cloud_cover <= 100));
  } catch (const DataError&) {
  }
  return 0;
}
