#include "pipeline/indexmap/median.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace pitwatch {
namespace {

TEST(SortingNetwork, SortsAnyNumberOfValues) {
  std::mt19937 generator(3);
  for (int n = 0; n <= 70; ++n) {
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

float median_of(std::vector<float> values) {
  std::erase_if(values, [](float value) { return std::isnan(value); });
  if (values.empty()) return std::numeric_limits<float>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return 0.5F * values[(n - 1) / 2] + 0.5F * values[n / 2];
}

TEST(MedianOfRows, IsThatOfEachPixel) {
  std::mt19937 generator(4);
  std::uniform_real_distribution<float> value(-1, 1);
  for (const int observations : {1, 2, 3, 7, 16, 33, 60}) {
    for (const std::size_t n : {1, 63, 64, 65, 200}) {
      std::vector<std::vector<float>> rows(static_cast<std::size_t>(observations), std::vector<float>(n));
      std::vector<const float*> pointers;
      for (std::vector<float>& row : rows) {
        for (float& one : row) one = generator() % 3 == 0 ? std::nanf("") : value(generator);
        pointers.push_back(row.data());
      }
      std::vector<float> out(n + 1, 9);
      median_of_rows(pointers, sorting_network(observations), n, out.data());
      for (std::size_t i = 0; i < n; ++i) {
        std::vector<float> of_pixel;
        for (const std::vector<float>& row : rows) of_pixel.push_back(row[i]);
        const float expected = median_of(of_pixel);
        ASSERT_TRUE(out[i] == expected || (std::isnan(out[i]) && std::isnan(expected))) << observations << ", " << i;
      }
      ASSERT_EQ(out[n], 9);
    }
  }
}

}  // namespace
}  // namespace pitwatch
