#pragma once
// Chips for tests.

#include <string>

#include "pipeline/chips/chip.hpp"

namespace pitwatch::test {

/// One of even ground, each band its own, all of it clear.
inline Chip even_chip(ChipRole role, const std::string& acquired, int width = 48, int height = 50) {
  Chip chip;
  chip.alert_id = "PW-0123456789ab";
  chip.role = role;
  if (role != ChipRole::before) chip.acquisition = "S2A_" + acquired.substr(0, 10);
  chip.acquired = parse_instant(acquired);
  chip.grid = {"EPSG:32638", {600000, 4500000}, 10, width, height};
  chip.mask.reshape(width, height);
  for (std::size_t band = 0; band < chip_bands.size(); ++band) {
    chip.bands[band].reshape(width, height);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        chip.bands[band].at(x, y) = static_cast<std::uint16_t>(4001 + 500 * band);
        chip.mask.at(x, y) = mask_clear;
      }
    }
  }
  return chip;
}

}  // namespace pitwatch::test
