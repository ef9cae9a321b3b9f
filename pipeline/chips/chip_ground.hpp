#pragma once
// Which ground a chip shows.

#include "pipeline/core/grid.hpp"

namespace pitwatch {

/// The ground around what `bounds` enclose, on a grid of that extent: half as wide and high again, at least 16 pixels
/// more on each side, 48 to 256 pixels a side, moved in where it would reach beyond the grid; a smaller grid whole.
Window chip_window(const Window& bounds, const Window& extent);

/// The window of an alert whose ground has grown: the one before as long as it holds the ground, so that its chips can
/// be laid over each other; else one that holds both, or, where that would be too large, one of the new ground.
Window chip_window_after(const Window& before, const Window& bounds, const Window& extent);

}  // namespace pitwatch
