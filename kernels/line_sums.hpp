#pragma once
// What the lines of an image of digital numbers are like, in whole numbers: how many pixels count, and how they differ
// from their neighbours across the line. One call takes a row, and adds its pixels to their columns.

#include <cstddef>
#include <cstdint>

namespace pitwatch::kernels {

/// Numbers that count: from lowest to highest, but for these two (-1: none).
struct CountingNumbers {
  std::int32_t lowest = 0;
  std::int32_t highest = 65535;
  std::int32_t nodata = -1;
  std::int32_t saturated = -1;
};

inline constexpr std::int32_t no_least = 65536;
inline constexpr std::int32_t no_most = -1;

/// The sums of a line. A pixel is compared with the one on the line before, and differs from the mean of that and the
/// one on the line after, where those count too.
struct LineSums {
  std::int32_t valid = 0;  // pixels that count
  std::int32_t least = no_least;
  std::int32_t most = no_most;
  std::int32_t differences = 0;     // pixels with two neighbours
  std::int32_t twice_sum = 0;       // of twice the difference from the neighbours' mean
  std::int32_t twice_absolute = 0;  // and of its size
  std::int32_t compared = 0;
  std::int32_t same = 0;      // of the same number
  std::int32_t absolute = 0;  // sum of the differences from the line before, their signs aside
};

/// The same of many lines, an array of each.
struct LineSumArrays {
  std::int32_t* valid;
  std::int32_t* least;
  std::int32_t* most;
  std::int32_t* differences;
  std::int32_t* twice_sum;
  std::int32_t* twice_absolute;
  std::int32_t* compared;
  std::int32_t* same;
  std::int32_t* absolute;
};

/// Pixels that may be added to one line before its sums might not hold more.
inline constexpr std::size_t most_per_line = 16000;

/// Adds the pixels [begin, end) of a row of `width` pixels to the row's sums and to those of their columns, which are
/// counted from 0 on as pixels are. `above` and `below` are the rows beside it, nullptr beyond the image.
void add_line(const std::uint16_t* above, const std::uint16_t* row, const std::uint16_t* below, std::size_t begin,
              std::size_t end, std::size_t width, const CountingNumbers& numbers, LineSums& of_row,
              const LineSumArrays& of_columns) noexcept;

}  // namespace pitwatch::kernels
