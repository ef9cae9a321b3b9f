#include "pipeline/account/remediation.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <vector>

#include "pipeline/account/ground_course.hpp"

namespace pitwatch {
namespace {

constexpr double bare = 0.1;
constexpr double green = 0.6;

/// Every 36.525 days, a tenth of a year: share as given by years.
template <typename Share>
std::vector<GroundSeen> series(int count, const Share& share) {
  std::vector<GroundSeen> seen;
  for (int i = 0; i < count; ++i) {
    const double years = i * 0.1;
    const Instant when(std::chrono::milliseconds(static_cast<std::int64_t>(years * 365.25 * 86400e3)));
    seen.push_back({when, 100, bare + share(years) * (green - bare), green, -0.4, 8});
  }
  return seen;
}

TEST(RobustSlope, IsTheMedianOfSlopesWithSensRanks) {
  // y = 2x but for one: slopes of ten pairs are 2 (six times) and, with (4, 20), 5, 6, 8 and 14.
  // n = 5: reach = 1.96 sqrt(5 x 4 x 15 / 18) = 8.0; ranks 1 and 10.
  const std::vector<double> x{0, 1, 2, 3, 4};
  const std::vector<double> y{0, 2, 4, 6, 20};
  const auto slope = robust_slope(x, y);
  ASSERT_TRUE(slope);
  EXPECT_DOUBLE_EQ(slope->value, 2);
  EXPECT_DOUBLE_EQ(slope->lower, 2);
  EXPECT_DOUBLE_EQ(slope->upper, 14);
  EXPECT_FALSE(robust_slope(std::vector<double>{1, 1}, std::vector<double>{0, 1}));
}

TEST(RobustSlope, HasBoundsWithinTheSlopesOfMorePoints) {
  // y = x^2 at 0..9: the slopes are the sums of two of them, of which the 11th, 23rd and 35th of 45 are 6, 9 and 12.
  // reach = 1.96 sqrt(10 x 9 x 25 / 18) = 21.9.
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i < 10; ++i) {
    x.push_back(i);
    y.push_back(i * i);
  }
  const auto slope = robust_slope(x, y);
  ASSERT_TRUE(slope);
  EXPECT_DOUBLE_EQ(slope->lower, 6);
  EXPECT_DOUBLE_EQ(slope->value, 9);
  EXPECT_DOUBLE_EQ(slope->upper, 12);
}

TEST(Remediation, YearsHaveTheBoundsOfTheRate) {
  const auto result = remediation_of(series(21, [](double years) { return 0.1 * years * years; }), bare, false, false);
  ASSERT_TRUE(result.years_to_80);
  const BoundedFigure& rate = *result.rate_per_year;
  EXPECT_LT(rate.lower, rate.value);
  EXPECT_LT(rate.value, rate.upper);
  const double left = 0.8 - 0.1 * 1.8 * 1.8;
  EXPECT_NEAR(result.years_to_80->lower, left / rate.upper, 1e-9);
  EXPECT_NEAR(result.years_to_80->value, left / rate.value, 1e-9);
  EXPECT_NEAR(result.years_to_80->upper, left / rate.lower, 1e-9);
}

TEST(Remediation, GreenThatComesAndGoesIsNotRegrown) {
  // Median 0.8, deviations 0, 0.4 and 0.7 of it: MAD 0.4.
  const std::vector<double> last{0.1, 1.2, 0.8, 0.4, 1.5};
  const auto result = remediation_of(
      series(5, [&](double years) { return last[static_cast<std::size_t>(years * 10 + 0.5)]; }), bare, false, false);
  ASSERT_TRUE(result.share);
  EXPECT_NEAR(result.share->value, 0.8, 1e-9);
  EXPECT_NEAR(result.share->value - result.share->lower, 1.96 * 1.253 * 1.4826 * 0.4 / std::sqrt(5.0), 1e-9);
  EXPECT_EQ(result.state, GroundState::regrowing);
}

TEST(Remediation, OfGroundThatTurnsGreenIsExpected) {
  // 0.2 a year for two years; the newest five have a median of 0.36: 0.44 more takes 2.2 years.
  const auto result = remediation_of(series(21, [](double years) { return 0.2 * years; }), bare, false, false);
  ASSERT_TRUE(result.share && result.rate_per_year && result.years_to_80);
  EXPECT_NEAR(result.share->value, 0.36, 1e-9);
  EXPECT_NEAR(result.rate_per_year->value, 0.2, 1e-9);
  EXPECT_EQ(result.outlook, Outlook::expected);
  EXPECT_NEAR(result.years_to_80->value, 2.2, 1e-6);
  EXPECT_EQ(result.state, GroundState::regrowing);
  EXPECT_EQ(result.observations, 21U);
  EXPECT_NEAR(result.span_days, 730.5, 1e-6);
}

TEST(Remediation, OfGroundThatIsGreenIsReached) {
  const auto result = remediation_of(series(10, [](double) { return 0.9; }), bare, false, false);
  EXPECT_EQ(result.outlook, Outlook::reached);
  EXPECT_EQ(result.state, GroundState::regrown);
  EXPECT_FALSE(result.years_to_80);
}

TEST(Remediation, OfGroundThatStaysBareIsNone) {
  const auto result = remediation_of(series(21, [](double) { return 0.05; }), bare, false, false);
  EXPECT_EQ(result.outlook, Outlook::not_recovering);
  EXPECT_EQ(result.state, GroundState::bare);
}

TEST(Remediation, OfGroundThatMayDoEitherCannotBeTold) {
  const std::vector<double> shares{0.1, 0.3, 0.15, 0.35, 0.1, 0.3, 0.2, 0.4};
  const auto result = remediation_of(
      series(8, [&](double years) { return shares[static_cast<std::size_t>(years * 10 + 0.5)]; }), bare, false, false);
  ASSERT_TRUE(result.rate_per_year);
  EXPECT_GT(result.rate_per_year->value, 0);
  EXPECT_LE(result.rate_per_year->lower, 0);
  EXPECT_EQ(result.outlook, Outlook::cannot_tell);
  EXPECT_FALSE(result.years_to_80);
}

TEST(Remediation, OfFewOrBriefObservationsHasNoRate) {
  EXPECT_FALSE(remediation_of(series(5, [](double years) { return years; }), bare, false, false).rate_per_year);
  auto few = series(5, [](double years) { return years; });  // over 292 days
  for (std::size_t i = 0; i < few.size(); ++i) few[i].when = Instant(std::chrono::days(73 * i));
  EXPECT_FALSE(remediation_of(few, bare, false, false).rate_per_year);
  auto brief = series(10, [](double years) { return years; });
  for (std::size_t i = 0; i < brief.size(); ++i) brief[i].when = Instant(std::chrono::days(i));
  EXPECT_FALSE(remediation_of(brief, bare, false, false).rate_per_year);
  EXPECT_EQ(remediation_of({}, bare, false, false).state, GroundState::cannot_tell);
}

TEST(Remediation, SeasonsThatAreNoGreenerThanBareGroundSayNothing) {
  auto seen = series(20, [](double) { return 0.5; });
  for (std::size_t i = 0; i < seen.size(); i += 2) {  // winters
    seen[i].own_ndvi = bare + 0.1;
    seen[i].ndvi = bare;
  }
  const auto result = remediation_of(seen, bare, false, false);
  EXPECT_EQ(result.observations, 10U);
  EXPECT_NEAR(result.share->value, 0.5, 1e-9);
}

TEST(Remediation, BackfilledIsWhereWaterGaveWayToSoil) {
  auto seen = series(20, [](double) { return 0.05; });
  EXPECT_EQ(remediation_of(seen, bare, true, false).state, GroundState::backfilled);
  EXPECT_EQ(remediation_of(seen, bare, false, false).state, GroundState::bare);
  for (GroundSeen& one : seen) one.mndwi = 0.3;
  const auto water = remediation_of(seen, bare, true, false);
  EXPECT_EQ(water.state, GroundState::water);
  EXPECT_EQ(water.outlook, Outlook::cannot_tell);
  EXPECT_FALSE(water.rate_per_year);
}

TEST(Remediation, BackfilledIsWhereBareGroundIsAsItWas) {
  auto seen = series(20, [](double) { return 0.0; });
  for (GroundSeen& one : seen) one.own_ndvi = bare;
  EXPECT_EQ(remediation_of(seen, bare, false, true).state, GroundState::bare);  // 8 sigma away
  EXPECT_EQ(remediation_of(seen, bare, false, true).outlook, Outlook::not_vegetated);
  for (GroundSeen& one : seen) one.distance = 1.2;
  EXPECT_EQ(remediation_of(seen, bare, false, true).state, GroundState::backfilled);
  EXPECT_EQ(remediation_of(seen, bare, false, false).state, GroundState::bare);
}

TEST(Remediation, GreenGroundIsRegrownAndNotBackfilled) {
  const auto seen = series(20, [](double) { return 0.95; });
  EXPECT_EQ(remediation_of(seen, bare, true, false).state, GroundState::regrown);
}

TEST(GroundCourse, IsAsBareAsThreeInARowWere) {
  auto seen = series(9, [](double) { return 0.4; });
  seen[4].ndvi = -0.5;  // one alone is an outlier
  EXPECT_NEAR(course_of(seen).bare_ndvi, 0.3, 1e-9);
  seen[5].ndvi = 0.12;
  EXPECT_NEAR(course_of(seen).bare_ndvi, 0.12, 1e-9);
  EXPECT_FALSE(course_of(seen).was_bare_before);
  for (GroundSeen& one : seen) one.own_ndvi = 0.2;
  EXPECT_TRUE(course_of(seen).was_bare_before);
}

TEST(GroundCourse, SoilThatWaterGaveWayToIsNotGreen) {
  auto seen = series(30, [](double) { return 0.0; });
  for (std::size_t i = 0; i < 12; ++i) {
    seen[i].ndvi = -0.4;
    seen[i].mndwi = 0.4;
  }
  const GroundCourse filled = course_of(seen);
  EXPECT_TRUE(filled.was_water);
  EXPECT_NEAR(filled.bare_ndvi, bare, 1e-9);
  EXPECT_FALSE(filled.was_bare_before);
  const auto remediation = [](const GroundCourse& course) {
    return remediation_of(course.seen, course.bare_ndvi, course.was_water, course.was_bare_before);
  };
  EXPECT_EQ(remediation(filled).state, GroundState::backfilled);
  EXPECT_EQ(remediation(filled).observations, 18U);
  for (std::size_t i = 20; i < 30; ++i) seen[i].ndvi = green;  // and it has grown over
  EXPECT_EQ(remediation(course_of(seen)).state, GroundState::regrown);
  seen.resize(14);  // two of soil do not say how bare it is
  EXPECT_NEAR(course_of(seen).bare_ndvi, -0.4, 1e-9);
}

TEST(GroundCourse, WaterStandsInThreeInARow) {
  auto seen = series(9, [](double) { return 0.0; });
  seen[3].mndwi = seen[4].mndwi = 0.2;
  EXPECT_FALSE(course_of(seen).was_water);
  seen[5].mndwi = 0.2;
  EXPECT_TRUE(course_of(seen).was_water);
}

}  // namespace
}  // namespace pitwatch
