#pragma once
// The order in which a flood reaches cells. Used inside this folder only.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pipeline/hydrology/flow_direction.hpp"

namespace pitwatch {

/// Whole numbers in the order of the elevations.
inline std::uint32_t order_of(float elevation) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(elevation == 0 ? 0.0F : elevation);
  return (bits & 0x8000'0000U) != 0 ? ~bits : bits | 0x8000'0000U;
}

/// Cells by elevation, lowest first, where none is pushed that lies lower than the last that was popped (a radix heap:
/// Ahuja, Mehlhorn, Orlin and Tarjan 1990, doi:10.1145/77600.77615). The order of equal elevations follows from that
/// of the pushes.
class FloodQueue {
 public:
  void push(float elevation, FlowCell cell) {
    const std::uint32_t order = order_of(elevation);
    buckets_[bucket_of(order)].push_back({order, cell});
    ++size_;
  }

  bool empty() const { return size_ == 0; }

  FlowCell pop() {
    if (buckets_[0].empty()) settle();
    const FlowCell cell = buckets_[0].back().cell;
    buckets_[0].pop_back();
    --size_;
    return cell;
  }

 private:
  struct Entry {
    std::uint32_t order;
    FlowCell cell;
  };

  std::size_t bucket_of(std::uint32_t order) const { return static_cast<std::size_t>(std::bit_width(order ^ last_)); }

  /// Moves the entries of the lowest elevation to the first bucket, and their neighbours down.
  void settle() {
    std::size_t lowest = 1;
    while (buckets_[lowest].empty()) ++lowest;
    std::vector<Entry>& bucket = buckets_[lowest];
    last_ = std::min_element(bucket.begin(), bucket.end(), [](const Entry& a, const Entry& b) {
              return a.order < b.order;
            })->order;
    for (const Entry& entry : bucket) buckets_[bucket_of(entry.order)].push_back(entry);
    bucket.clear();
  }

  std::array<std::vector<Entry>, 33> buckets_;
  std::uint32_t last_ = 0;
  std::size_t size_ = 0;
};

}  // namespace pitwatch
