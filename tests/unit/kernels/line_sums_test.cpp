// Exact against the oracle on every target.

#include "kernels/line_sums.hpp"

#include <array>

#include "kernels/reference/line_sums.hpp"
#include "tests/unit/kernels/test_support.hpp"

namespace pitwatch::kernels::test {
namespace {

using LineSumsKernel = TargetTest;
PITWATCH_FOR_ALL_TARGETS(LineSumsKernel);

/// Nine arrays of a width.
struct Columns {
  explicit Columns(std::size_t width) : rows(9, Row<std::int32_t>(width, 0)) {
    rows[1] = Row<std::int32_t>(width, no_least);
    rows[2] = Row<std::int32_t>(width, no_most);
  }
  LineSumArrays arrays() {
    return {rows[0].data(), rows[1].data(), rows[2].data(), rows[3].data(), rows[4].data(),
            rows[5].data(), rows[6].data(), rows[7].data(), rows[8].data()};
  }
  std::vector<Row<std::int32_t>> rows;
};

bool equal(const LineSums& a, const LineSums& b) {
  return a.valid == b.valid && a.least == b.least && a.most == b.most && a.differences == b.differences &&
         a.twice_sum == b.twice_sum && a.twice_absolute == b.twice_absolute && a.compared == b.compared &&
         a.same == b.same && a.absolute == b.absolute;
}

TEST_P(LineSumsKernel, EqualsReference) {
  std::mt19937 generator(9);
  for (const std::size_t width : widths()) {
    std::array<Row<std::uint16_t>, 3> lines{Row<std::uint16_t>(width), Row<std::uint16_t>(width),
                                            Row<std::uint16_t>(width)};
    for (Row<std::uint16_t>& line : lines) {
      for (std::size_t x = 0; x < width; ++x) {
        constexpr std::array<std::uint16_t, 8> telling{0, 1, 2, 999, 1000, 20000, 20001, 65535};
        line[x] = generator() % 3 == 0 ? telling[generator() % telling.size()]
                                       : static_cast<std::uint16_t>(1000 + generator() % 3);
      }
    }
    const CountingNumbers numbers{2, 20000, 0, 1001};
    for (const int beside : {0, 1, 2, 3}) {
      const std::uint16_t* const above = (beside & 1) != 0 ? lines[0].data() : nullptr;
      const std::uint16_t* const below = (beside & 2) != 0 ? lines[2].data() : nullptr;
      const std::size_t begin = width > 40 ? 17 : 0;
      Columns actual(width);
      Columns expected(width);
      LineSums actual_row;
      LineSums expected_row;
      for (const auto& [from, to] : {std::pair{std::size_t{0}, begin}, std::pair{begin, width}}) {
        add_line(above, lines[1].data(), below, from, to, width, numbers, actual_row, actual.arrays());
        reference::add_line(above, lines[1].data(), below, from, to, width, numbers, expected_row, expected.arrays());
      }
      ASSERT_TRUE(equal(actual_row, expected_row)) << width;
      for (std::size_t k = 0; k < actual.rows.size(); ++k) ASSERT_TRUE(same(actual.rows[k], expected.rows[k])) << k;
    }
  }
}

}  // namespace
}  // namespace pitwatch::kernels::test
