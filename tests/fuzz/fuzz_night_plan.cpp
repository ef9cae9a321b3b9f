// Any bytes, read as a plan of units: one that reads the same when written again, or a DataError.

#include <cstddef>
#include <cstdint>

#include "pipeline/core/error.hpp"
#include "pipeline/watch/night_plan.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  try {
    NightPlan plan = parse_plan(fuzz::text_of(data, size));
    for (const PlannedUnit& unit : plan.units) {
      require(plan.find(unit.unit) == &unit);
      require(unit.unit.find('/') == std::string::npos && unit.unit.front() != '.');
    }
    const std::string text = plan_text(plan);
    require(plan_text(parse_plan(text)) == text);
  } catch (const DataError&) {
  }
  return 0;
}
