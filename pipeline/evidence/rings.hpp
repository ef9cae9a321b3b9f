#pragma once
// Rows in flight while a tile is gone through once, from its upper edge to its lower: rings of few rows each, and the
// gradients that need their neighbours.

#include <array>

#include "pipeline/core/plane.hpp"

namespace pitwatch {

// Edge energy is smoothed with the binomial of sigma 1 px.
inline constexpr int edge_radius = 2;
inline constexpr std::array<float, edge_radius + 1> edge_taps{6.0F / 16, 4.0F / 16, 1.0F / 16};
// One more pixel for the gradient. Rows are a little longer than they must be, so that they start on a round address.
inline constexpr int stencil_margin = 16;
static_assert(stencil_margin >= edge_radius + 1);

// Lengths of rings, powers of two.
inline constexpr int ring_of_means = 4;  // three are used at a time
inline constexpr int ring_of_edges = 8;  // five
inline constexpr int ring_of_rows = 4;   // differences wait for their edges

/// A row's place is its number modulo the ring's length.
template <typename T>
T* ring_row(Plane<T>& plane, int y) {
  return plane.row(static_cast<int>(static_cast<unsigned>(y) % static_cast<unsigned>(plane.height())));
}

}  // namespace pitwatch
