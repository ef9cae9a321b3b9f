#include "pipeline/core/exit_code.hpp"

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"

namespace pitwatch {

int exit_code_of(const std::exception& error) {
  if (const auto* interrupted = dynamic_cast<const Interrupted*>(&error)) {
    return exit_code_of_signal(interrupted->signal);
  }
  if (dynamic_cast<const ConfigError*>(&error) != nullptr) return 2;
  if (dynamic_cast<const UnavailableError*>(&error) != nullptr) return 69;
  if (dynamic_cast<const DataError*>(&error) != nullptr) return 3;
  return dynamic_cast<const BusyError*>(&error) != nullptr ? 75 : 1;
}

}  // namespace pitwatch
