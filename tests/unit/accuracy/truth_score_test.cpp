// Figures worked out on paper.

#include "pipeline/accuracy/truth_score.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/accuracy/test_support.hpp"

namespace pitwatch {
namespace {

using test::alert;
using test::day;
using test::event;

const BootstrapOptions few_draws{200, 1};

TruthScore score_of(const std::vector<ScoredAlert>& alerts, const std::vector<ScoredEvent>& events,
                    const std::vector<Overlap>& overlaps, const std::vector<EventUnion>& unions,
                    std::optional<double> observed_km2_years = {}) {
  const Matching matching = match_alerts(alerts, events, overlaps, 0.2);
  return score_against_truth({alerts, events, matching, unions, observed_km2_years}, few_draws);
}

const Detection& group(const std::vector<Detection>& groups, const std::string& name) {
  const auto found = std::find_if(groups.begin(), groups.end(), [&](const Detection& g) { return g.group == name; });
  if (found == groups.end()) throw std::runtime_error("no group " + name);
  return *found;
}

TEST(TruthScore, Perfect) {
  // One event of 1 ha, one alert of the same outline, 5 days after onset, confirmed after 10.
  std::vector events{event("e", TruthType::pit_in_grass, 0, 10000)};
  events[0].clear_observations = {day(0), day(2), day(5), day(7), day(10), day(12)};
  std::vector alerts{alert("a", 5, 10000, 0.9)};
  alerts[0].confirmed_on = day(10);
  const TruthScore score = score_of(alerts, events, {{0, 0, 10000}}, {{10000, 10000}}, 50);
  EXPECT_EQ(score.all.found_share.value, 1);
  EXPECT_EQ(score.all.confirmed_share.value, 1);
  EXPECT_EQ(group(score.by_size, "1-5 ha").found, 1U);
  EXPECT_EQ(group(score.by_size, "0.5-1 ha").events, 0U);
  EXPECT_EQ(group(score.by_type, "pit_in_grass").confirmed, 1U);
  EXPECT_EQ(score.found.days.median.value, 5);
  EXPECT_EQ(score.found.clear_observations.median.value,
            2);  // days 2 and 5: the observation at the onset does not count
  EXPECT_EQ(score.confirmed.days.mean.value, 10);
  EXPECT_EQ(score.confirmed.clear_observations.mean.value, 4);
  EXPECT_EQ(score.boundary.iou.median.value, 1);
  EXPECT_EQ(score.boundary.area_bias.median.value, 0);
  EXPECT_EQ(score.commission.false_share.value, 0);
  EXPECT_EQ(score.commission.false_per_100km2_year.value, 0);
  EXPECT_NEAR(*score.calibration.brier.value, 0.01, 1e-15);  // (0.9 - 1)^2
  EXPECT_NEAR(*score.calibration.expected_error.value, 0.1, 1e-15);
}

TEST(TruthScore, NoAlerts) {
  const std::vector events{event("e", TruthType::pit_in_forest, 0, 400), event("f", TruthType::fire, 0, 400)};
  const TruthScore score = score_of({}, events, {}, {{}, {}});
  EXPECT_EQ(score.all.events, 1U);  // the fire is none
  EXPECT_EQ(score.all.found_share.value, 0);
  EXPECT_EQ(group(score.by_size, "< 0.05 ha").events, 1U);
  EXPECT_EQ(score.found.days.count, 0U);
  EXPECT_FALSE(score.found.days.median.value);
  EXPECT_FALSE(score.found.days.upper_quartile);
  EXPECT_FALSE(score.commission.false_share.value);
  EXPECT_FALSE(score.commission.false_per_100km2_year.value);
  EXPECT_FALSE(score.calibration.brier.value);
  EXPECT_FALSE(score.boundary.iou.mean.value);
}

TEST(TruthScore, NoEvents) {
  const TruthScore score = score_of({alert("a", 5, 500, 0.5)}, {}, {}, {});
  EXPECT_FALSE(score.all.found_share.value);
  EXPECT_EQ(score.commission.false_share.value, 1);
  EXPECT_NEAR(*score.calibration.brier.value, 0.25, 1e-15);
}

TEST(TruthScore, SplitAndMerged) {
  // Event 0 of 2000 m2 lies under alerts of 900 and 600 m2 that do not overlap, 1400 m2 of them on it:
  // IoU 1400 / (1500 + 2000 - 1400) = 2/3, area bias 1500 / 2000 - 1 = -1/4.
  // Events 1 and 2 of 1000 m2 lie under one alert of 2500 m2: IoU 1000 / 2500 = 0.4, area bias 1.5, for each.
  const std::vector events{event("split", TruthType::pit_in_forest, 0, 2000),
                           event("l", TruthType::waste_dump, 0, 1000), event("r", TruthType::waste_dump, 4, 1000)};
  const std::vector alerts{alert("a", 8, 900), alert("b", 6, 600), alert("c", 10, 2500)};
  const TruthScore score = score_of(alerts, events, {{0, 0, 850}, {1, 0, 550}, {2, 1, 1000}, {2, 2, 1000}},
                                    {{1500, 1400}, {2500, 1000}, {2500, 1000}});
  EXPECT_EQ(score.all.found, 3U);
  EXPECT_EQ(score.all.confirmed, 0U);
  EXPECT_NEAR(*score.events[0].iou, 2.0 / 3, 1e-15);
  EXPECT_NEAR(*score.events[0].area_bias, -0.25, 1e-15);
  EXPECT_NEAR(*score.boundary.iou.median.value, 0.4, 1e-15);
  EXPECT_NEAR(*score.boundary.area_bias.mean.value, (-0.25 + 1.5 + 1.5) / 3, 1e-15);
  // Lags 6, 10 and 6 days: quartiles at the places 0.5 and 1.5 of 6, 6, 10.
  EXPECT_EQ(score.found.days.median.value, 6);
  EXPECT_NEAR(*score.found.days.mean.value, 22.0 / 3, 1e-12);
  EXPECT_EQ(score.found.days.lower_quartile, 6);
  EXPECT_EQ(score.found.days.upper_quartile, 8);
  EXPECT_EQ(score.found.clear_observations.count, 0U);  // not known
}

TEST(TruthScore, ShiftedByOnePixel) {
  // A square of 10 x 10 pixels of 10 m, the alert one pixel to the right: 9000 m2 in common, IoU 9000 / 11000.
  const TruthScore score =
      score_of({alert("a", 3, 10000)}, {event("e", TruthType::pit_in_crop, 0, 10000)}, {{0, 0, 9000}}, {{10000, 9000}});
  EXPECT_NEAR(*score.boundary.iou.median.value, 9.0 / 11, 1e-15);
  EXPECT_EQ(score.boundary.area_bias.median.value, 0);
}

TEST(TruthScore, CommissionKeepsKindsApart) {
  // Alerts of 1, 1, 2, 4 and 2 ha: on a pit, on a landslide, on a ploughed field, on nothing, and on the pit before it
  // was there. False: 2 of 5 and 6 of 10 ha; with the decoy 3 of 5 and 8 of 10 ha. Observed: 200 km2 for half a year.
  const std::vector events{event("pit", TruthType::pit_in_forest, 10, 10000),
                           event("slide", TruthType::landslide, 0, 10000),
                           event("field", TruthType::ploughing, 0, 20000), event("burnt", TruthType::fire, 0, 20000)};
  const std::vector alerts{alert("a", 20, 10000), alert("b", 20, 10000), alert("c", 20, 20000), alert("d", 20, 40000),
                           alert("e", 5, 20000)};
  const TruthScore score = score_of(alerts, events, {{0, 0, 10000}, {1, 1, 10000}, {2, 2, 20000}, {4, 0, 10000}},
                                    {{10000, 10000}, {10000, 10000}, {20000, 20000}, {}}, 100);
  const Commission& commission = score.commission;
  EXPECT_EQ(commission.by_verdict[static_cast<std::size_t>(AlertVerdict::right)].count, 1U);
  EXPECT_EQ(commission.by_verdict[static_cast<std::size_t>(AlertVerdict::natural)].count, 1U);
  EXPECT_EQ(commission.by_verdict[static_cast<std::size_t>(AlertVerdict::decoy)].area_ha, 2);
  EXPECT_EQ(commission.by_verdict[static_cast<std::size_t>(AlertVerdict::wrong)].area_ha, 6);
  EXPECT_EQ(commission.before_onset, 1U);
  EXPECT_NEAR(*commission.false_share.value, 0.4, 1e-15);
  EXPECT_NEAR(*commission.false_or_decoy_share.value, 0.6, 1e-15);
  EXPECT_NEAR(*commission.false_area_share.value, 0.6, 1e-15);
  EXPECT_NEAR(*commission.false_or_decoy_area_share.value, 0.8, 1e-15);
  EXPECT_NEAR(*commission.false_per_100km2_year.value, 2, 1e-15);  // 2 alerts on 100 km2 years
  EXPECT_NEAR(*commission.decoy_per_100km2_year.value, 1, 1e-15);
  ASSERT_EQ(commission.other_types.size(), 3U);
  EXPECT_EQ(commission.other_types[0].type, "landslide");
  EXPECT_EQ(commission.other_types[0].alerts, 1U);
  EXPECT_EQ(commission.other_types[1].type, "fire");
  EXPECT_EQ(commission.other_types[1].events_hit, 0U);
  EXPECT_EQ(commission.other_types[2].type, "ploughing");
  EXPECT_EQ(commission.other_types[2].events_hit, 1U);
  EXPECT_NEAR(*commission.other_types[2].alerts_per_100km2_year, 1, 1e-15);
}

TEST(TruthScore, ConfidenceCalibration) {
  // Confidences 0.05 wrong, 0.95 right, 0.95 wrong, 1 right. Brier: (0.0025 + 0.0025 + 0.9025 + 0) / 4 = 0.226875.
  // Bin 0: mean 0.05, share 0, error 0.05 of 1 alert. Bin 9: mean 2.9 / 3, share 2 / 3, error 0.3 of 3 alerts:
  // (1 * 0.05 + 3 * 0.3) / 4 = 0.2375.
  const std::vector events{event("e", TruthType::pit_in_forest, 0, 1000)};
  const std::vector alerts{alert("a", 1, 1000, 0.05), alert("b", 1, 1000, 0.95), alert("c", 1, 1000, 0.95),
                           alert("d", 1, 1000, 1)};
  const TruthScore score = score_of(alerts, events, {{1, 0, 1000}, {3, 0, 1000}}, {{1000, 1000}});
  const ConfidenceCalibration& calibration = score.calibration;
  EXPECT_NEAR(*calibration.brier.value, 0.226875, 1e-12);
  EXPECT_NEAR(*calibration.expected_error.value, 0.2375, 1e-12);
  EXPECT_EQ(calibration.bins[0].count, 1U);
  EXPECT_EQ(calibration.bins[9].count, 3U);
  EXPECT_NEAR(*calibration.bins[9].mean_confidence, 2.9 / 3, 1e-12);
  EXPECT_NEAR(*calibration.bins[9].right_share, 2.0 / 3, 1e-12);
  EXPECT_FALSE(calibration.bins[5].mean_confidence);
  ASSERT_TRUE(calibration.brier.interval);
  EXPECT_LE(calibration.brier.interval->low, *calibration.brier.value);
  EXPECT_GE(calibration.brier.interval->high, *calibration.brier.value);
}

TEST(TruthScore, SizeClassesBeginAtTheirLowerBound) {
  const std::vector events{event("a", TruthType::pit_in_forest, 0, 500), event("b", TruthType::pit_in_forest, 0, 499),
                           event("c", TruthType::pit_in_forest, 0, 50000)};
  const TruthScore score = score_of({}, events, {}, {{}, {}, {}});
  EXPECT_EQ(group(score.by_size, "< 0.05 ha").events, 1U);
  EXPECT_EQ(group(score.by_size, "0.05-0.1 ha").events, 1U);
  EXPECT_EQ(group(score.by_size, ">= 5 ha").events, 1U);
}

}  // namespace
}  // namespace pitwatch
