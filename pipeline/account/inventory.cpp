#include "pipeline/account/inventory.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "pipeline/account/counted.hpp"
#include "pipeline/core/plane.hpp"

namespace pitwatch {
namespace {

constexpr double pixel_m = 10;
constexpr double narrow_m = 50;
constexpr double long_elongation = 6;
constexpr double small_m2 = 10'000;

struct Box {
  int left = 0;
  int top = 0;
  int right = 0;  // behind the last
  int bottom = 0;
};

Box box_of_keys(std::span<const PixelKey> keys) {
  const PixelPoint first = place_of(keys.front()).at;
  Box box{first.x, first.y, first.x + 1, first.y + 1};
  for (const PixelKey key : keys) {
    const PixelPoint at = place_of(key).at;
    box = {std::min(box.left, at.x), std::min(box.top, at.y), std::max(box.right, at.x + 1),
           std::max(box.bottom, at.y + 1)};
  }
  return box;
}

/// Side of the largest square of pixels of the set, by the squares that end at each pixel.
int largest_square(std::span<const PixelKey> keys) {
  const Box box = box_of_keys(keys);
  std::vector<int> above(static_cast<std::size_t>(box.right - box.left) + 1);
  std::vector<int> here(above.size());
  int largest = 0;
  int row = box.top - 1;
  for (const PixelKey key : keys) {
    const PixelPoint at = place_of(key).at;
    while (row < at.y) {
      std::swap(above, here);
      std::fill(here.begin(), here.end(), 0);
      ++row;
    }
    const auto x = static_cast<std::size_t>(at.x - box.left) + 1;
    here[x] = 1 + std::min({here[x - 1], above[x - 1], above[x]});
    largest = std::max(largest, here[x]);
  }
  return largest;
}

}  // namespace

ObjectShape shape_of(std::span<const PixelKey> keys) {
  ObjectShape shape;
  if (keys.empty()) return shape;
  shape.area_m2 = static_cast<double>(keys.size()) * pixel_m * pixel_m;
  shape.width_m = largest_square(keys) * pixel_m;
  shape.elongation = shape.area_m2 / (shape.width_m * shape.width_m);
  return shape;
}

bool are_within(std::span<const PixelKey> a, std::span<const PixelKey> b, int pixels) {
  if (a.empty() || b.empty() || place_of(a.front()).zone != place_of(b.front()).zone) return false;
  const Box one = box_of_keys(a);
  const Box other = box_of_keys(b);
  if (one.right + pixels <= other.left || other.right + pixels <= one.left || one.bottom + pixels <= other.top ||
      other.bottom + pixels <= one.top) {
    return false;
  }
  const auto& small = a.size() < b.size() ? a : b;
  const auto& large = a.size() < b.size() ? b : a;
  for (const PixelKey key : small) {
    const PixelPlace place = place_of(key);
    for (int dy = -pixels; dy <= pixels; ++dy) {
      if (place.at.y + dy < 0) continue;
      const PixelKey first = key_of({place.zone, {std::max(0, place.at.x - pixels), place.at.y + dy}});
      const PixelKey last = key_of({place.zone, {place.at.x + pixels, place.at.y + dy}});
      const auto found = std::lower_bound(large.begin(), large.end(), first);
      if (found != large.end() && *found <= last) return true;
    }
  }
  return false;
}

KindOfObject kind_of(ChangeClass change_class, const ObjectShape& shape, bool by_new_water) {
  if (!disturbs_ground(change_class)) return {ObjectKind::other, KindRule::no_disturbance, 0};
  if (change_class == ChangeClass::to_water) return {ObjectKind::pond, KindRule::water, 0};
  if (shape.width_m <= narrow_m && shape.elongation >= long_elongation) {
    return {ObjectKind::road, KindRule::narrow_line, 0};
  }
  switch (change_class) {
    case ChangeClass::built_or_bright:
      if (by_new_water) return {ObjectKind::pond, KindRule::bright_by_water, 0};
      if (shape.area_m2 <= small_m2) return {ObjectKind::building, KindRule::bright_small, 0};
      return {ObjectKind::cannot_tell, KindRule::bright_large, 0};
    case ChangeClass::vegetation_to_bare:
      return {ObjectKind::pit, KindRule::bared, 0};
    case ChangeClass::bare_to_bare:
      return {ObjectKind::cannot_tell, KindRule::bare_changed, 0};
    default:
      return {ObjectKind::cannot_tell, KindRule::none, 0};
  }
}

}  // namespace pitwatch
