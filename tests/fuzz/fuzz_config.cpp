// Any bytes as the INI file of --config with its sections, for each command: options, or a ConfigError.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "pipeline/core/error.hpp"
#include "tests/fuzz/fuzz_support.hpp"
#include "tools/command_alerts.hpp"
#include "tools/command_compare.hpp"
#include "tools/command_fetch.hpp"
#include "tools/command_inspect.hpp"
#include "tools/command_run.hpp"
#include "tools/command_scenes.hpp"
#include "tools/command_score.hpp"
#include "tools/command_series.hpp"
#include "tools/command_simulate.hpp"
#include "tools/command_status.hpp"
#include "tools/command_verify.hpp"
#include "tools/common_options.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using namespace pitwatch::tools;
  static const fuzz::ScratchFile scratch("options.ini");
  static const std::array entries{&run_entry,     &compare_entry, &alerts_list_entry, &rerun_entry,
                                  &inspect_entry, &scenes_entry,  &fetch_entry,       &score_entry,
                                  &series_entry,  &status_entry,  &verify_entry,      &simulate_entry};
  if (size == 0) return 0;
  const CommandEntry& entry = *entries[data[0] % entries.size()];
  scratch.write(fuzz::text_of(data + 1, size - 1));
  const std::unique_ptr<Command> command = entry.make();
  try {
    const auto values = parse_options(*command, {"--config", scratch.path()}, entry.name);
    const CommonOptions common = read_common_options(values);
    fuzz::require(common.threads >= 0 && common.threads <= 1024);
    fuzz::require(!common.memory_bytes || *common.memory_bytes > 0);
    command->setup(values);
  } catch (const ConfigError&) {
  }
  return 0;
}
