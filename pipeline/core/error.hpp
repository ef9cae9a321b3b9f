#pragma once
// The errors of the whole program. Context (scene, band, block, path) is added at boundaries with
// std::throw_with_nested; main prints the chain once and maps the type to the exit code.

#include <exception>
#include <stdexcept>
#include <string>

namespace pitwatch {

/// The user asked for something that cannot be done: options, configuration, contradictory inputs.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// An input is broken or unusable: not a STAC item, truncated file, wrong CRS, no valid pixel.
struct DataError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A server cannot be reached: what is asked of it may be right, and later it may be there.
struct UnavailableError : DataError {
  using DataError::DataError;
};

/// An output could not be written.
struct IoError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Another process is at work on the same files: later it will go.
struct BusyError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// "outer: inner: innermost", one line, for an exception with nested ones.
std::string error_chain(const std::exception& error);

/// Rethrows the exception being handled as the same one of our types, with `context` in front of it.
/// Foreign exceptions come out as they are, nested in a std::runtime_error. Call only inside a catch block.
[[noreturn]] void rethrow_with_context(const std::string& context);

}  // namespace pitwatch
