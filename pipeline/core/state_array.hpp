#pragma once
// Arrays of numbers that are kept from one run to the next.

#include <cstddef>
#include <span>
#include <string_view>

namespace pitwatch {

/// One of the arrays of a state: elements without padding, each of `shorts` numbers of 16 bits and, behind them,
/// numbers of 8. The bytes are those of this machine's numbers. Elements follow each other; or each of their numbers
/// has a plane, those of 16 bits first, with room for `stride` numbers from one plane to the next.
struct StateArray {
  std::string_view name;
  std::size_t element_bytes = 1;
  std::size_t shorts = 0;
  bool smooth = false;  // whether an element is like the one before it
  std::span<std::byte> bytes;
  std::size_t stride = 0;     // 0: elements follow each other
  std::size_t in_planes = 0;  // elements, where they do not

  std::size_t elements() const { return stride == 0 ? bytes.size() / element_bytes : in_planes; }
};

}  // namespace pitwatch
