#include "pipeline/chips/chip_picture.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace pitwatch {
namespace {

// Places in chip_bands.
std::array<std::size_t, 3> bands_of(Composite composite) {
  return composite == Composite::true_colour ? std::array<std::size_t, 3>{2, 1, 0}
                                             : std::array<std::size_t, 3>{5, 3, 2};
}

constexpr int line_spacing = 4;
constexpr double ground_share = 0.5;  // of a masked pixel's own colour
constexpr double mask_grey = 160;
constexpr double nothing_grey = 225;
constexpr double line_share = 0.6;  // of what lies under a line

/// Of a sorted sample; nearest rank.
std::uint16_t percentile(const std::vector<std::uint16_t>& sorted, double share) {
  return sorted[static_cast<std::size_t>(std::lround(share * static_cast<double>(sorted.size() - 1)))];
}

std::uint8_t byte_of(double value) { return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0))); }

}  // namespace

Stretch stretch_of(std::span<const Chip> chips, Composite composite) {
  constexpr double low_share = 0.02;
  constexpr double high_share = 0.98;
  constexpr float least_width = 0.02F;
  constexpr float usual_high = 0.3F;
  Stretch stretch;
  for (std::size_t colour = 0; colour < 3; ++colour) {
    const std::size_t band = bands_of(composite)[colour];
    std::vector<std::uint16_t> values;
    for (const Chip& chip : chips) {
      const Plane<std::uint16_t>& plane = chip.bands[band];
      for (int y = 0; y < chip.grid.height; ++y) {
        for (int x = 0; x < chip.grid.width; ++x) {
          if (chip.mask.at(x, y) == mask_clear && plane.at(x, y) != 0) values.push_back(plane.at(x, y));
        }
      }
    }
    if (values.empty()) {
      stretch.high[colour] = usual_high;
      continue;
    }
    std::sort(values.begin(), values.end());
    stretch.low[colour] = chip_reflectance(percentile(values, low_share));
    stretch.high[colour] =
        std::max(chip_reflectance(percentile(values, high_share)), stretch.low[colour] + least_width);
  }
  return stretch;
}

Picture picture_of(const Chip& chip, Composite composite, const Stretch& stretch) {
  const std::array<std::size_t, 3> bands = bands_of(composite);
  Picture picture{chip.grid.width, chip.grid.height, {}};
  picture.rgb.reserve(3 * static_cast<std::size_t>(chip.grid.width) * static_cast<std::size_t>(chip.grid.height));
  for (int y = 0; y < chip.grid.height; ++y) {
    for (int x = 0; x < chip.grid.width; ++x) {
      const bool is_measured =
          std::all_of(bands.begin(), bands.end(), [&](std::size_t band) { return chip.bands[band].at(x, y) != 0; });
      const bool is_clear = is_measured && chip.mask.at(x, y) == mask_clear;
      const bool is_line = !is_clear && (x + y) % line_spacing == 0;
      for (std::size_t colour = 0; colour < 3; ++colour) {
        double value = nothing_grey;
        if (is_measured) {
          const float low = stretch.low[colour];
          const float reflectance = chip_reflectance(chip.bands[bands[colour]].at(x, y));
          const double stretched = std::clamp(255.0 * (reflectance - low) / (stretch.high[colour] - low), 0.0, 255.0);
          value = is_clear ? stretched : ground_share * stretched + (1 - ground_share) * mask_grey;
        }
        picture.rgb.push_back(byte_of(is_line ? line_share * value : value));
      }
    }
  }
  return picture;
}

}  // namespace pitwatch
