#include "tools/check_options.hpp"

#include <string>

#include "pipeline/core/error.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

void add_offset_check_option(po::options_description& description) {
  description.add_options()  //
      ("offset-check", po::value<std::string>()->value_name("WHAT")->default_value("refuse"),
       "scenes whose offsets their pixels contradict, or that nothing tells: refuse, warn (and use), or off (pixels "
       "are "
       "not looked at)");
}

void add_check_options(po::options_description& description) {
  add_offset_check_option(description);
  description.add_options()  //
      ("gate", po::value<std::string>()->value_name("on|off")->default_value("on"),
       "scenes that are garbage are refused: stripes, lost lines, filled blocks, saturation, images that lie "
       "elsewhere");
}

SceneChecks read_check_options(const po::variables_map& values) {
  SceneChecks checks;
  try {
    checks.offsets = offset_check_from(values["offset-check"].as<std::string>());
  } catch (const ConfigError& error) {
    throw ConfigError(std::string("--offset-check: ") + error.what());
  }
  if (values.count("gate") != 0) {
    const std::string gate = values["gate"].as<std::string>();
    if (gate != "on" && gate != "off") throw ConfigError("--gate: '" + gate + "' is not on or off");
    checks.gate = gate == "on";
  }
  return checks;
}

}  // namespace pitwatch::tools
