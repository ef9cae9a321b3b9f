// Any bytes, read as observations.csv: rows in order of time with shares within 0..1, which read the same when written
// again, or a DataError.

#include <cstddef>
#include <cstdint>

#include "pipeline/chips/observed_alert.hpp"
#include "pipeline/core/error.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  try {
    const auto rows = parse_observations(fuzz::text_of(data, size));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      require(rows[i].clear_share >= 0 && rows[i].clear_share <= 1);
      require(i == 0 || rows[i].acquired >= rows[i - 1].acquired);
    }
    require(parse_observations(observations_text(rows)).size() == rows.size());
  } catch (const DataError&) {
  }
  return 0;
}
