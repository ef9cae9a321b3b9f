#include "pipeline/water/connectivity.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "pipeline/hydrology/routing.hpp"
#include "tests/unit/hydrology/grids.hpp"

namespace pitwatch {
namespace {

using test::plane_of;

/// Three rows that fall to the east by 10, 10, 0 and 5 m a cell of 100 m; a stream in the last column but one.
const Plane<float> ground = plane_of<float>({{30, 20, 10, 10, 5}, {29, 19, 9, 9, 4}, {30, 20, 10, 10, 5}});
const Plane<std::uint8_t> streams = plane_of<std::uint8_t>({{0, 0, 0, 0, 0}, {0, 0, 0, 1, 0}, {0, 0, 0, 0, 0}});
const Plane<float> undisturbed = plane_of<float>({{0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}});

TEST(Connectivity, IsThePublishedIndex) {
  Plane<float> disturbed = test::copy_of(undisturbed);
  disturbed.at(1, 1) = 1;
  const Plane<FlowDirection> directions = plane_of<FlowDirection>({{8, 8, 8, 8, 0}, {8, 8, 8, 8, 0}, {8, 8, 8, 8, 0}});
  const SedimentConnectivity connectivity(ground.view(), directions.view(), streams.view(), disturbed.view(), 100);
  // Of column 1: two cells drain, of weights 0.1 and 1, slopes of 0.1; down by 100 m of each, the second level.
  const double up = (0.1 + 1) / 2 * 0.1 * std::sqrt(2 * 100.0 * 100.0);
  const double down = 100 / (1 * 0.1) + 100 / (0.1 * 0.005);
  ASSERT_TRUE(connectivity.at({1, 1}));
  EXPECT_NEAR(*connectivity.at({1, 1}), std::log10(up / down), 1e-6);
  EXPECT_FALSE(connectivity.at({1, 0}));  // comes to no stream
  // The stream itself: four cells, one cell away.
  const double all = (0.1 + 1 + 0.1 + 0.1) / 4 * ((0.1 + 0.1 + 0.005 + 0.05) / 4) * std::sqrt(4 * 100.0 * 100.0);
  EXPECT_NEAR(*connectivity.at({3, 1}), std::log10(all / (100 / (0.1 * 0.05))), 1e-6);
}

TEST(Connectivity, GrowsWithDisturbedGround) {
  const Plane<FlowDirection> directions = flow_directions(ground.view());
  const auto index = [&](const Plane<float>& disturbed) {
    return SedimentConnectivity(ground.view(), directions.view(), streams.view(), disturbed.view(), 100).at({1, 1});
  };
  const std::optional<double> before = index(undisturbed);
  ASSERT_TRUE(before);
  for (int x = 0; x < 3; ++x) {
    Plane<float> disturbed = test::copy_of(undisturbed);
    disturbed.at(x, 1) = 0.5F;
    EXPECT_GT(*index(disturbed), *before) << x;
  }
}

}  // namespace
}  // namespace pitwatch
