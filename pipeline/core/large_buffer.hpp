#pragma once
// Memory for pixels.

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace pitwatch {

/// Frees what allocate_pixels() gave.
struct FreePixels {
  void operator()(void* memory) const;
};

/// Uninitialised memory, aligned to 64 bytes; large pieces lie on huge pages where the system has them, since filling
/// fresh memory page by page costs as much as computing what goes into it. Throws std::bad_alloc.
void* allocate_pixels(std::size_t bytes);

/// While there is one, large pieces that are freed are kept for whoever wants as much next, for the system clears what
/// it gives: of use where work of one size follows on another. Hardly more is held than was once in use since.
/// Thread-safe.
class KeptPixels {
 public:
  KeptPixels();
  ~KeptPixels();
  KeptPixels(const KeptPixels&) = delete;
  KeptPixels& operator=(const KeptPixels&) = delete;
};

/// An array of `count` elements on such memory, uninitialised.
template <typename T>
using PixelArray = std::unique_ptr<T[], FreePixels>;

template <typename T>
PixelArray<T> make_pixels(std::size_t count) {
  return PixelArray<T>(static_cast<T*>(allocate_pixels(count * sizeof(T))));
}

/// The same for a std::vector. resize() leaves new elements uninitialised, as make_pixels() does: who fills them
/// touches their memory first, and may do so on several threads.
template <typename T>
struct PixelAllocator {
  using value_type = T;
  PixelAllocator() = default;
  template <typename Other>
  PixelAllocator(const PixelAllocator<Other>&) {}  // NOLINT(google-explicit-constructor): allocators convert

  T* allocate(std::size_t count) { return static_cast<T*>(allocate_pixels(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t) { FreePixels()(memory); }
  void construct(T*) noexcept { static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>); }
  template <typename... Values>
  void construct(T* place, Values&&... values) {
    std::construct_at(place, std::forward<Values>(values)...);
  }
  template <typename Other>
  friend bool operator==(const PixelAllocator&, const PixelAllocator<Other>&) {
    return true;
  }
};

/// One element per pixel.
template <typename T>
using PixelVector = std::vector<T, PixelAllocator<T>>;

}  // namespace pitwatch
