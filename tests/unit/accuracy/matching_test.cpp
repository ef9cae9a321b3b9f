// Which alert hits which event, on cases that fit on paper. Areas are in square metres: a pixel is 100.

#include "pipeline/accuracy/matching.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/accuracy/test_support.hpp"

namespace pitwatch {
namespace {

using test::alert;
using test::day;
using test::event;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double min_overlap = 0.2;

TEST(Matching, NoAlertsFindNothing) {
  const std::vector events{event("e", TruthType::pit_in_forest, 10, 1000)};
  const Matching matching = match_alerts({}, events, {}, min_overlap);
  EXPECT_THAT(matching.alerts, IsEmpty());
  EXPECT_THAT(matching.events.at(0).alerts, IsEmpty());
  EXPECT_FALSE(matching.events[0].found);
}

TEST(Matching, TheOverlapCountsOfTheSmallerArea) {
  // 2000 m2 of event; alerts of 1000 m2 need 200 m2 of overlap, one of 8000 m2 needs 400.
  const std::vector events{event("e", TruthType::pit_in_forest, 10, 2000)};
  const std::vector alerts{alert("just", 20, 1000), alert("not", 20, 1000), alert("large", 20, 8000),
                           alert("large not", 20, 8000), alert("away", 20, 1000)};
  const std::vector<Overlap> overlaps{{0, 0, 200}, {1, 0, 199}, {2, 0, 400}, {3, 0, 399}};
  const Matching matching = match_alerts(alerts, events, overlaps, min_overlap);
  EXPECT_THAT(matching.events[0].alerts, ElementsAre(0U, 2U));
  EXPECT_EQ(matching.alerts[0].verdict, AlertVerdict::right);
  EXPECT_EQ(matching.alerts[1].verdict, AlertVerdict::wrong);
  EXPECT_EQ(matching.alerts[2].verdict, AlertVerdict::right);
  EXPECT_EQ(matching.alerts[3].verdict, AlertVerdict::wrong);
  EXPECT_EQ(matching.alerts[4].verdict, AlertVerdict::wrong);
  EXPECT_FALSE(matching.alerts[4].before_onset);
}

TEST(Matching, SplitAndMergedAlertsHit) {
  // Alerts 0 and 1 share event 0; alert 2 covers events 1 and 2.
  const std::vector events{event("split", TruthType::pit_in_forest, 10, 2000),
                           event("left", TruthType::waste_dump, 10, 1000),
                           event("right", TruthType::waste_dump, 12, 1000)};
  std::vector alerts{alert("a", 30, 900), alert("b", 20, 900), alert("c", 25, 2500)};
  alerts[0].confirmed_on = day(35);
  alerts[1].confirmed_on = day(40);
  const std::vector<Overlap> overlaps{{0, 0, 900}, {1, 0, 900}, {2, 2, 1000}, {2, 1, 1000}};
  const Matching matching = match_alerts(alerts, events, overlaps, min_overlap);
  EXPECT_THAT(matching.events[0].alerts, ElementsAre(0U, 1U));
  EXPECT_EQ(matching.events[0].found, day(20));      // the earlier alert
  EXPECT_EQ(matching.events[0].confirmed, day(35));  // the earlier confirmation, of the later alert
  EXPECT_THAT(matching.alerts[2].events, ElementsAre(1U, 2U));
  EXPECT_EQ(matching.events[1].found, day(25));
  EXPECT_EQ(matching.events[2].found, day(25));
  EXPECT_FALSE(matching.events[2].confirmed);
}

TEST(Matching, AnAlertBeforeTheOnsetIsFalse) {
  const std::vector events{event("e", TruthType::pit_in_forest, 10, 1000)};
  const std::vector alerts{alert("early", 9, 1000), alert("on the day", 10, 1000)};
  const std::vector<Overlap> overlaps{{0, 0, 1000}, {1, 0, 1000}};
  const Matching matching = match_alerts(alerts, events, overlaps, min_overlap);
  EXPECT_EQ(matching.alerts[0].verdict, AlertVerdict::wrong);
  EXPECT_TRUE(matching.alerts[0].before_onset);
  EXPECT_EQ(matching.alerts[1].verdict, AlertVerdict::right);
  EXPECT_EQ(matching.events[0].found, day(10));
}

TEST(Matching, TheBestOfWhatIsHitDecides) {
  const std::vector events{event("pit", TruthType::pit_in_forest, 0, 1000),
                           event("slide", TruthType::landslide, 0, 1000),
                           event("field", TruthType::ploughing, 0, 1000)};
  const std::vector alerts{alert("all", 5, 3000), alert("nature", 5, 2000), alert("decoy", 5, 1000)};
  const std::vector<Overlap> overlaps{{0, 2, 1000}, {0, 1, 1000}, {0, 0, 1000},
                                      {1, 2, 1000}, {1, 1, 1000}, {2, 2, 900}};
  const Matching matching = match_alerts(alerts, events, overlaps, min_overlap);
  EXPECT_EQ(matching.alerts[0].verdict, AlertVerdict::right);
  EXPECT_EQ(matching.alerts[1].verdict, AlertVerdict::natural);
  EXPECT_EQ(matching.alerts[2].verdict, AlertVerdict::decoy);
}

}  // namespace
}  // namespace pitwatch
