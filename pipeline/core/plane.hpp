#pragma once
// Two-dimensional buffers: row-major, rows padded to 64 bytes so that vector loads of a row start aligned.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "pipeline/core/large_buffer.hpp"

namespace pitwatch {

/// A view of a plane that somebody else owns. `stride` counts elements from one row to the next.
template <typename T>
struct PlaneView {
  T* data = nullptr;
  int width = 0;
  int height = 0;
  std::ptrdiff_t stride = 0;

  T* row(int y) const { return data + y * stride; }
  T& at(int x, int y) const { return data[y * stride + x]; }
  operator PlaneView<const T>() const { return {data, width, height, stride}; }
};

/// An owning plane. reshape() keeps the allocation where it suffices, so that a pool of planes does not allocate
/// in the steady state. Contents are undefined after construction and reshape().
template <typename T>
class Plane {
  static_assert(std::is_trivially_copyable_v<T>);
  static constexpr std::size_t alignment = 64;

 public:
  Plane() = default;
  Plane(int width, int height) { reshape(width, height); }

  void reshape(int width, int height) {
    constexpr std::size_t per_line = alignment / sizeof(T);
    const std::size_t stride = (static_cast<std::size_t>(width) + per_line - 1) / per_line * per_line;
    const std::size_t count = stride * static_cast<std::size_t>(height);
    if (count > capacity_) {
      data_ = {};  // before the new one: they need not be there at once
      data_ = make_pixels<T>(count);
      capacity_ = count;
    }
    width_ = width;
    height_ = height;
    stride_ = static_cast<std::ptrdiff_t>(stride);
  }

  int width() const { return width_; }
  int height() const { return height_; }
  std::ptrdiff_t stride() const { return stride_; }
  std::size_t bytes() const { return capacity_ * sizeof(T); }
  T* row(int y) { return data_.get() + y * stride_; }
  const T* row(int y) const { return data_.get() + y * stride_; }
  T& at(int x, int y) { return row(y)[x]; }
  const T& at(int x, int y) const { return row(y)[x]; }
  PlaneView<T> view() { return {data_.get(), width_, height_, stride_}; }
  PlaneView<const T> view() const { return {data_.get(), width_, height_, stride_}; }

 private:
  PixelArray<T> data_;
  std::size_t capacity_ = 0;
  int width_ = 0;
  int height_ = 0;
  std::ptrdiff_t stride_ = 0;
};

}  // namespace pitwatch
