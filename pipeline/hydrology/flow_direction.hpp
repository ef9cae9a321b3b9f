#pragma once
// Directions of flow on a grid of square cells, columns to the east and rows to the south.

#include <array>
#include <compare>
#include <cstdint>

namespace pitwatch {

/// Where a cell drains to, as GRASS numbers it: 1 to 8, counter-clockwise from north-east. Odd ones are diagonal.
using FlowDirection = std::uint8_t;
inline constexpr FlowDirection flow_ends = 0;    // off the grid, into a void, or in a pit
inline constexpr FlowDirection flow_void = 255;  // no elevation

struct FlowStep {
  int x = 0;
  int y = 0;
};

/// By direction.
inline constexpr std::array<FlowStep, 9> flow_steps{
    {{0, 0}, {1, -1}, {0, -1}, {-1, -1}, {-1, 0}, {-1, 1}, {0, 1}, {1, 1}, {1, 0}}};

inline bool is_diagonal(FlowDirection direction) { return direction % 2 == 1; }
inline bool flows_on(FlowDirection direction) { return direction >= 1 && direction <= 8; }
inline FlowDirection opposite(FlowDirection direction) { return static_cast<FlowDirection>((direction + 3) % 8 + 1); }

/// The longest side of a grid whose flow can be worked out.
inline constexpr int max_flow_side = 65535;

/// Column and row of a cell.
struct FlowCell {
  std::uint16_t x = 0;
  std::uint16_t y = 0;
  friend auto operator<=>(const FlowCell&, const FlowCell&) = default;
};

}  // namespace pitwatch
