#include "pipeline/io/raster/read_error.hpp"

namespace pitwatch {

bool is_unread(const std::exception& error) {
  if (dynamic_cast<const ReadError*>(&error) != nullptr) return true;
  if (dynamic_cast<const UnavailableError*>(&error) != nullptr) return true;
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception& inner) {
    return is_unread(inner);
  } catch (...) {
    return false;
  }
  return false;
}

}  // namespace pitwatch
