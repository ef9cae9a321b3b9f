// Any bytes, read as a date or time: either an instant, which is the same after writing and reading it again, or a
// DataError. A bare day is a midnight, and lasts a day.

#include <chrono>
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
  const bool is_midnight = std::chrono::floor<std::chrono::days>(instant) == instant;
  if (is_bare_day(text) && !is_midnight) std::abort();
  const Instant::duration rest = last_instant(text) - instant;
  if (rest != (is_bare_day(text) ? std::chrono::hours(24) - Instant::duration(1) : Instant::duration(0))) std::abort();
  return 0;
}
