// Any bytes as a signature, as a time stamp and as an authority's answer: none of them fits, and is told so.

#include <cstddef>
#include <cstdint>

#include "pipeline/core/error.hpp"
#include "pipeline/record/signature.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  static const std::string content = "content";
  static const std::string query = time_stamp_query(content);
  const std::string bytes = fuzz::text_of(data, size);
  const auto refuses = [](const auto& check) {
    try {
      check();
      return false;
    } catch (const DataError&) {
      return true;
    }
  };
  fuzz::require(refuses([&] { static_cast<void>(verify_cms(content, bytes, {})); }));
  fuzz::require(refuses([&] { static_cast<void>(verify_time_stamp(content, bytes, {})); }));
  fuzz::require(refuses([&] { static_cast<void>(check_time_stamp_reply(query, bytes)); }));
  return 0;
}
