// Any text as the header of a state file of either format, under a checksum that fits: what the state says of itself,
// and all of it, or a DataError.

#include <cstddef>
#include <cstdint>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/state_file.hpp"
#include "pipeline/watch/site_state.hpp"
#include "tests/fuzz/fuzz_support.hpp"

namespace {

using namespace pitwatch;

const Grid small{"EPSG:32638", {600000, 4440000}, 10, 4, 3};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::ScratchFile scratch("looks-00001.state");
  write_state_file(scratch.path(), fuzz::text_of(data, size), {});
  try {
    const StateHead head = read_state_head(scratch.path());
    for (const AcquisitionRecord& acquisition : head.acquisitions)
      fuzz::require(!acquisition.parts.empty() && acquisition.scene().size() <= size);
    static_cast<void>(differences(head, {"0.1.0", {{"buffer-m", "300"}}, small}));
  } catch (const DataError&) {
  } catch (const ConfigError&) {  // of a newer version
  }
  try {
    const SiteState state = read_site_state(scratch.path(), small, serial_for);
    fuzz::require(!state.is_learnt() || state.monitor.pixels() == 12);
  } catch (const DataError&) {
  } catch (const ConfigError&) {
  }
  return 0;
}
