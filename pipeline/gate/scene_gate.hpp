#pragma once
// Scenes that are garbage though their metadata call them valid: stripes, lost lines, filled blocks, values that no
// ground has, images that lie elsewhere. What is refused here would alert everywhere.

#include <string>
#include <vector>

#include "pipeline/core/plane.hpp"
#include "pipeline/gate/dark_pixels.hpp"

namespace pitwatch {

/// Shares are of the valid pixels (of the lines, of the blocks with data), 0..1. A share or ratio of 1 switches its
/// test off.
struct GateLimits {
  double one_value_share = 0.5;       // pixels of one and the same number
  double constant_block_share = 0.2;  // blocks of 16 x 16 pixels within which all are equal
  double saturated_share = 0.3;       // pixels that are saturated, or above most_reflectance
  double floor_share = 0.5;           // pixels of B02 where numbers are clipped: 1, or the least reflectance
  double too_bright_share = 0.5;  // pixels whose reflectance is above 1.2: half of a scene is not even of thick cloud
  double lost_line_share = 0.02;  // rows, or columns, that are empty or constant between others that are not
  double stripe_ratio = 0.6;      // see garbage_in()
  double shift_px = 3;
  int shift_windows = 6;  // so many have to agree on it: a few do by chance where little is seen
};

/// Why a band is garbage: one clause per finding, with the band's name and the figure; none: fit for use.
///
/// `pixels` at full resolution (a whole band or a large part of it): decimation hides stripes. Pixels of no data do not
/// count, nor do bands with fewer than 400 valid pixels. Numbers at which products are clipped (reflectance of 0.01 or
/// less, 0.99 or more) count neither as one value nor as constant lines or blocks: open water and thick cloud
/// look so.
///
/// Stripes: of each pixel the difference from the mean of its two neighbours across the line is taken. The lines' mean
/// differences, their signs aside, average to a; the pixels' differences, their signs aside, average to b. a / b is
/// near 1 where whole lines differ and small where ground does (it falls with the root of the line's length). Lines are
/// striped where a / b is above the limit and a is above 0.005 reflectance. Rows and columns apart; fewer than
/// 96 lines, and lines of fewer than 96 pixels, say nothing. Of a band that was resampled to a finer grid by nearest neighbour (a third of its lines, or
/// more, repeat the one before in half of their pixels) the repeats are left out, along the lines as well, as
/// is every second line where the steps to it are less than 0.8 of those to the others.
///
/// Pure; thread-safe; all sums are of integers.
std::vector<std::string> garbage_in(const BandPixels& pixels, const GateLimits& limits = {});

/// The same of an image that lies elsewhere, by a shift against another image (pipeline/align), in pixels of 10 m, that
/// rests on so many windows.
std::vector<std::string> misplaced(double shift_x_px, double shift_y_px, int windows, const GateLimits& limits = {});

}  // namespace pitwatch
