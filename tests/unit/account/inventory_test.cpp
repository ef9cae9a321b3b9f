#include "pipeline/account/inventory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "pipeline/account/counted.hpp"

namespace pitwatch {
namespace {

std::vector<PixelKey> rectangle(int left, int top, int width, int height) {
  std::vector<PixelKey> keys;
  for (int y = top; y < top + height; ++y) {
    for (int x = left; x < left + width; ++x) keys.push_back(key_of({0, {x, y}}));
  }
  return keys;
}

TEST(PixelKeys, GoThereAndBackInOrderOfRows) {
  const PixelPlace place{3, {99'999, 999'999}};
  const PixelPlace back = place_of(key_of(place));
  EXPECT_EQ(back.zone, 3);
  EXPECT_EQ(back.at, place.at);
  const auto keys = rectangle(5, 7, 4, 3);
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
}

TEST(ObjectShape, IsAsWideAsItsLargestSquare) {
  const ObjectShape road = shape_of(rectangle(10, 10, 60, 2));
  EXPECT_DOUBLE_EQ(road.area_m2, 12'000);
  EXPECT_DOUBLE_EQ(road.width_m, 20);
  EXPECT_DOUBLE_EQ(road.elongation, 30);
  // An L of two arms one pixel wide, and a square at its end: rows and columns far apart.
  std::vector<PixelKey> bent = rectangle(0, 0, 1, 20);
  for (const PixelKey key : rectangle(1, 19, 20, 1)) bent.push_back(key);
  for (const PixelKey key : rectangle(30, 25, 3, 3)) bent.push_back(key);
  std::sort(bent.begin(), bent.end());
  EXPECT_DOUBLE_EQ(shape_of(bent).width_m, 30);
}

TEST(Neighbours, AreWithinPixelsOfEachOther) {
  const auto a = rectangle(0, 0, 5, 5);
  EXPECT_TRUE(are_within(a, rectangle(7, 2, 3, 3), 3));
  EXPECT_FALSE(are_within(a, rectangle(8, 2, 3, 3), 3));
  EXPECT_FALSE(are_within(a, rectangle(0, 8, 3, 3), 3));
  EXPECT_TRUE(are_within(a, rectangle(0, 7, 3, 3), 3));
  const auto middle = rectangle(20, 20, 5, 5);
  EXPECT_TRUE(are_within(middle, rectangle(15, 22, 3, 3), 3));
  EXPECT_FALSE(are_within(middle, rectangle(14, 22, 3, 3), 3));
}

TEST(ObjectKind, FollowsFromClassShapeAndNeighbours) {
  const ObjectShape line = shape_of(rectangle(0, 0, 60, 2));
  const ObjectShape patch = shape_of(rectangle(0, 0, 20, 20));
  const ObjectShape small = shape_of(rectangle(0, 0, 8, 8));
  const auto kind = [](ChangeClass change_class, const ObjectShape& shape, bool by_water = false) {
    return kind_of(change_class, shape, by_water).kind;
  };
  EXPECT_EQ(kind(ChangeClass::vegetation_to_bare, line), ObjectKind::road);
  EXPECT_EQ(kind(ChangeClass::vegetation_to_bare, patch), ObjectKind::pit);
  EXPECT_EQ(kind(ChangeClass::vegetation_to_bare, shape_of(rectangle(0, 0, 4, 4))), ObjectKind::pit);
  EXPECT_EQ(kind(ChangeClass::to_water, line), ObjectKind::pond);
  EXPECT_EQ(kind(ChangeClass::built_or_bright, small), ObjectKind::building);
  EXPECT_EQ(kind(ChangeClass::built_or_bright, patch), ObjectKind::cannot_tell);
  EXPECT_EQ(kind(ChangeClass::built_or_bright, patch, true), ObjectKind::pond);
  EXPECT_EQ(kind(ChangeClass::unknown, patch), ObjectKind::cannot_tell);
  EXPECT_EQ(kind(ChangeClass::burn, line), ObjectKind::other);
  EXPECT_EQ(kind_of(ChangeClass::bare_to_bare, patch, false).rule, KindRule::bare_changed);
  EXPECT_EQ(kind(ChangeClass::bare_to_bare, patch), ObjectKind::pit_or_dump) << "images have no heights";
  // 26 of 35 by Laplace's rule; what was not measured has no probability.
  EXPECT_NEAR(kind_of(ChangeClass::vegetation_to_bare, patch, false).probability, 27.0 / 37, 1e-12);
  EXPECT_EQ(kind_of(ChangeClass::bare_to_bare, patch, false).probability, 0);
}

}  // namespace
}  // namespace pitwatch
