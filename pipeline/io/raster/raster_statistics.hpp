#pragma once
// What GDAL keeps with a band, so that viewers need not read the file to stretch it.

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace pitwatch {

/// Of the values of a band, without those that are none. Sums of parts, added in one order, give the same bits.
struct RasterStatistics {
  std::int64_t count = 0;
  double sum = 0;
  double squares = 0;
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();

  void add(double value, std::int64_t times = 1);
  void add(const RasterStatistics& other);
};

/// STATISTICS_MEAN and the others, of a band of so many pixels; none where it has no value.
std::vector<std::pair<std::string, std::string>> statistics_items(const RasterStatistics& statistics,
                                                                  std::int64_t pixels);

}  // namespace pitwatch
