#include "pipeline/indexmap/median.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace pitwatch {
namespace {

constexpr std::size_t chunk = 64;  // pixels that are sorted side by side: the compiler makes vectors of them

/// The values of a chunk, NaN as infinity, and how many are there of each pixel.
struct Column {
  std::vector<float> values;  // row after row
  std::vector<std::size_t> counts = std::vector<std::size_t>(chunk);

  float* row(std::size_t k) { return values.data() + k * chunk; }
};

void load(std::span<const float* const> rows, std::size_t begin, std::size_t n, Column& column) {
  std::fill(column.counts.begin(), column.counts.end(), std::size_t{0});
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const float* const from = rows[k] + begin;
    float* const into = column.row(k);
    for (std::size_t i = 0; i < n; ++i) {
      const bool is_there = !std::isnan(from[i]);
      into[i] = is_there ? from[i] : std::numeric_limits<float>::infinity();
      column.counts[i] += is_there ? 1 : 0;
    }
    std::fill(into + n, into + chunk, 0.0F);
  }
}

void order(float* low, float* high) {
  for (std::size_t i = 0; i < chunk; ++i) {
    const float a = low[i];
    const float b = high[i];
    low[i] = b < a ? b : a;
    high[i] = b < a ? a : b;
  }
}

}  // namespace

std::vector<std::pair<int, int>> sorting_network(int n) {
  std::vector<std::pair<int, int>> network;
  if (n < 2) return network;
  const int top = static_cast<int>(std::bit_ceil(static_cast<unsigned>(n))) / 2;
  for (int p = top; p > 0; p /= 2) {
    int r = 0;
    int d = p;
    for (int q = top;; q /= 2) {
      for (int i = 0; i < n - d; ++i) {
        if ((i & p) == r) network.emplace_back(i, i + d);
      }
      if (q == p) break;
      d = q - p;
      r = p;
    }
  }
  return network;
}

void median_of_rows(std::span<const float* const> rows, std::span<const std::pair<int, int>> network, std::size_t n,
                    float* out) {
  thread_local Column column;
  column.values.resize(rows.size() * chunk);
  for (std::size_t begin = 0; begin < n; begin += chunk) {
    const std::size_t width = std::min(chunk, n - begin);
    load(rows, begin, width, column);
    for (const auto& [low, high] : network) {
      order(column.row(static_cast<std::size_t>(low)), column.row(static_cast<std::size_t>(high)));
    }
    for (std::size_t i = 0; i < width; ++i) {
      const std::size_t count = column.counts[i];
      const auto at = [&](std::size_t place) { return column.row(place)[i]; };
      out[begin + i] =
          count == 0 ? std::numeric_limits<float>::quiet_NaN() : 0.5F * at((count - 1) / 2) + 0.5F * at(count / 2);
    }
  }
}

}  // namespace pitwatch
