#pragma once
// Elements of small numbers as planes.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "pipeline/core/large_buffer.hpp"
#include "pipeline/core/state_array.hpp"

namespace pitwatch {

/// Elements of so many numbers of 16 bits and, behind them, of 8: kept number by number, one plane each, so that
/// kernels walk them row by row. Planes begin at different places of a page: those of one number do not crowd those of
/// another out of a cache.
class NumberRows {
 public:
  /// Contents are undefined afterwards.
  void resize(std::size_t size, std::size_t shorts, std::size_t bytes) {
    constexpr std::size_t line = 64;
    size_ = size;
    shorts_ = shorts;
    element_bytes_ = 2 * shorts + bytes;
    stride_ = (size + line - 1) / line * line + line;
    memory_.resize(stride_ * element_bytes_);
  }

  std::size_t size() const { return size_; }

  /// The k-th number of 16 bits, or of 8, of an element; those of the elements behind it follow.
  std::int16_t* short_row(std::size_t k, std::size_t i) {
    return reinterpret_cast<std::int16_t*>(memory_.data()) + k * stride_ + i;
  }
  const std::int16_t* short_row(std::size_t k, std::size_t i) const {
    return reinterpret_cast<const std::int16_t*>(memory_.data()) + k * stride_ + i;
  }
  std::uint8_t* byte_row(std::size_t k, std::size_t i) {
    return reinterpret_cast<std::uint8_t*>(memory_.data()) + (2 * shorts_ + k) * stride_ + i;
  }
  const std::uint8_t* byte_row(std::size_t k, std::size_t i) const {
    return reinterpret_cast<const std::uint8_t*>(memory_.data()) + (2 * shorts_ + k) * stride_ + i;
  }

  StateArray array(std::string_view name, bool smooth) {
    return {name, element_bytes_, shorts_, smooth, {memory_.data(), memory_.size()}, stride_, size_};
  }

 private:
  std::size_t size_ = 0;
  std::size_t shorts_ = 0;
  std::size_t element_bytes_ = 1;
  std::size_t stride_ = 0;  // numbers from one plane to the next
  PixelVector<std::byte> memory_;
};

/// The same of elements of one type: `shorts` numbers of 16 bits and, behind them, numbers of 8, without padding.
template <typename Element, std::size_t shorts>
class NumberPlanes : public NumberRows {
  static_assert(std::is_trivially_copyable_v<Element> && sizeof(Element) >= 2 * shorts);
  static constexpr std::size_t bytes = sizeof(Element) - 2 * shorts;
  using Bytes = std::array<std::byte, sizeof(Element)>;

 public:
  /// Contents are undefined afterwards.
  void resize(std::size_t size) { NumberRows::resize(size, shorts, bytes); }
  void assign(std::size_t size, const Element& element) {
    resize(size);
    for (std::size_t i = 0; i < size; ++i) set(i, element);
  }

  Element operator[](std::size_t i) const {
    Bytes element;
    for (std::size_t k = 0; k < shorts; ++k) std::memcpy(&element[2 * k], short_row(k, i), 2);
    for (std::size_t k = 0; k < bytes; ++k) std::memcpy(&element[2 * shorts + k], byte_row(k, i), 1);
    return std::bit_cast<Element>(element);
  }
  void set(std::size_t i, const Element& value) {
    const auto element = std::bit_cast<Bytes>(value);
    for (std::size_t k = 0; k < shorts; ++k) std::memcpy(short_row(k, i), &element[2 * k], 2);
    for (std::size_t k = 0; k < bytes; ++k) std::memcpy(byte_row(k, i), &element[2 * shorts + k], 1);
  }
};

}  // namespace pitwatch
