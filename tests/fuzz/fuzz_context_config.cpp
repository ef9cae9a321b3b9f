// Any bytes, read as context.json: layers that can be told apart, or a ConfigError of one line.

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "pipeline/context/context_config.hpp"
#include "pipeline/core/error.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  try {
    const ContextConfig config = parse_context_config(fuzz::text_of(data, size), "/maps");
    require(!config.layers.empty());
    require(config.registration_error_m >= 0 && config.registration_error_m <= 1000);
    std::set<std::string> names;
    for (const ContextLayer& layer : config.layers) {
      require(!layer.name.empty() && names.insert(layer.name).second);
      require(!layer.source.target.empty() && layer.source.target.find('\0') == std::string::npos);
      require(layer.accuracy_m >= 0 && layer.accuracy_m <= 1000);
      require(layer.source.geometries != 0);
    }
  } catch (const ConfigError& error) {
    require(std::string(error.what()).find('\n') == std::string::npos);
  }
  return 0;
}
