#pragma once
// A chip: the ground of an alert on one date, cut out of what the monitor saw.

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "pipeline/core/date.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/mask.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/core/scene.hpp"

namespace pitwatch {

enum class ChipRole : std::uint8_t {
  before,     // each pixel when it was last seen undisturbed, as of the first detection: a composite of many dates
  detected,   // the acquisition that first made it an alert
  confirmed,  // the one that confirmed it; of one that was reopened, the last that did
  seen,       // one of the film strip: an acquisition since then that shows at least half of its ground clear
};

inline constexpr std::array<std::string_view, 4> chip_role_names{"before", "detected", "confirmed", "seen"};
inline std::string_view name(ChipRole role) { return chip_role_names[static_cast<std::size_t>(role)]; }

/// The bands of a chip, in this order: those that the monitor takes in.
inline constexpr std::array<Band, 6> chip_bands{Band::B02, Band::B03, Band::B04, Band::B08, Band::B11, Band::B12};

/// How numbers of a chip stand for reflectance: number * scale + offset; 0: no measurement. As keep_reflectance() gives
/// them (acquisition/reference.hpp).
inline constexpr double chip_scale = 1e-4;
inline constexpr double chip_offset = -0.3001;

inline float chip_reflectance(std::uint16_t number) {
  if (number == 0) return std::numeric_limits<float>::quiet_NaN();
  return static_cast<float>(number * chip_scale + chip_offset);
}

struct Chip {
  std::string alert_id;
  ChipRole role = ChipRole::seen;
  std::string acquisition;  // scene id; of `before` empty
  Instant acquired{};       // of `before`: when the ground was last seen undisturbed (onset_after)
  Grid grid;                // a part of the site's
  std::array<Plane<std::uint16_t>, chip_bands.size()> bands;
  /// Why a pixel did not count as clear: by the acquisition's mask, with the margin around cloud, and by its spectrum;
  /// bare ground that a mask calls cloud counts. Of `before` nodata where it was never seen undisturbed.
  Plane<MaskBits> mask;
};

}  // namespace pitwatch
