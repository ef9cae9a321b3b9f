#include "pipeline/indexmap/sorting_network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace pitwatch {
namespace {

TEST(SortingNetwork, SortsAnyNumberOfValues) {
  std::mt19937 generator(3);
  for (int n = 0; n <= 130; ++n) {
    const auto network = sorting_network(n);
    for (int round = 0; round < 20; ++round) {
      std::vector<int> values(static_cast<std::size_t>(n));
      for (int& value : values) value = static_cast<int>(generator() % 50);
      for (const auto& [low, high] : network) {
        ASSERT_LT(low, high);
        int& a = values[static_cast<std::size_t>(low)];
        int& b = values[static_cast<std::size_t>(high)];
        if (b < a) std::swap(a, b);
      }
      ASSERT_TRUE(std::is_sorted(values.begin(), values.end())) << n;
    }
  }
}

}  // namespace
}  // namespace pitwatch
