// Any bytes, read as a ledger of deliveries: counts that make sense, or a DataError of one line.

#include <cstddef>
#include <cstdint>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/delivery/ledger.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  try {
    const Ledger ledger = parse_ledger(fuzz::text_of(data, size), "s");
    require(ledger.subscription == "s");
    for (const auto& [id, done] : ledger.done) {
      for (const int count : done.counts) require(count >= 0 && count <= 1'000'000);
    }
  } catch (const DataError& error) {
    require(std::string(error.what()).find('\n') == std::string::npos);
  }
  return 0;
}
