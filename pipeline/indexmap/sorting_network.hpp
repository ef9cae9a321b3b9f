#pragma once
// Comparisons that sort.

#include <vector>

#include "kernels/median.hpp"

namespace pitwatch {

/// Comparisons that sort any n values, at least none. Batcher's merge exchange (Knuth 1998, The Art of Computer
/// Programming 3, 5.2.2, algorithm M).
std::vector<kernels::Comparator> sorting_network(int n);

}  // namespace pitwatch
