#include "pipeline/context/nearest.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pitwatch {
namespace {

const GridShape alert{{{{0, 0}, {2, 0}, {2, 2}, {0, 2}}, {}}};

std::optional<Nearest> nearest(const std::vector<NearFeature>& features) { return NearestFinder(features).find(alert); }

TEST(Nearest, IsAmongPointsLinesAndAreas) {
  const NearFeature spring{{{1, 9}}, {}, {}};
  const NearFeature river{{}, {{{5, -10}, {5, 10}}}, {}};
  const NearFeature lake{{}, {}, {{{{-8, 0}, {-4, 0}, {-4, 2}, {-8, 2}}, {}}}};
  EXPECT_EQ(nearest({spring})->distance_px, 7);
  const std::optional<Nearest> found = nearest({spring, river, lake});
  EXPECT_EQ(found->feature, 1U);
  EXPECT_EQ(found->distance_px, 3);
  EXPECT_EQ(found->from.x, 2);
  EXPECT_EQ(found->to.x, 5);
  EXPECT_EQ(nearest({spring, lake})->feature, 1U);
}

TEST(Nearest, IsAtNoDistanceWhereItTouchesCrossesOrHolds) {
  EXPECT_EQ(nearest({{{{1, 1}}, {}, {}}})->distance_px, 0);                                      // a point in it
  EXPECT_EQ(nearest({{{}, {{{-5, 1}, {9, 1.5}}}, {}}})->distance_px, 0);                         // a line across
  EXPECT_EQ(nearest({{{}, {}, {{{{-9, -9}, {9, -9}, {9, 9}, {-9, 9}}, {}}}}})->distance_px, 0);  // a lake around
  EXPECT_EQ(nearest({{{}, {}, {{{{.5, .5}, {1, .5}, {1, 1}, {.5, 1}}, {}}}}})->distance_px, 0);  // a pond within
  NearFeature island{{}, {}, {{{{-9, -9}, {9, -9}, {9, 9}, {-9, 9}}, {{{-3, -3}, {5, -3}, {5, 5}, {-3, 5}}}}}};
  EXPECT_EQ(nearest({island})->distance_px, 3);  // it lies on an island of the lake
}

TEST(Nearest, OfEquallyNearOnesIsTheFirst) {
  EXPECT_EQ(nearest({{{{5, 1}}, {}, {}}, {{{-3, 1}}, {}, {}}})->feature, 0U);
}

TEST(Nearest, IsNothingWhereThereIsNothing) {
  EXPECT_FALSE(nearest({}).has_value());
  EXPECT_FALSE(nearest({NearFeature{}}).has_value());
  EXPECT_FALSE(NearestFinder({{{{1, 9}}, {}, {}}}).find({}).has_value());
}

}  // namespace
}  // namespace pitwatch
