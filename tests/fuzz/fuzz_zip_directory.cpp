// Any bytes, read as a zip archive of a product: names that stay within it, members that can be read or not, and either
// a scene or a DataError; and checked as one that was written by this program. Nothing is left open.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/files/inner_path.hpp"
#include "pipeline/io/files/zip_writer.hpp"
#include "pipeline/io/products/product_files.hpp"
#include "pipeline/io/products/safe_product.hpp"
#include "tests/fuzz/fuzz_support.hpp"

namespace {

std::ptrdiff_t open_files() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  static const fuzz::ScratchFile scratch("S2A_MSIL2A_20220214T070051_N0400_R120_T38KQA_20220214T085403.zip");
  scratch.write(fuzz::text_of(data, size));
  initialise_gdal(1 << 20);
  const std::ptrdiff_t open_before = open_files();
  try {
    const ProductFiles files = ProductFiles::of_zip(scratch.path());
    require(files.archive_fingerprint().size() == 64);
    for (const std::string& name : files.names()) {
      try {
        check_inner_name(name);
      } catch (const DataError&) {
        require(false);
      }
      try {
        require(files.read(name).size() == files.size(name));
      } catch (const DataError&) {
      }
    }
  } catch (const DataError&) {
  }
  try {
    check_zip(scratch.path());
  } catch (const DataError&) {
  }
  try {
    for (const std::string& granule : safe_granules(scratch.path())) {
      const ProductScene read = read_safe_product(granule);
      for (const auto& [band, asset] : read.scene.bands) require(asset.path.starts_with("/vsizip/{" + scratch.path()));
    }
  } catch (const DataError&) {
  }
  require(open_files() == open_before);
  return 0;
}
