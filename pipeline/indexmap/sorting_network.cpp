#include "pipeline/indexmap/sorting_network.hpp"

#include <bit>

namespace pitwatch {

std::vector<kernels::Comparator> sorting_network(int n) {
  std::vector<kernels::Comparator> network;
  if (n < 2) return network;
  const int top = static_cast<int>(std::bit_ceil(static_cast<unsigned>(n))) / 2;
  for (int p = top; p > 0; p /= 2) {
    int r = 0;
    int d = p;
    for (int q = top;; q /= 2) {
      for (int i = 0; i < n - d; ++i) {
        if ((i & p) == r) network.push_back({i, i + d});
      }
      if (q == p) break;
      d = q - p;
      r = p;
    }
  }
  return network;
}

}  // namespace pitwatch
