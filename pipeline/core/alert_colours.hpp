#pragma once
// The colours of alerts on maps, the same in every file and style.

#include <array>
#include <cstddef>

#include "pipeline/core/alert.hpp"
#include "pipeline/core/colour.hpp"

namespace pitwatch {

inline constexpr Colour stable_colour{236, 236, 230};

/// In the order of change_class_names.
inline constexpr std::array<Colour, change_class_names.size()> change_class_colours{{
    {215, 48, 39},    // vegetation to bare
    {253, 208, 62},   // bare to bare
    {49, 104, 207},   // to water
    {140, 196, 232},  // from water
    {64, 160, 72},    // vegetation change
    {70, 45, 32},     // burn
    {178, 60, 178},   // built or bright
    {0, 150, 170},    // flood
    {190, 160, 70},   // harvest
    {128, 128, 128},  // unknown
}};

inline constexpr Colour colour_of(ChangeClass change_class) {
  return change_class_colours[static_cast<std::size_t>(change_class) - 1];
}

/// In the order of alert_status_names; as KML exports have them.
inline constexpr std::array<Colour, alert_status_names.size()> alert_status_colours{{
    {255, 165, 0},    // provisional
    {255, 0, 0},      // confirmed
    {128, 128, 128},  // closed
    {0, 160, 0},      // recovering
    {160, 160, 160},  // superseded
    {96, 96, 96},     // not watched
}};

}  // namespace pitwatch
