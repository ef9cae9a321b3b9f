#pragma once
// The exit code of a program that an exception ended: what main returns, and what the record says of a run.

#include <exception>

namespace pitwatch {

/// 2 for ConfigError, 69 for UnavailableError, 3 for other DataErrors, 75 for BusyError, 128 + signal for Interrupted, 1
/// for all else.
int exit_code_of(const std::exception& error);

}  // namespace pitwatch
