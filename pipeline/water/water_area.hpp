#pragma once
// How much water stands in a pond or a reservoir by date, and since when.

#include <cstdint>
#include <optional>
#include <span>

#include "pipeline/core/date.hpp"

namespace pitwatch {

/// What one acquisition shows of a water's pixels.
struct WaterSight {
  Instant at{};
  std::int64_t clear = 0;  // pixels
  std::int64_t wet = 0;    // of them: open water by their spectrum
};

inline constexpr std::int64_t least_wet_pixels = 10;  // a tenth of a hectare, or half of a smaller water
inline constexpr double least_clear_share = 0.5;      // of the pixels, for an acquisition to say whether there is water

struct WaterSince {
  std::optional<Instant> first_seen;  // nothing: not seen twice in a row
  std::optional<Instant> dry_before;  // last acquisition without it before that; nothing: there when first looked at
};

/// Since when there is water: the first of two acquisitions in a row that showed least_wet_pixels of it, or of fewer
/// than 20 pixels half of them. Acquisitions that showed less than least_clear_share of the pixels say nothing.
/// `sights` in order of time.
WaterSince water_since(std::span<const WaterSight> sights, std::int64_t pixels);

}  // namespace pitwatch
