#include "pipeline/hydrology/d_infinity.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

#include "pipeline/hydrology/routing.hpp"
#include "tests/unit/hydrology/grids.hpp"

namespace pitwatch {
namespace {

using test::no_elevation;
using test::plane_of;
constexpr double pi = std::numbers::pi;

Plane<float> surface(int side, const std::function<double(int, int)>& height) {
  Plane<float> plane(side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) plane.at(x, y) = static_cast<float>(height(x, y));
  }
  return plane;
}

TEST(FlowAngles, OfAPlaneAreThatOfItsFall) {
  for (int degrees = 0; degrees < 360; degrees += 5) {
    const double angle = degrees * pi / 180;
    // Rows run south.
    const Plane<float> plane =
        surface(7, [&](int x, int y) { return 100 - 4 * (std::cos(angle) * x - std::sin(angle) * y); });
    const Plane<float> angles = flow_angles(plane.view(), flow_directions(plane.view()).view());
    EXPECT_NEAR(std::remainder(angles.at(3, 3) - angle, 2 * pi), 0, 1e-5) << degrees;
    EXPECT_GE(angles.at(3, 3), 0);
    EXPECT_LE(angles.at(3, 3), 2 * pi);
  }
}

TEST(FlowAngles, OfLevelGroundAndBesideVoidsAreTheirDirections) {
  const Plane<float> plane = plane_of<float>({{9, 9, 9, 9, 9}, {9, 5, 5, 5, 1}, {9, 9, 9, 9, no_elevation}});
  const Plane<FlowDirection> directions = flow_directions(plane.view());
  const Plane<float> angles = flow_angles(plane.view(), directions.view());
  EXPECT_EQ(angles.at(1, 1), 0);  // east over level ground
  EXPECT_EQ(angles.at(3, 1), 0);
  EXPECT_TRUE(std::isnan(angles.at(4, 1)));  // out over the edge
  EXPECT_TRUE(std::isnan(angles.at(4, 2)));
}

TEST(FlowAngles, ShareFlowBetweenTwoCells) {
  // tan(angle) = 1/2: of an eighth of a turn, 26.57 / 45 go to the north-east.
  const Plane<float> plane = surface(3, [](int x, int y) { return 10 - 2 * x + y; });
  const Plane<FlowDirection> directions = flow_directions(plane.view());
  Plane<float> angles = flow_angles(plane.view(), directions.view());
  const double expected = std::atan(0.5);
  EXPECT_NEAR(angles.at(1, 1), expected, 1e-6);
  // Of the middle's flow alone.
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < 3; ++x) {
      if (x != 1 || y != 1) angles.at(x, y) = no_elevation;
    }
  }
  const Plane<double> cells = flow_accumulation(angles.view(), directions.view());
  EXPECT_NEAR(cells.at(2, 0), 1 + expected / (pi / 4), 1e-6);
  EXPECT_NEAR(cells.at(2, 1), 2 - expected / (pi / 4), 1e-6);
  EXPECT_EQ(cells.at(1, 2), 1);
}

TEST(FlowAngles, AlongAxesCountAsDirectionsDo) {
  const Plane<float> plane = surface(9, [](int x, int) { return 50 - x; });
  const Plane<FlowDirection> directions = flow_directions(plane.view());
  const Plane<double> cells = flow_accumulation(flow_angles(plane.view(), directions.view()).view(), directions.view());
  const Plane<std::uint32_t> whole = flow_accumulation(directions.view());
  for (int y = 0; y < 9; ++y) {
    for (int x = 0; x < 9; ++x) EXPECT_EQ(cells.at(x, y), whole.at(x, y));
  }
}

TEST(FlowAngles, ShareWhatComesToATarget) {
  // From the middle 26.57 / 45 go to the north-east, and the rest to the east, which drains to the north-east, too.
  const Plane<float> plane = surface(3, [](int x, int y) { return 10 - 2 * x + y; });
  const Plane<FlowDirection> directions = flow_directions(plane.view());
  const Plane<float> angles = flow_angles(plane.view(), directions.view());
  Plane<std::uint8_t> targets = plane_of<std::uint8_t>({{0, 0, 0}, {0, 0, 1}, {0, 0, 0}});
  const Plane<double> east = flow_share_to(angles.view(), directions.view(), targets.view());
  EXPECT_NEAR(east.at(1, 1), 1 - std::atan(0.5) / (pi / 4), 1e-6);
  EXPECT_EQ(east.at(2, 1), 1);
  EXPECT_EQ(east.at(2, 0), 0);
  targets.at(2, 0) = 1;
  EXPECT_NEAR(flow_share_to(angles.view(), directions.view(), targets.view()).at(1, 1), 1, 1e-12);
  targets.at(2, 1) = 0;
  const Plane<double> corner = flow_share_to(angles.view(), directions.view(), targets.view());
  EXPECT_NEAR(corner.at(1, 1), 1, 1e-12);
  EXPECT_EQ(corner.at(2, 2), corner.at(2, 1));
}

}  // namespace
}  // namespace pitwatch
