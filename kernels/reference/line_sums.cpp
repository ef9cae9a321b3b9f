#include "kernels/reference/line_sums.hpp"

#include <algorithm>
#include <cstdlib>

namespace pitwatch::kernels::reference {

void add_line(const std::uint16_t* above, const std::uint16_t* row, const std::uint16_t* below, std::size_t begin,
              std::size_t end, std::size_t width, const CountingNumbers& numbers, LineSums& of_row,
              const LineSumArrays& of_columns) noexcept {
  const auto counts = [&](int dn) {
    return dn >= numbers.lowest && dn <= numbers.highest && dn != numbers.nodata && dn != numbers.saturated;
  };
  for (std::size_t x = begin; x < end; ++x) {
    const int dn = row[x];
    if (!counts(dn)) continue;
    ++of_row.valid;
    of_row.least = std::min(of_row.least, dn);
    of_row.most = std::max(of_row.most, dn);
    ++of_columns.valid[x];
    of_columns.least[x] = std::min(of_columns.least[x], dn);
    of_columns.most[x] = std::max(of_columns.most[x], dn);
    if (above != nullptr && counts(above[x])) {
      ++of_row.compared;
      of_row.same += above[x] == dn ? 1 : 0;
      of_row.absolute += std::abs(dn - above[x]);
      if (below != nullptr && counts(below[x])) {
        const int twice = 2 * dn - above[x] - below[x];
        ++of_row.differences;
        of_row.twice_sum += twice;
        of_row.twice_absolute += std::abs(twice);
      }
    }
    if (x > 0 && counts(row[x - 1])) {
      ++of_columns.compared[x];
      of_columns.same[x] += row[x - 1] == dn ? 1 : 0;
      of_columns.absolute[x] += std::abs(dn - row[x - 1]);
      if (x + 1 < width && counts(row[x + 1])) {
        const int twice = 2 * dn - row[x - 1] - row[x + 1];
        ++of_columns.differences[x];
        of_columns.twice_sum[x] += twice;
        of_columns.twice_absolute[x] += std::abs(twice);
      }
    }
  }
}

}  // namespace pitwatch::kernels::reference
