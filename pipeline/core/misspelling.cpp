#include "pipeline/core/misspelling.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "pipeline/core/text.hpp"

namespace pitwatch {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::optional<std::string> meant_by(std::string_view name, std::span<const std::string> known) {
  constexpr std::size_t long_name = 5;
  if (std::find(known.begin(), known.end(), name) != known.end()) return std::nullopt;
  std::string plain = lower_ascii(std::string(name));
  std::replace_if(
      plain.begin(), plain.end(), [](char c) { return c == '-' || c == ' '; }, '_');
  std::optional<std::string> nearest;
  std::size_t least = 0;
  for (const std::string& one : known) {
    const std::size_t most = one.size() < long_name ? 1 : 2;
    if (plain.size() > one.size() + most) continue;  // however long it is
    const std::size_t changes = edit_distance(plain, one);
    if (changes > most || (nearest && changes >= least)) continue;
    nearest = one;
    least = changes;
  }
  return nearest;
}

}  // namespace pitwatch
