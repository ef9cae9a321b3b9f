#pragma once
// What many values of an index are like.

#include <array>
#include <span>

namespace pitwatch {

/// Of which values there are the percentiles, beside the least and the greatest.
inline constexpr std::array<int, 5> table_percentiles{10, 25, 50, 75, 90};

/// Of values, at least one.
struct IndexStatistics {
  double mean = 0;
  double deviation = 0;  // standard deviation, of all pixels
  double least = 0;
  double most = 0;
  std::array<double, table_percentiles.size()> percentiles{};  // linear between the values next to it
};

/// Statistics of values: at least one, none NaN. The same values in the same order come to the same bits.
IndexStatistics statistics_of(std::span<const float> values);

}  // namespace pitwatch
