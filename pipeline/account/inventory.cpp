#include "pipeline/account/inventory.hpp"

#include <algorithm>
#include <array>
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

/// A rule's kind, and of how many simulated objects it was right: README.md has the command.
struct MeasuredRule {
  KindRule rule;
  ObjectKind kind;
  int right;
  int of;
};
constexpr std::array<MeasuredRule, 9> measured_rules{{
    {KindRule::no_disturbance, ObjectKind::other, 4, 6},
    {KindRule::water, ObjectKind::pond, 12, 17},
    {KindRule::bright_by_water, ObjectKind::pond, 0, 0},
    {KindRule::narrow_line, ObjectKind::road, 3, 4},
    {KindRule::bright_small, ObjectKind::building, 2, 4},
    {KindRule::bright_large, ObjectKind::cannot_tell, 0, 0},
    {KindRule::bared, ObjectKind::pit, 26, 35},
    {KindRule::bare_changed, ObjectKind::pit_or_dump, 0, 0},
    {KindRule::none, ObjectKind::cannot_tell, 0, 0},
}};

/// The mean of what is known of a rule's probability after so many objects, by Laplace's rule of succession; 0 where it
/// was not measured.
KindOfObject kind_by(KindRule rule) {
  const MeasuredRule& measured = measured_rules[static_cast<std::size_t>(rule)];
  if (measured.of == 0) return {measured.kind, rule, 0};
  return {measured.kind, rule, (measured.right + 1.0) / (measured.of + 2.0)};
}

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
  if (!disturbs_ground(change_class)) return kind_by(KindRule::no_disturbance);
  if (change_class == ChangeClass::to_water) return kind_by(KindRule::water);
  if (shape.width_m <= narrow_m && shape.elongation >= long_elongation) return kind_by(KindRule::narrow_line);
  switch (change_class) {
    case ChangeClass::built_or_bright:
      if (by_new_water) return kind_by(KindRule::bright_by_water);
      return kind_by(shape.area_m2 <= small_m2 ? KindRule::bright_small : KindRule::bright_large);
    case ChangeClass::vegetation_to_bare:
      return kind_by(KindRule::bared);
    case ChangeClass::bare_to_bare:
      return kind_by(KindRule::bare_changed);
    default:
      return kind_by(KindRule::none);
  }
}

}  // namespace pitwatch
