#include "pipeline/core/large_buffer.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace pitwatch {
namespace {

constexpr std::size_t line_bytes = 64;
constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

}  // namespace

void FreePixels::operator()(void* memory) const { std::free(memory); }

void* allocate_pixels(std::size_t bytes) {
  const bool large = bytes >= huge_page_bytes;
  const std::size_t alignment = large ? huge_page_bytes : line_bytes;
  const std::size_t rounded = (bytes + line_bytes - 1) / line_bytes * line_bytes;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, rounded) != 0) throw std::bad_alloc();
  // A wish: where it is not granted, pages are small.
  if (large) madvise(memory, rounded / huge_page_bytes * huge_page_bytes, MADV_HUGEPAGE);
  return memory;
}

}  // namespace pitwatch
