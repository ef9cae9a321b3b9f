#pragma once
// Whether all that a nightly run rests on is sound here, before it runs and when it has failed: `pitwatch doctor`.
// Writes nothing.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/watch/watch.hpp"

namespace pitwatch {

enum class Health : std::uint8_t { ok, warning, failed };

inline constexpr std::array<std::string_view, 3> health_names{"ok", "warning", "failed"};
inline std::string_view name(Health health) { return health_names[static_cast<std::size_t>(health)]; }

struct HealthCheck {
  std::string what;  // "disk"
  Health health = Health::ok;
  std::string found;   // in words
  std::string advice;  // what to do; empty where it is ok
};

/// Of the options state, register_target, sites, source, network, signing, buffer_m and memory_bytes count; what is
/// empty is not looked at. `now` is the machine's clock. What a check meets is its finding: throws nothing but
/// Interrupted.
std::vector<HealthCheck> examine(const WatchOptions& options, Instant now);

}  // namespace pitwatch
