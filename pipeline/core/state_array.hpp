#pragma once
// Arrays of numbers that are kept from one run to the next.

#include <cstddef>
#include <span>
#include <string_view>

namespace pitwatch {

/// One of the arrays of a state: elements without padding, each of `shorts` numbers of 16 bits and, behind them,
/// numbers of 8. The bytes are those of this machine's numbers.
struct StateArray {
  std::string_view name;
  std::size_t element_bytes = 1;
  std::size_t shorts = 0;
  bool smooth = false;  // whether an element is like the one before it
  std::span<std::byte> bytes;
};

}  // namespace pitwatch
