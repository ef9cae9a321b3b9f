#pragma once
// From pixels to exact outlines.

#include <cstdint>
#include <span>

#include "pipeline/core/polygon.hpp"
#include "pipeline/polygons/components.hpp"

namespace pitwatch {

/// The outline of a set of pixels along pixel edges. `runs` is sorted by row, then begin, without overlapping or
/// abutting runs, as in Component; it need not be connected.
///
/// Valid in the sense of OGC Simple Features (06-103r4, 6.1.11 and 6.1.14): each 4-connected part becomes a polygon of
/// its own, and parts touch each other at points only; a ring visits no vertex twice, since an outline that would touch
/// itself is split there (into an outer ring and a hole, or two holes). Only real corners are vertices.
/// Deterministic: rings begin at their topmost, then leftmost vertex; polygons, and holes in a polygon, are sorted by
/// that vertex (y, then x). Orientation as in pipeline/core/polygon.hpp.
///
/// Time and memory are linear in runs and corners, but for sorting the holes. Thread-safe. Throws std::bad_alloc only.
PixelMultiPolygon trace(std::span<const Run> runs);

/// The area in pixels (shoelace formula), holes count negative by their orientation. Exact for traced outlines; after
/// simplification half a pixel can be lost to rounding.
std::int64_t area_pixels(const PixelMultiPolygon& shape);

}  // namespace pitwatch
