// Any bytes, as the name of a product or of a file within one: what is read from it has the form that it promises, and
// a name that is accepted leads nowhere else.

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/inner_path.hpp"
#include "pipeline/io/products/esa_names.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  const std::string name = fuzz::text_of(data, size);
  const std::string tile = tile_of_name(name);
  require(tile.empty() || is_tile_name(tile));
  const std::string baseline = baseline_of_name(name);
  require(baseline.empty() || (baseline.size() == 5 && baseline[2] == '.'));
  const std::string platform = platform_of_name(name);
  require(platform.empty() || platform.size() == 11);
  const std::string level = level_of_name(name);
  require(level.empty() || level == "L1C" || level == "L2A");
  const std::optional<int> relative = relative_orbit_of_name(name);
  require(!relative || (*relative >= 0 && *relative <= 999));
  const std::optional<int> absolute = absolute_orbit_of_name(name);
  require(!absolute || (*absolute >= 0 && *absolute <= 999'999));
  const std::optional<Instant> instant = instant_in_name(name);
  require(!instant || parse_instant(format_instant(*instant)) == *instant);
  require(datastrip_start_of_name(name).empty() || datastrip_start_of_name(name).size() == 15);
  try {
    check_inner_name(name);
    const std::filesystem::path folder("/product");
    const std::filesystem::path joined = (folder / name).lexically_normal();
    const std::filesystem::path inside = joined.lexically_relative(folder);
    require(inside == std::filesystem::path(name) && *inside.begin() != "..");
  } catch (const DataError&) {
  }
  return 0;
}
