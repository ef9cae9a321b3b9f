#include "tools/exit_codes.hpp"

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "tools/command.hpp"

namespace pitwatch::tools {

int exit_code_of(const std::exception& error) {
  if (const auto* interrupted = dynamic_cast<const Interrupted*>(&error)) {
    return exit_code_of_signal(interrupted->signal);
  }
  if (dynamic_cast<const ConfigError*>(&error) != nullptr) return exit_usage;
  if (dynamic_cast<const UnavailableError*>(&error) != nullptr) return exit_unavailable;
  if (dynamic_cast<const DataError*>(&error) != nullptr) return exit_no_data;
  return dynamic_cast<const BusyError*>(&error) != nullptr ? exit_busy : exit_internal;
}

}  // namespace pitwatch::tools
