#include "pipeline/monitor/options.hpp"

#include <cmath>
#include <string>
#include <type_traits>

#include "pipeline/core/error.hpp"

namespace pitwatch {

void set_option(MonitorOptions& options, std::string_view name, double value) {
  constexpr double largest = 1e6;
  bool found = false;
  for_each_option(options, [&](const char* option, const char*, auto& target) {
    if (name != option) return;
    found = true;
    using Value = std::remove_reference_t<decltype(target)>;
    const bool fits = std::isfinite(value) && std::abs(value) <= largest &&
                      (!std::is_integral_v<Value> || value == static_cast<double>(static_cast<Value>(value)));
    if (!fits) throw ConfigError(std::string(name) + ": not a value of this option");
    target = static_cast<Value>(value);
  });
  if (!found) throw ConfigError("no option '" + std::string(name) + "'");
}

}  // namespace pitwatch
