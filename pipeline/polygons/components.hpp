#pragma once
// From a score raster that arrives tile by tile to its connected components, independent of the tile size.

#include <compare>
#include <cstdint>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"

namespace pitwatch {

/// Scores are codes 0..score_max; everything above is no score, and score_not_judged is what writers put there.
inline constexpr std::uint8_t score_max = 250;
inline constexpr std::uint8_t score_not_judged = 255;

/// Pixels of one row of the grid: columns [begin, end).
struct Run {
  int row = 0;
  int begin = 0;
  int end = 0;
  friend auto operator<=>(const Run&, const Run&) = default;
};

/// A set of pixels as runs in grid coordinates, sorted by row, then begin; no two overlap or abut in a row.
struct Component {
  std::vector<Run> runs;
  std::int64_t pixels = 0;
  std::uint8_t peak = 0;  // highest score in it
  friend bool operator==(const Component&, const Component&) = default;
};

/// A component grows over scores of at least `low`; it counts if it somewhere reaches `high` and has `min_pixels`
/// (hysteresis thresholding: Canny 1986, IEEE TPAMI 8(6), section VI).
struct Hysteresis {
  std::uint8_t low = 0;
  std::uint8_t high = 0;
  std::int64_t min_pixels = 1;
};

/// The 8-connected components of the pixels with low <= score <= score_max in one tile, sorted by their first run.
/// `score` is the tile alone, without halo: its upper left pixel is pixel (tile.x, tile.y) of the grid and its size is
/// that of `tile`, which lies inside `grid_extent`. A component that touches a tile border which is not the border of
/// the grid may go on next door and is kept whatever it is; of the others, those that fail `hysteresis` are dropped.
/// Thread-safe. Throws std::bad_alloc only.
std::vector<Component> label_tile(PlaneView<const std::uint8_t> score, Window tile, Window grid_extent,
                                  const Hysteresis& hysteresis);

/// Joins the components of tiles to those of the whole grid. The tiles must not overlap; they come in any order, and
/// the result does not depend on it. What lies inside a tile is only stored; the work is on tile borders,
/// O(n log n) in the runs of the components that touch one.
/// Not thread-safe: one thread at a time.
class Stitcher {
 public:
  /// Takes the components of label_tile() for this tile.
  void add(Window tile, std::vector<Component> components);

  /// Joins what is 8-connected across tile borders and gives the components that pass `hysteresis` (use the one given
  /// to label_tile), sorted by their first run: exactly what label_tile gives for the whole raster as one tile.
  /// Leaves the stitcher empty.
  std::vector<Component> finish(const Hysteresis& hysteresis);

 private:
  // The part of a component's run that can touch another tile.
  struct BorderRun {
    Run run;
    int component = 0;  // index into open_
  };

  std::vector<Component> closed_;  // touch no border of their tile
  std::vector<Component> open_;
  std::vector<BorderRun> border_;
};

}  // namespace pitwatch
