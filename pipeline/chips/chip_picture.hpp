#pragma once
// Chips as pictures for people, a pixel for a pixel.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "pipeline/chips/chip.hpp"
#include "pipeline/plot/drawing.hpp"

namespace pitwatch {

enum class Composite : std::uint8_t {
  true_colour,  // B04 B03 B02
  short_wave,   // B12 B08 B04: bare ground, vegetation and water apart
};

inline constexpr std::array<std::string_view, 2> composite_names{"true_colour", "short_wave"};
inline std::string_view name(Composite composite) { return composite_names[static_cast<std::size_t>(composite)]; }

/// Reflectances that become black and full red, green and blue. One for all dates of an alert, so that what changes
/// colour has changed.
struct Stretch {
  std::array<float, 3> low{};
  std::array<float, 3> high{1, 1, 1};
  friend bool operator==(const Stretch&, const Stretch&) = default;
};

/// From the 2nd to the 98th percentile of the clear pixels of all chips, of each colour; at least 0.02 wide, so that
/// noise of even ground stays dark. Without a clear pixel 0 to 0.3. Of no chips likewise.
Stretch stretch_of(std::span<const Chip> chips, Composite composite);

/// Clear pixels stretched. Masked ones are mixed with grey and have dark diagonal lines over them, those without a
/// measurement are light grey with the same lines: neither can be taken for ground.
Picture picture_of(const Chip& chip, Composite composite, const Stretch& stretch);

}  // namespace pitwatch
