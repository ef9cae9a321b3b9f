// Alone, so that another revision compiles nothing else again.
#include "pipeline/report/versions.hpp"

namespace pitwatch {

std::string source_revision() { return PITWATCH_REVISION; }

}  // namespace pitwatch
