#pragma once
// Numbers of JSON as whole numbers. For .cpp files.
//
// The library converts whatever number stands there: a fraction is cut off, what is too large becomes another number or
// is undefined. The build turns its silent conversions off (CMakeLists.txt), and tests/cmake/architecture.cmake those
// to whole numbers that are asked for.

#include <concepts>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "pipeline/core/error.hpp"

namespace pitwatch {

/// The number, if it is whole and an Integer holds it; a number that is written as 3.0 is none.
template <std::integral Integer, typename Json>
std::optional<Integer> whole_number_in(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.template get<std::uint64_t>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  } else if (value.is_number_integer()) {
    const auto number = value.template get<std::int64_t>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  }
  return std::nullopt;
}

/// Throws DataError where there is none.
template <std::integral Integer, typename Json>
Integer whole_number(const Json& value) {
  if (const auto number = whole_number_in<Integer>(value)) return *number;
  throw DataError("'" + value.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, 40) +
                  "' is no whole number that can be there");
}

}  // namespace pitwatch
