// Exact against sorting, on every target; zeros of either sign compare equal.

#include "kernels/median.hpp"

#include "kernels/reference/median.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using Median = TargetTest;
PITWATCH_FOR_ALL_TARGETS(Median);

/// Every value against every later one: slow, and obviously sorting.
std::vector<Comparator> simple_network(int n) {
  std::vector<Comparator> network;
  for (int low = 0; low < n; ++low) {
    for (int high = low + 1; high < n; ++high) network.push_back({low, high});
  }
  return network;
}

TEST_P(Median, EqualsReference) {
  std::mt19937 generator(21);
  std::uniform_real_distribution<float> value(-1, 1);
  for (const int observations : {1, 2, 3, 8, 21}) {
    const auto network = simple_network(observations);
    for (const std::size_t n : widths()) {
      std::vector<Row<float>> rows;
      std::vector<const float*> pointers;
      for (int k = 0; k < observations; ++k) {
        Row<float> row(n);
        for (std::size_t i = 0; i < n; ++i) {
          const unsigned kind = generator() % 8;
          row[i] = kind < 3 ? nan : kind == 3 ? -infinity : kind == 4 ? 0.5F : value(generator);
        }
        rows.push_back(row);
      }
      for (const Row<float>& row : rows) pointers.push_back(row.data());
      std::vector<float> scratch(median_chunk * static_cast<std::size_t>(observations));
      Row<float> actual(n, 9.0F);
      Row<float> expected(n, 8.0F);
      median_of_rows(pointers, network, n, scratch.data(), actual.data());
      reference::median_of_rows(pointers, network, n, scratch.data(), expected.data());
      ASSERT_TRUE(same(actual, expected)) << observations << " rows of " << n;
      ASSERT_TRUE(actual.guards_intact());
    }
  }
}

}  // namespace
}  // namespace pitwatch::kernels::test
