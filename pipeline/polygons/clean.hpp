#pragma once
// Morphology of one component. Everything works on runs, so that cost and memory follow the runs and not the bounding
// box (a river can span the whole grid).
//
// In all functions `runs` is sorted by row, then begin, without overlapping or abutting runs, as in Component; so are
// the results. All are deterministic, thread-safe, and throw std::bad_alloc only.

#include <cstdint>
#include <span>
#include <vector>

#include "pipeline/polygons/components.hpp"

namespace pitwatch {

/// The neighbourhood of morphology, 3 x 3 pixels: `cross` is the pixel and its 4 edge neighbours, `square` all 9.
enum class Element { cross, square };

/// Fills the holes of at most `max_hole_pixels`. A hole is a 4-connected region of background that is not connected to
/// the outside; the background that a diagonal step of the foreground cuts off is a hole, too.
std::vector<Run> fill_small_holes(std::span<const Run> runs, std::int64_t max_hole_pixels);

/// Morphological opening (Serra 1982): what the element covers when moved about inside the region. May be empty, and
/// may fall into parts, see split_components(). Never grows; pixels beyond the grid count as background.
std::vector<Run> opened(std::span<const Run> runs, Element element);

/// Morphological closing (Serra 1982): fills what the element cannot enter from outside. Never shrinks, and stays in
/// the bounding box of the region, hence on the grid.
std::vector<Run> closed(std::span<const Run> runs, Element element);

/// The 8-connected parts, sorted by their first run.
std::vector<std::vector<Run>> split_components(std::span<const Run> runs);

/// The number of pixels.
std::int64_t count_pixels(std::span<const Run> runs);

}  // namespace pitwatch
