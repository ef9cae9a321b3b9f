#include "pipeline/io/raster/raster_statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace pitwatch {
namespace {

std::string text_of(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.9g", value);
  return text.data();
}

}  // namespace

void RasterStatistics::add(double value, std::int64_t times) {
  const auto weight = static_cast<double>(times);
  count += times;
  sum += weight * value;
  squares += weight * value * value;
  least = std::min(least, value);
  most = std::max(most, value);
}

void RasterStatistics::add(const RasterStatistics& other) {
  count += other.count;
  sum += other.sum;
  squares += other.squares;
  least = std::min(least, other.least);
  most = std::max(most, other.most);
}

std::vector<std::pair<std::string, std::string>> statistics_items(const RasterStatistics& statistics,
                                                                  std::int64_t pixels) {
  if (statistics.count == 0) return {};
  const auto count = static_cast<double>(statistics.count);
  const double mean = statistics.sum / count;
  const double variance = std::max(0.0, statistics.squares / count - mean * mean);
  return {{"STATISTICS_MAXIMUM", text_of(statistics.most)},
          {"STATISTICS_MEAN", text_of(mean)},
          {"STATISTICS_MINIMUM", text_of(statistics.least)},
          {"STATISTICS_STDDEV", text_of(std::sqrt(variance))},
          {"STATISTICS_VALID_PERCENT", text_of(100 * count / static_cast<double>(pixels))}};
}

}  // namespace pitwatch
