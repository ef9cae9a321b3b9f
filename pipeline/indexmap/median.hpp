#pragma once
// Medians of many rows.

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace pitwatch {

/// Comparisons that sort any n values: of each pair the lesser goes to the first place. Batcher's merge exchange (Knuth
/// 1998, The Art of Computer Programming 3, 5.2.2, algorithm M).
std::vector<std::pair<int, int>> sorting_network(int n);

/// out[i] = the median of rows[k][i] over those rows where it is no NaN; of an even number the mean of the two in the
/// middle; NaN where there is none. `network` = sorting_network(rows.size()). Rows hold n elements each.
void median_of_rows(std::span<const float* const> rows, std::span<const std::pair<int, int>> network, std::size_t n,
                    float* out);

}  // namespace pitwatch
