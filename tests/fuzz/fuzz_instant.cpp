// Any bytes, read as a date or time: either an instant, which is the same after writing and reading it again, or a
// DataError.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pipeline/core/date.hpp"
#include "pipeline/core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  const std::string text(reinterpret_cast<const char*>(data), size);
  Instant instant;
  try {
    instant = parse_instant(text);
  } catch (const DataError&) {
    return 0;
  }
  if (parse_instant(format_instant(instant)) != instant) std::abort();
  return 0;
}
