#pragma once
// Files that could not be read, as against those that were read and found wrong.

#include <exception>

#include "pipeline/core/error.hpp"

namespace pitwatch {

/// A raster could not be opened or read: for now, or because it is broken.
struct ReadError : DataError {
  using DataError::DataError;
};

/// Whether a ReadError or an UnavailableError is behind an error: what was not read may be there another time.
bool is_unread(const std::exception& error);

}  // namespace pitwatch
