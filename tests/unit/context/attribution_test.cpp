#include "pipeline/context/attribution.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pitwatch {
namespace {

GridShape square(double left, double top, double right, double bottom) {
  return {{{{left, top}, {right, top}, {right, bottom}, {left, bottom}}, {}}};
}

GroundFeature area(double left, double top, double right, double bottom) {
  const GridShape shape = square(left, top, right, bottom);
  return {shape, box_of(shape), 0.5};
}

/// An alert of whole pixels of 0.01 ha.
AlertPixels alert_of(int left, int top, int width, int height) {
  AlertPixels alert{{left, top, width, height}, Plane<double>(width, height), width * height * 0.01};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) alert.shares.at(x, y) = 1;
  }
  return alert;
}

// 0.5 and 0.5 pixels as the root of squares, and half a pixel: 1.2 pixels.
constexpr BoundaryTolerance tolerance{0.5};
constexpr double sliver_ha = 0.05;

BoundaryVerdict verdict(const AlertPixels& alert, const std::vector<GroundFeature>& features) {
  return attribute_ground(alert, features, tolerance, sliver_ha).verdict;
}

TEST(Coverage, CountsHolesAndEitherWinding) {
  GridShape shape = square(0.5, 0, 3, 2);
  shape[0].holes.push_back({{1, 0.5}, {1, 1.5}, {2, 1.5}, {2, 0.5}});
  const Plane<double> shares = coverage(shape, {0, 0, 4, 2});
  EXPECT_DOUBLE_EQ(shares.at(0, 0), 0.5);
  EXPECT_DOUBLE_EQ(shares.at(1, 0), 0.5);
  EXPECT_DOUBLE_EQ(shares.at(2, 1), 1);
  EXPECT_DOUBLE_EQ(shares.at(3, 1), 0);
  std::swap(shape[0].outer[1], shape[0].outer[3]);
  EXPECT_DOUBLE_EQ(coverage(shape, {0, 0, 4, 2}).at(1, 0), 0.5);
}

TEST(Coverage, OfATriangleIsExact) {
  const GridShape shape{{{{0, 0}, {3, 0}, {0, 3}}, {}}};
  const Plane<double> shares = coverage(shape, {-1, 0, 5, 3});
  EXPECT_DOUBLE_EQ(shares.at(0, 0), 0);
  EXPECT_DOUBLE_EQ(shares.at(1, 0), 1);
  EXPECT_DOUBLE_EQ(shares.at(2, 1), 0.5);
  EXPECT_DOUBLE_EQ(shares.at(3, 1), 0);
}

TEST(Attribution, SharesOutGroundByPixels) {
  // Two licences with a common border that cuts pixels at 0.3, and nobody's ground beyond 8.5.
  const Attribution ground =
      attribute_ground(alert_of(0, 0, 10, 4), {area(-5, -5, 4.3, 20), area(4.3, -5, 8.5, 20)}, tolerance, sliver_ha);
  ASSERT_EQ(ground.parts.size(), 3U);
  EXPECT_TRUE(ground.parts[0].features.empty());
  EXPECT_NEAR(ground.parts[0].area_ha, 0.06, 1e-12);
  EXPECT_EQ(ground.parts[1].features, std::vector<std::size_t>{0});
  EXPECT_NEAR(ground.parts[1].area_ha, 0.172, 1e-12);
  EXPECT_NEAR(ground.parts[2].area_ha, 0.168, 1e-12);
  EXPECT_NEAR(ground.inside_ha, 0.34, 1e-12);
  EXPECT_EQ(ground.overlap_ha, 0);
  EXPECT_NEAR(ground.features[0].share, 0.43, 1e-12);
}

TEST(Attribution, TellsOverlapsOnce) {
  const Attribution ground =
      attribute_ground(alert_of(0, 0, 10, 4), {area(-5, -5, 6, 20), area(4, -5, 30, 20)}, tolerance, sliver_ha);
  ASSERT_EQ(ground.parts.size(), 3U);
  EXPECT_EQ(ground.parts[1].features, (std::vector<std::size_t>{0, 1}));
  EXPECT_NEAR(ground.parts[1].area_ha, 0.08, 1e-12);
  EXPECT_NEAR(ground.overlap_ha, 0.08, 1e-12);
  EXPECT_NEAR(ground.inside_ha, 0.4, 1e-12);
  EXPECT_NEAR(ground.features[0].area_ha + ground.features[1].area_ha, 0.48, 1e-12);
}

TEST(Attribution, TellsOverlapsWithinPixels) {
  const Attribution ground =
      attribute_ground(alert_of(0, 0, 10, 4), {area(-5, -5, 5.5, 20), area(4.5, -5, 30, 20)}, tolerance, sliver_ha);
  EXPECT_NEAR(ground.overlap_ha, 0.04, 1e-9);
  EXPECT_NEAR(ground.inside_ha, 0.4, 1e-9);
}

TEST(Attribution, TellsOverlapsOfTwoThatBothEndInAPixel) {
  const Attribution ground =
      attribute_ground(alert_of(0, 0, 10, 4), {area(-5, -5, 4.75, 20), area(4.25, -5, 30, 20)}, tolerance, sliver_ha);
  EXPECT_NEAR(ground.overlap_ha, 0.02, 1e-9);
  EXPECT_NEAR(ground.inside_ha, 0.4, 1e-9);
  EXPECT_NEAR(ground.features[0].area_ha, 0.19, 1e-9);
  EXPECT_NEAR(ground.features[1].area_ha, 0.23, 1e-9);
}

TEST(Attribution, WithoutFeaturesIsNobodys) {
  const Attribution ground = attribute_ground(alert_of(0, 0, 3, 3), {}, tolerance, sliver_ha);
  ASSERT_EQ(ground.parts.size(), 1U);
  EXPECT_TRUE(ground.parts[0].features.empty());
  EXPECT_NEAR(ground.parts[0].area_ha, 0.09, 1e-12);
  EXPECT_EQ(ground.verdict, BoundaryVerdict::outside);
}

TEST(BoundaryVerdicts, LookAtWhatIsCertain) {
  EXPECT_EQ(verdict(alert_of(0, 0, 10, 10), {area(-5, -5, 20, 20)}), BoundaryVerdict::inside);
  EXPECT_EQ(verdict(alert_of(0, 0, 10, 10), {area(15, -5, 30, 20)}), BoundaryVerdict::outside);
  EXPECT_EQ(verdict(alert_of(0, 0, 10, 10), {area(5, -5, 30, 20)}), BoundaryVerdict::straddles);
  EXPECT_EQ(verdict(alert_of(0, 0, 2, 10), {area(1, -5, 30, 20)}), BoundaryVerdict::cannot_tell);
}

TEST(BoundaryVerdicts, NoSliverDecides) {
  // A row of pixels beyond the boundary, by less than the tolerance; and a corner far beyond it, smaller than the
  // uncertainty of the alert's area.
  EXPECT_EQ(verdict(alert_of(0, 0, 10, 10), {area(1, -5, 30, 20)}), BoundaryVerdict::inside);
  EXPECT_EQ(verdict(alert_of(0, 0, 10, 10), {area(9, -5, 30, 20)}), BoundaryVerdict::outside);
  AlertPixels spur = alert_of(0, 0, 10, 10);
  for (int x = 0; x < 5; ++x) {
    for (int y = 0; y < 10; ++y) spur.shares.at(x, y) = y == 0 ? 1 : 0;
  }
  spur.area_ha = 0.55;
  EXPECT_EQ(verdict(spur, {area(4, -5, 30, 20)}), BoundaryVerdict::inside);
}

TEST(BoundaryVerdicts, WhereOneAreaEndsAndTheNextBeginsThereIsNoBoundaryOfAll) {
  const std::vector<GroundFeature> neighbours{area(-5, -5, 5, 20), area(5, -5, 30, 20)};
  const Attribution ground = attribute_ground(alert_of(0, 0, 10, 10), neighbours, tolerance, sliver_ha);
  EXPECT_EQ(ground.verdict, BoundaryVerdict::inside);
  EXPECT_EQ(ground.features[0].verdict, BoundaryVerdict::straddles);
  // Along the border alone: inside of all, of each it cannot be told.
  const Attribution strip = attribute_ground(alert_of(4, 0, 2, 10), neighbours, tolerance, sliver_ha);
  EXPECT_EQ(strip.verdict, BoundaryVerdict::inside);
  EXPECT_EQ(strip.features[0].verdict, BoundaryVerdict::cannot_tell);
}

TEST(BoundaryVerdicts, GroundOfNoneBetweenTwoIsNotInside) {
  // Both boundaries are more inexact than the gap is wide.
  const auto inexact = [](GridRing ring) {
    const GridShape shape{{std::move(ring), {}}};
    return GroundFeature{shape, box_of(shape), 8};
  };
  const std::vector<GroundFeature> corridor{inexact({{-90, -90}, {-2, -90}, {-2, 90}, {-90, 90}}),
                                            inexact({{8, -90}, {90, -90}, {90, 90}, {8, 90}})};
  EXPECT_EQ(verdict(alert_of(0, 0, 6, 20), corridor), BoundaryVerdict::cannot_tell);
  EXPECT_EQ(verdict(alert_of(-40, 0, 20, 20), corridor), BoundaryVerdict::inside);
  const std::vector<GroundFeature> around_an_enclave{
      inexact({{-90, 3}, {-2, 3}, {-2, 8}, {8, 8}, {8, 3}, {90, 3}, {90, 90}, {-90, 90}}),
      inexact({{-90, 3}, {-2, 3}, {-2, -2}, {8, -2}, {8, 3}, {90, 3}, {90, -90}, {-90, -90}})};
  const Attribution ground = attribute_ground(alert_of(0, 0, 6, 6), around_an_enclave, tolerance, sliver_ha);
  EXPECT_EQ(ground.inside_ha, 0);
  EXPECT_EQ(ground.verdict, BoundaryVerdict::cannot_tell);
}

TEST(BoundaryVerdicts, NeighboursAFewDecimetresApartAreAsOne) {
  EXPECT_EQ(verdict(alert_of(0, 0, 10, 10), {area(-5, -5, 4.98, 20), area(5, -5, 30, 20)}), BoundaryVerdict::inside);
}

TEST(BoundaryVerdicts, HolesAreOutside) {
  GroundFeature ring = area(-20, -20, 30, 30);
  ring.shape[0].holes.push_back({{-5, -5}, {15, -5}, {15, 15}, {-5, 15}});
  EXPECT_EQ(verdict(alert_of(0, 0, 10, 10), {ring}), BoundaryVerdict::outside);
}

TEST(Validity, IsOfTheWholeBracketOfOnset) {
  const auto day = [](const char* text) { return parse_instant(text); };
  const Instant from = day("2020-05-01");
  const Instant to = last_instant("2022-04-30");
  EXPECT_EQ(validity_at(from, to, day("2020-05-01"), day("2022-04-30")), Validity::valid);
  EXPECT_EQ(validity_at(from, to, day("2020-04-01"), day("2020-04-30")), Validity::not_yet);
  EXPECT_EQ(validity_at(from, to, day("2022-05-01"), day("2022-06-01")), Validity::expired);
  EXPECT_EQ(validity_at(from, to, day("2022-04-20"), day("2022-05-05")), Validity::unknown);
  EXPECT_EQ(validity_at(from, to, day("2020-04-20"), day("2020-05-05")), Validity::unknown);
  EXPECT_EQ(validity_at({}, to, day("2022-05-01"), day("2022-06-01")), Validity::expired);
  EXPECT_EQ(validity_at({}, to, day("2021-05-01"), day("2021-06-01")), Validity::unknown);
  EXPECT_EQ(validity_at(from, {}, day("2020-04-01"), day("2020-04-30")), Validity::not_yet);
  EXPECT_EQ(validity_at(from, {}, day("2021-05-01"), day("2021-06-01")), Validity::unknown);
  EXPECT_EQ(validity_at({}, {}, day("2021-05-01"), day("2021-06-01")), Validity::unknown);
}

}  // namespace
}  // namespace pitwatch
