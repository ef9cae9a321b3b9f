#include "pipeline/chips/chip_ground.hpp"

#include <algorithm>

#include "pipeline/chips/chip_store.hpp"

namespace pitwatch {
namespace {

constexpr int least_margin = 16;
constexpr int shortest_side = 48;

/// A stretch [begin, begin + length) on an axis.
struct Stretch1d {
  int begin = 0;
  int length = 0;
};

/// `length` pixels around the middle of another, on an axis of `whole`.
Stretch1d around(const Stretch1d& middle, int length, int whole) {
  const int fitting = std::min(length, whole);
  const int begin = middle.begin + (middle.length - fitting) / 2;
  return {std::clamp(begin, 0, whole - fitting), fitting};
}

Stretch1d grown(const Stretch1d& bounds, int whole) {
  const int margin = std::max(least_margin, (bounds.length + 3) / 4);
  return around(bounds, std::clamp(bounds.length + 2 * margin, shortest_side, longest_chip_side), whole);
}

}  // namespace

Window chip_window(const Window& bounds, const Window& extent) {
  const Stretch1d across = grown({bounds.x, bounds.width}, extent.width);
  const Stretch1d down = grown({bounds.y, bounds.height}, extent.height);
  return {across.begin, down.begin, across.length, down.length};
}

Window chip_window_after(const Window& before, const Window& bounds, const Window& extent) {
  if (intersection(before, bounds) == bounds) return before;
  const Window fresh = chip_window(bounds, extent);
  const int x = std::min(before.x, fresh.x);
  const int y = std::min(before.y, fresh.y);
  const Window both{x, y, std::max(before.right(), fresh.right()) - x, std::max(before.bottom(), fresh.bottom()) - y};
  return std::max(both.width, both.height) <= longest_chip_side ? both : fresh;
}

}  // namespace pitwatch
