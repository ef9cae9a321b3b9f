#pragma once
// Options of what is refused: scenes that are not what their metadata say.

#include <boost/program_options.hpp>

#include "pipeline/acquisition/checks.hpp"

namespace pitwatch::tools {

/// --offset-check.
void add_offset_check_option(boost::program_options::options_description& description);

/// --offset-check and --gate.
void add_check_options(boost::program_options::options_description& description);

/// What those of the two say that there are. Throws ConfigError naming the option.
SceneChecks read_check_options(const boost::program_options::variables_map& values);

}  // namespace pitwatch::tools
