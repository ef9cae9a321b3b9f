#include "pipeline/chips/film_strip.hpp"

namespace pitwatch {
namespace {

/// How many there are at a spacing, the newest with them.
std::size_t kept_at(std::size_t spacing, std::size_t count) {
  const std::size_t at_spacing = (count + spacing - 1) / spacing;
  const bool newest_is_one = (count - 1) % spacing == 0;
  return at_spacing + (newest_is_one ? 0 : 1);
}

}  // namespace

std::size_t strip_spacing(std::size_t count, std::size_t most) {
  std::size_t spacing = 1;
  while (count > most && spacing < count && kept_at(spacing, count) > most) spacing *= 2;
  return spacing;
}

bool is_kept_frame(std::size_t number, std::size_t count, std::size_t most) {
  if (number + 1 == count) return true;
  return most > 1 && number < count && number % strip_spacing(count, most) == 0;
}

}  // namespace pitwatch
