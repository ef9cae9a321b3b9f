// Any bytes as the file of a register: reviews, coverage, counts and all of it, or an error that says why not.

#include <cstddef>
#include <cstdint>

#include "pipeline/core/error.hpp"
#include "pipeline/register/register.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  static const fuzz::ScratchFile scratch("register.gpkg");
  scratch.write(fuzz::text_of(data, size));
  const auto try_to = [](const auto& read) {
    try {
      read();
    } catch (const DataError&) {
    } catch (const IoError&) {
    } catch (const BusyError&) {
    }
  };
  try_to([&] {
    for (const RegisteredReview& review : read_reviews(scratch.path())) fuzz::require(!review.alert_id.empty());
  });
  try_to([&] { static_cast<void>(check_register(scratch.path())); });
  try_to([&] {
    for (const RegisteredCoverage& each : read_coverage(scratch.path())) fuzz::require(!each.site.empty());
  });
  try_to([&] {
    for (const OutlinedAlert& each : read_register(scratch.path()).alerts) fuzz::require(!each.alert.id.empty());
  });
  return 0;
}
