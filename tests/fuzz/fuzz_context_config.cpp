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
    if (config.elevation) {
      const ElevationOptions& elevation = *config.elevation;
      require(!elevation.sources.empty());
      for (const std::string& source : elevation.sources) {
        require(!source.empty() && source.find('\0') == std::string::npos);
      }
      require(elevation.rmse_m >= 0 && elevation.rmse_m <= 1000);
      require(elevation.cell_m >= 1 && elevation.cell_m <= 1000);
      require(elevation.correlation_length_m >= 0 && elevation.correlation_length_m <= 100 * elevation.cell_m);
      require(elevation.draws >= 1 && elevation.draws <= 1000);
      require(elevation.stream_threshold_ha >= 0.01 && elevation.stream_threshold_ha <= 1e6);
      require(elevation.burn_m >= 0 && elevation.burn_m <= 1000);
      require(elevation.reach_m >= 100 && elevation.reach_m <= 100'000);
    }
    if (config.groundwater) {
      const auto is_sound = [](const GroundwaterFacts& facts) {
        return facts.depth_m.value_or(0) >= 0 && facts.recharge_mm.value_or(0) >= 0 &&
               facts.conductivity_m_a_day.value_or(0) >= 0 && facts.aquifer != RockKind::confining_layer &&
               facts.aquifer != RockKind::silt_or_clay;
      };
      require(is_sound(config.groundwater->everywhere));
      for (const auto& [site, facts] : config.groundwater->sites) {
        require(is_sound(facts) && is_sound(groundwater_at(*config.groundwater, site)));
      }
    }
  } catch (const ConfigError& error) {
    require(std::string(error.what()).find('\n') == std::string::npos);
  }
  return 0;
}
