#include "pipeline/account/ledger.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <vector>

namespace pitwatch {
namespace {

Instant day(int number) { return Instant(std::chrono::days(number)); }

/// Pixels of 100 m2.
std::vector<PixelArea> pixels(PixelKey count) {
  std::vector<PixelArea> all;
  for (PixelKey key = 0; key < count; ++key) all.push_back({key, 100});
  return all;
}

std::vector<PixelKey> keys(PixelKey begin, PixelKey end) {
  std::vector<PixelKey> all;
  for (PixelKey key = begin; key < end; ++key) all.push_back(key);
  return all;
}

LedgerObject object(ChangeClass change_class, std::vector<std::vector<HeldGround>> members, double confidence = 1) {
  return {"a", change_class, confidence, 0, 1, std::move(members)};
}

/// The row of all classes at a day.
LedgerRow all_at(const std::vector<LedgerRow>& rows, Instant at) {
  for (const LedgerRow& row : rows) {
    if (row.at == at && !row.change_class) return row;
  }
  ADD_FAILURE() << "no row";
  return {};
}

LedgerRow class_at(const std::vector<LedgerRow>& rows, Instant at, ChangeClass change_class) {
  for (const LedgerRow& row : rows) {
    if (row.at == at && row.change_class == change_class) return row;
  }
  ADD_FAILURE() << "no row";
  return {};
}

TEST(Ledger, CountsGrowthShrinkageAndClosure) {
  const std::vector<LedgerObject> objects{
      object(ChangeClass::vegetation_to_bare, {{{day(1), keys(0, 4), AlertStatus::provisional},
                                                {day(2), keys(0, 10), AlertStatus::confirmed},
                                                {day(3), keys(6, 10), AlertStatus::recovering},
                                                {day(4), {}, AlertStatus::closed}}})};
  const auto rows = ledger_rows(objects, pixels(10));
  ASSERT_EQ(rows.size(), 8U);
  EXPECT_EQ(all_at(rows, day(1)).disturbed_m2, 400);
  EXPECT_EQ(all_at(rows, day(1)).provisional_m2, 400);
  EXPECT_EQ(all_at(rows, day(2)).disturbed_m2, 1000);
  EXPECT_EQ(all_at(rows, day(2)).provisional_m2, 0);
  EXPECT_EQ(all_at(rows, day(3)).recovered_m2, 600);
  EXPECT_EQ(all_at(rows, day(3)).recovering_m2, 400);
  EXPECT_EQ(all_at(rows, day(3)).net_m2, 400);
  EXPECT_EQ(all_at(rows, day(4)).disturbed_m2, 1000);  // stays disturbed once
  EXPECT_EQ(all_at(rows, day(4)).net_m2, 0);
  EXPECT_EQ(all_at(rows, day(4)).recovering_m2, 0);
}

TEST(Ledger, GroundOfTwoThatMergeCountsOnce) {
  // Two of five pixels; at day 2 the first takes over the second and what lies between: twelve in all.
  const std::vector<LedgerObject> objects{
      object(ChangeClass::to_water,
             {{{day(1), keys(7, 12), AlertStatus::confirmed}, {day(2), {}, AlertStatus::superseded}},
              {{day(1), keys(0, 5), AlertStatus::confirmed}, {day(2), keys(0, 12), AlertStatus::confirmed}}})};
  const auto rows = ledger_rows(objects, pixels(12));
  EXPECT_EQ(all_at(rows, day(1)).disturbed_m2, 1000);
  EXPECT_EQ(all_at(rows, day(2)).disturbed_m2, 1200);
  EXPECT_EQ(all_at(rows, day(2)).net_m2, 1200);
  EXPECT_EQ(all_at(rows, day(2)).recovered_m2, 0);
  EXPECT_EQ(all_at(rows, day(2)).objects, 1U);
}

TEST(Ledger, OverlapsBelongToWhoHeldThemLast) {
  const std::vector<LedgerObject> objects{
      object(ChangeClass::vegetation_to_bare,
             {{{day(1), keys(0, 6), AlertStatus::confirmed}, {day(3), {}, AlertStatus::closed}}}),
      object(ChangeClass::bare_to_bare, {{{day(2), keys(4, 9), AlertStatus::confirmed}}})};
  const auto rows = ledger_rows(objects, pixels(9));
  EXPECT_EQ(all_at(rows, day(2)).disturbed_m2, 900);
  EXPECT_EQ(class_at(rows, day(2), ChangeClass::vegetation_to_bare).disturbed_m2, 600);
  EXPECT_EQ(class_at(rows, day(2), ChangeClass::bare_to_bare).disturbed_m2, 300);
  // The first lets go: what the second holds, too, is its own now, and has not recovered.
  EXPECT_EQ(class_at(rows, day(3), ChangeClass::vegetation_to_bare).disturbed_m2, 400);
  EXPECT_EQ(class_at(rows, day(3), ChangeClass::bare_to_bare).net_m2, 500);
  EXPECT_EQ(all_at(rows, day(3)).recovered_m2, 400);
}

TEST(Ledger, GroundThatIsDisturbedAgainHasNotRecovered) {
  const std::vector<LedgerObject> objects{
      object(ChangeClass::vegetation_to_bare,
             {{{day(1), keys(0, 6), AlertStatus::confirmed}, {day(2), {}, AlertStatus::closed}}}),
      object(ChangeClass::to_water, {{{day(3), keys(2, 4), AlertStatus::provisional}}})};
  const auto rows = ledger_rows(objects, pixels(6));
  EXPECT_EQ(all_at(rows, day(2)).recovered_m2, 600);
  EXPECT_EQ(all_at(rows, day(3)).disturbed_m2, 600);
  EXPECT_EQ(all_at(rows, day(3)).recovered_m2, 400);
  EXPECT_EQ(class_at(rows, day(3), ChangeClass::to_water).net_m2, 200);
}

TEST(Ledger, ClassesAddUp) {
  std::vector<PixelArea> odd = pixels(9);
  for (PixelArea& pixel : odd) pixel.area_m2 = 99.97;
  const std::vector<LedgerObject> objects{
      object(ChangeClass::vegetation_to_bare, {{{day(1), keys(0, 3), AlertStatus::confirmed}}}),
      object(ChangeClass::bare_to_bare, {{{day(1), keys(3, 5), AlertStatus::confirmed}}}),
      object(ChangeClass::to_water, {{{day(1), keys(5, 9), AlertStatus::confirmed}}})};
  const auto rows = ledger_rows(objects, odd);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].disturbed_m2 + rows[1].disturbed_m2 + rows[2].disturbed_m2, rows[3].disturbed_m2);
  EXPECT_EQ(rows[0].net_m2 + rows[1].net_m2 + rows[2].net_m2, rows[3].net_m2);
  EXPECT_EQ(rows[3].objects, 3);
}

TEST(Ledger, IntervalsHaveOutlinesTogetherAndObjectsEachByItself) {
  // Both 1 ha; p = 0.9 and 0.6, s = 0.1 and 0.2 ha of as much.
  LedgerObject first = object(ChangeClass::to_water, {{{day(1), keys(0, 100), AlertStatus::confirmed}}}, 0.9);
  first.area_uncertainty_ha = 0.1;
  LedgerObject second = object(ChangeClass::to_water, {{{day(1), keys(100, 200), AlertStatus::confirmed}}}, 0.6);
  second.area_uncertainty_ha = 0.2;
  const auto rows = ledger_rows(std::vector<LedgerObject>{first, second}, pixels(200));
  const double sigma = std::sqrt(0.3 * 0.3 + 0.09 + 0.24);
  EXPECT_NEAR(rows[0].disturbed.value_ha, 1.5, 1e-12);
  EXPECT_NEAR(rows[0].disturbed.lower_ha, 1.5 - 1.96 * sigma, 1e-12);
  EXPECT_NEAR(rows[0].disturbed.upper_ha, 1.5 + 1.96 * sigma, 1e-12);
  EXPECT_EQ(rows[0].disturbed_m2, 20000);
}

TEST(Ledger, OfAQuarterOfItsGroundTheOutlineErrsByHalf) {
  LedgerObject growing =
      object(ChangeClass::to_water,
             {{{day(1), keys(0, 25), AlertStatus::confirmed}, {day(2), keys(0, 100), AlertStatus::confirmed}}});
  growing.area_uncertainty_ha = 0.1;
  const auto rows = ledger_rows(std::vector<LedgerObject>{growing}, pixels(100));
  EXPECT_NEAR(all_at(rows, day(1)).disturbed.upper_ha, 0.25 + 1.96 * 0.05, 1e-12);
  EXPECT_NEAR(all_at(rows, day(2)).disturbed.upper_ha, 1 + 1.96 * 0.1, 1e-12);
}

TEST(Ledger, RowsAtOtherTimesAreThoseThatStoodThen) {
  const std::vector<LedgerObject> objects{
      object(ChangeClass::to_water,
             {{{day(10), keys(0, 2), AlertStatus::confirmed}, {day(40), keys(0, 5), AlertStatus::confirmed}}})};
  const auto rows = ledger_rows(objects, pixels(5));
  const std::vector<Instant> times{day(9), day(10), day(39), day(70)};
  const auto then = rows_at(rows, times);
  ASSERT_EQ(then.size(), 6U);  // none before the first
  EXPECT_EQ(then[0].at, day(10));
  EXPECT_EQ(then[2].at, day(39));
  EXPECT_EQ(then[3].disturbed_m2, 200);
  EXPECT_FALSE(then[5].change_class);
  EXPECT_EQ(then[5].disturbed_m2, 500);
}

TEST(Ledger, MonthsEndWithTheirLastMillisecondOrWithTheNewestAcquisition) {
  const std::vector<LedgerObject> objects{
      object(ChangeClass::to_water, {{{day(40), keys(0, 2), AlertStatus::confirmed}}})};
  const auto rows = ledger_rows(objects, pixels(2));
  const auto ends = month_ends(rows, day(70));  // 10 February to 12 March 1970
  ASSERT_EQ(ends.size(), 2U);
  EXPECT_EQ(format_instant(ends[0]), "1970-02-28T23:59:59.999Z");
  EXPECT_EQ(ends[1], day(70));
}

}  // namespace
}  // namespace pitwatch
