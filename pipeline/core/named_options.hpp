#pragma once
// Options by name: how the thresholds of a capability reach command lines, sites files and the hash of an algorithm. A
// struct of options takes part by a function beside it,
//
//     template <typename Options, typename Visit> void for_each_option(Options& options, const Visit& visit)
//
// that calls visit(name, meaning with unit, value, range) for each of them, in an order that stays.

#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>

#include "pipeline/core/error.hpp"
#include "pipeline/core/renamed_options.hpp"

namespace pitwatch {

/// The values that an option may have, both ends included.
struct OptionRange {
  double least = 0;
  double most = 1e6;
};

inline constexpr OptionRange any_amount{0, 1e6};
inline constexpr OptionRange share_of_one{0, 1};

/// Sets the option of that name, or of that former one. Throws ConfigError, naming it, where there is none, the value
/// is out of its range, or not whole where it must be.
template <typename Options>
void set_option(Options& options, std::string_view name, double value) {
  bool found = false;
  const std::string_view present = present_name(name);
  for_each_option(options, [&](const char* option, const char*, auto& target, const OptionRange& range) {
    if (present != option) return;
    found = true;
    using Value = std::remove_reference_t<decltype(target)>;
    const bool fits =
        value >= range.least && value <= range.most && (!std::is_integral_v<Value> || value == std::floor(value));
    if (!fits) throw ConfigError(std::string(name) + ": not a value of this option");
    target = static_cast<Value>(value);
  });
  if (!found) throw ConfigError("no option '" + std::string(name) + "'");
}

}  // namespace pitwatch
