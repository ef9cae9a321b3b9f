#include "pipeline/incidents/tracker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace pitwatch {
namespace {

using std::chrono::days;
using testing::ElementsAre;
using testing::IsEmpty;

using Ground = std::vector<Run>;

const Grid grid{"EPSG:32638", {600000, 4500000}, 10, 12, 6};

/// A site drawn with letters: '.' stable, 'p' provisional, 'c' confirmed, 'r' recovering, 'w' open but weak.
class Site {
 public:
  explicit Site(TrackerOptions options = {3, 0.8, 365}) : tracker_("site", grid, options) {}

  /// `clear` is whether column x is seen.
  void observation(
      int day, const std::vector<std::string>& rows, const std::function<bool(int)>& clear = [](int) { return true; }) {
    Plane<std::uint8_t> probability(grid.width, grid.height);
    Plane<std::uint8_t> status(grid.width, grid.height);
    Plane<std::uint8_t> seen(grid.width, grid.height);
    Plane<std::uint8_t> detected(grid.width, grid.height);
    for (int y = 0; y < grid.height; ++y) {
      for (int x = 0; x < grid.width; ++x) {
        const std::string& row = rows[static_cast<std::size_t>(y)];
        const char c = row.empty() ? '.' : row[static_cast<std::size_t>(x)];
        probability.at(x, y) = c == '.' ? 0 : c == 'w' ? 120 : 240;
        status.at(x, y) = static_cast<std::uint8_t>(c == 'c'   ? AlertStatus::confirmed
                                                    : c == 'r' ? AlertStatus::recovering
                                                               : AlertStatus::provisional);
        seen.at(x, y) = clear(x) ? 1 : 0;
        detected.at(x, y) = clear(x) && c != '.' && c != 'r' ? 1 : 0;
      }
    }
    tracker_.update(incidents_, {start() + days(day), std::as_const(probability).view(), std::as_const(status).view(),
                                 std::as_const(seen).view(), std::as_const(detected).view()});
  }

  /// What was told of an incident, from an event on: "day event state pixels".
  std::vector<std::string> told(std::size_t incident, std::size_t from = 0) const {
    std::vector<std::string> lines;
    for (std::size_t i = from; i < incidents()[incident].events.size(); ++i) {
      const IncidentEvent& event = incidents()[incident].events[i];
      lines.push_back(std::to_string(std::chrono::duration_cast<days>(event.when - start()).count()) + " " +
                      std::string(name(event.kind)) + " " + std::string(name(event.status)) + " " +
                      std::to_string(event.pixels));
      EXPECT_EQ(event.pixels, pixels_of(event.runs));
    }
    return lines;
  }

  static Instant start() { return parse_instant("2022-06-01T07:44:00Z"); }
  const std::vector<Incident>& incidents() const { return incidents_; }

 private:
  IncidentTracker tracker_;
  std::vector<Incident> incidents_;
};

const std::vector<std::string> nothing(6, "............");

/// The site with some rows drawn, the first at the top.
std::vector<std::string> rows(std::vector<std::string> some) {
  some.resize(6, "............");
  return some;
}

TEST(IncidentTracker, KeepsItsIdWhileItGrows) {
  Site site;
  site.observation(0, nothing);
  EXPECT_TRUE(site.incidents().empty());
  site.observation(5, {"............", ".pp.........", ".p..........", "............", "............", "............"});
  ASSERT_EQ(site.incidents().size(), 1U);
  const std::string id = site.incidents()[0].id;
  site.observation(10,
                   {"............", ".ppp........", "pppp........", ".p..........", "............", "............"});
  site.observation(15,
                   {"............", ".ccc........", "cccc........", ".c..........", "............", "............"});
  ASSERT_EQ(site.incidents().size(), 1U);
  const Incident& incident = site.incidents()[0];
  EXPECT_EQ(incident.id, id);
  EXPECT_EQ(incident.first_detected, Site::start() + days(5));
  EXPECT_EQ(incident.confirmed_on, Site::start() + days(15));
  EXPECT_EQ(incident.status, AlertStatus::confirmed);
  EXPECT_EQ(incident.observations, 3);
  EXPECT_THAT(site.told(0),
              ElementsAre("5 first_detected provisional 3", "10 grew provisional 8", "15 confirmed confirmed 8"));
  EXPECT_NEAR(incident.confidence, 0.96, 1e-9);
}

TEST(IncidentTracker, SmallAndWeakPatchesAreNotReported) {
  Site site;
  site.observation(0, {"pp..........", "............", "......www...", "......www...", "............", "............"});
  EXPECT_TRUE(site.incidents().empty());
  site.observation(5, {"pp..........", "............", "......wpw...", "......www...", "............", "............"});
  ASSERT_EQ(site.incidents().size(), 1U);  // one strong pixel brings in the weak ones around
  EXPECT_EQ(site.incidents()[0].events.back().pixels, 6);
}

TEST(IncidentTracker, ClosesAndOpensAgainAsTheSame) {
  Site site;
  const std::vector<std::string> pit{"............", ".ppp........", ".ppp........",
                                     "............", "............", "............"};
  site.observation(0, pit);
  site.observation(5, nothing);
  ASSERT_EQ(site.incidents().size(), 1U);
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::closed);
  EXPECT_EQ(site.incidents()[0].closed_on, Site::start() + days(5));
  EXPECT_EQ(site.incidents()[0].runs.size(), 2U);  // its last ground stays on record
  site.observation(40, pit);
  ASSERT_EQ(site.incidents().size(), 1U);
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::provisional);
  EXPECT_FALSE(site.incidents()[0].closed_on);
  site.observation(45, nothing);
  site.observation(45 + 366, pit);  // too long after
  EXPECT_EQ(site.incidents().size(), 2U);
  EXPECT_NE(site.incidents()[0].id, site.incidents()[1].id);
}

TEST(IncidentTracker, MergingKeepsTheOldestAndNamesTheOthers) {
  Site site;
  site.observation(0, {"............", ".pp.........", ".pp.........", "............", "............", "............"});
  site.observation(5, {"............", ".pp...ppp...", ".pp...ppp...", "............", "............", "............"});
  ASSERT_EQ(site.incidents().size(), 2U);
  site.observation(10,
                   {"............", ".pppppppp...", ".pp...ppp...", "............", "............", "............"});
  ASSERT_EQ(site.incidents().size(), 2U);
  EXPECT_EQ(site.incidents()[0].parents, std::vector{site.incidents()[1].id});
  EXPECT_EQ(site.incidents()[1].merged_into, site.incidents()[0].id);
  EXPECT_EQ(site.incidents()[0].events.back().pixels, 13);
  EXPECT_TRUE(site.incidents()[0].merged_into.empty());
  EXPECT_THAT(site.told(0), ElementsAre("0 first_detected provisional 4", "10 grew provisional 13"));
  EXPECT_THAT(site.told(1), ElementsAre("5 first_detected provisional 6", "10 superseded superseded 6"));
}

TEST(IncidentTracker, SplittingKeepsTheIdWithTheLargerPart) {
  Site site;
  site.observation(0, {"............", ".pppppppp...", ".ppp..ppp...", "............", "............", "............"});
  const std::string id = site.incidents()[0].id;
  site.observation(5, {"............", ".pppp..pp...", ".ppp..pp....", "............", "............", "............"});
  ASSERT_EQ(site.incidents().size(), 2U);
  EXPECT_EQ(site.incidents()[0].id, id);
  EXPECT_EQ(site.incidents()[0].events.back().pixels, 7);
  EXPECT_EQ(site.incidents()[1].parents, std::vector{id});
  EXPECT_EQ(site.incidents()[1].first_detected, Site::start() + days(5));
}

TEST(IncidentTracker, CloudsDoNotCountAsObservations) {
  Site site;
  const std::vector<std::string> pit{"............", ".ppp........", ".ppp........",
                                     "............", "............", "............"};
  site.observation(0, pit);
  site.observation(5, pit, [](int) { return false; });
  EXPECT_EQ(site.incidents()[0].observations, 1);
  EXPECT_EQ(site.incidents()[0].last_observed, Site::start());
  EXPECT_EQ(site.incidents()[0].last_detected, Site::start());
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::provisional);
}

TEST(IncidentTracker, Recovers) {
  Site site;
  site.observation(0, {"............", ".ccc........", ".ccc........", "............", "............", "............"});
  site.observation(5, {"............", ".rrr........", ".rcc........", "............", "............", "............"});
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::recovering);
  EXPECT_EQ(site.incidents()[0].last_detected, Site::start() + days(5));
}

TEST(IncidentTracker, AChanceFindDoesNotLendItsDateToWhatComesAfter) {
  const std::vector<std::string> small{"............", ".ppp........", "............",
                                       "............", "............", "............"};
  const std::vector<std::string> large{"pppppppppp..", "pppppppppp..", "pppppppppp..",
                                       "............", "............", "............"};
  Site open;
  open.observation(0, small);
  open.observation(5, large);
  ASSERT_EQ(open.incidents().size(), 2U);
  EXPECT_EQ(open.incidents()[1].first_detected, Site::start() + days(5));
  EXPECT_EQ(open.incidents()[1].parents, std::vector<std::string>{open.incidents()[0].id});
  EXPECT_EQ(open.incidents()[0].merged_into, open.incidents()[1].id);

  Site closed;
  closed.observation(0, small);
  closed.observation(5, nothing);
  closed.observation(10, large);
  ASSERT_EQ(closed.incidents().size(), 2U);
  EXPECT_EQ(closed.incidents()[0].status, AlertStatus::closed);
  EXPECT_TRUE(closed.incidents()[0].merged_into.empty());

  Site confirmed;
  confirmed.observation(
      0, {"............", ".ccc........", "............", "............", "............", "............"});
  confirmed.observation(5, large);
  EXPECT_EQ(confirmed.incidents().size(), 1U);
}

// ---- who goes on ----

TEST(IncidentTracker, AConfirmedOneGoesOnBeforeAnOlderOne) {
  for (const char* state : {"c", "r"}) {
    Site site;
    const std::string pit(3, *state);
    site.observation(0, rows({"ppp........."}));
    site.observation(5, rows({"ppp.....ccc."}));
    site.observation(10, rows({"ppp.....ccc.", "........ccc."}));
    site.observation(15, rows({"ppp....." + pit + ".", "........" + pit + "."}));
    site.observation(20, rows({"pppppppp" + pit + ".", "........" + pit + "."}));
    ASSERT_EQ(site.incidents().size(), 2U);
    EXPECT_EQ(site.incidents()[0].status, AlertStatus::superseded);
    EXPECT_EQ(site.incidents()[0].merged_into, site.incidents()[1].id);
    EXPECT_FALSE(site.incidents()[0].closed_on);
    EXPECT_EQ(site.incidents()[1].parents, std::vector{site.incidents()[0].id});
    EXPECT_EQ(site.incidents()[1].first_detected, Site::start() + days(5));
    EXPECT_THAT(site.told(0), ElementsAre("0 first_detected provisional 3", "20 superseded superseded 3"));
    const Ground last_ground{{0, 0, 3}};
    EXPECT_EQ(site.incidents()[0].runs, last_ground);
    EXPECT_EQ(site.incidents()[1].events.back().pixels, 14);
  }
}

/// A pit that closed ten months before, on the edge of what another, confirmed, grows into.
Site with_a_closed_neighbour() {
  Site site;
  site.observation(0, rows({"ccccc......."}));
  site.observation(5, nothing);
  site.observation(300, rows({"........cccc"}));
  site.observation(305, rows({".cccccccpppp"}));
  return site;
}

TEST(IncidentTracker, ARecordThatHadEndedIsNotSwallowedAndDoesNotLendItsDate) {
  const Site site = with_a_closed_neighbour();
  ASSERT_EQ(site.incidents().size(), 2U);
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::closed);
  EXPECT_EQ(site.incidents()[0].closed_on, Site::start() + days(5));
  EXPECT_EQ(site.incidents()[0].merged_into, "");
  EXPECT_THAT(site.told(0),
              ElementsAre("0 first_detected provisional 5", "0 confirmed confirmed 5", "5 closed closed 5"));
  EXPECT_EQ(site.incidents()[1].status, AlertStatus::confirmed);
  EXPECT_EQ(site.incidents()[1].first_detected, Site::start() + days(300));
  EXPECT_THAT(site.incidents()[1].parents, IsEmpty());
  EXPECT_THAT(site.told(1),
              ElementsAre("300 first_detected provisional 4", "300 confirmed confirmed 4", "305 grew confirmed 11"));
}

TEST(IncidentTracker, AnOpenOneGoesOnBeforeAnOlderThatClosed) {
  Site site;
  site.observation(0, rows({"cccc........"}));
  site.observation(5, nothing);
  site.observation(10, rows({".......pppp."}));
  site.observation(15, rows({"ppppppppppp."}));  // a share that either could go on in
  ASSERT_EQ(site.incidents().size(), 2U);
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::closed);
  EXPECT_EQ(site.incidents()[1].status, AlertStatus::provisional);
  EXPECT_THAT(site.told(1), ElementsAre("10 first_detected provisional 4", "15 grew provisional 11"));
}

TEST(IncidentTracker, OfSeveralThatClosedTheOldestOpensAgain) {
  Site site;
  site.observation(0, rows({"........ppp."}));
  site.observation(1, rows({"ppp.....ppp."}));
  site.observation(5, nothing);
  site.observation(10, rows({"ppppppppppp."}));
  ASSERT_EQ(site.incidents().size(), 2U);
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::provisional);
  EXPECT_THAT(site.incidents()[0].parents, IsEmpty());
  EXPECT_EQ(site.incidents()[1].status, AlertStatus::closed);
  EXPECT_EQ(site.incidents()[1].closed_on, Site::start() + days(5));
}

TEST(IncidentTracker, TheOldestGoesOnWhereverItIsInTheList) {
  // Both are open and seen at once: then the id decides, not the place.
  Site site;
  site.observation(0, rows({"ppp.....ppp."}));
  site.observation(5, rows({"ppppppppppp."}));
  const bool first = site.incidents()[0].id < site.incidents()[1].id;
  EXPECT_EQ(site.incidents()[0].status, first ? AlertStatus::provisional : AlertStatus::superseded);
  EXPECT_EQ(site.incidents()[1].status, first ? AlertStatus::superseded : AlertStatus::provisional);
}

TEST(IncidentTracker, AClosedOneThatGoesOnTakesASmallOpenOneWithIt) {
  Site site;
  site.observation(0, rows({"ppppppppp..."}));
  site.observation(5, nothing);
  site.observation(10, rows({"", "", "ppp........."}));
  site.observation(15, rows({"ppppppppppp.", "pp..........", "ppp........."}));
  ASSERT_EQ(site.incidents().size(), 2U);
  EXPECT_THAT(site.told(0, 1), ElementsAre("5 closed closed 9", "15 reopened provisional 16"));
  EXPECT_THAT(site.told(1, 1), ElementsAre("15 superseded superseded 3"));
  EXPECT_EQ(site.incidents()[0].parents, std::vector{site.incidents()[1].id});
}

TEST(IncidentTracker, AQuarterOfAPatchIsEnoughToGoOnInIt) {
  Site enough;
  enough.observation(0, rows({"ppp........."}));
  enough.observation(5, rows({"pppppppppppp"}));
  EXPECT_EQ(enough.incidents().size(), 1U);
  Site less;
  less.observation(0, rows({"ppp........."}));
  less.observation(5, rows({"pppppppppppp", "p..........."}));
  ASSERT_EQ(less.incidents().size(), 2U);
  EXPECT_EQ(less.incidents()[0].status, AlertStatus::superseded);
}

// ---- whose ground it is ----

TEST(IncidentTracker, OpenGroundIsTheOpenOnesBeforeItWasAClosedOnes) {
  Site site = with_a_closed_neighbour();  // the first, closed, has pixels 0 to 5; the other, open, 1 to 12
  site.observation(310, rows({".cccc......."}));
  ASSERT_EQ(site.incidents().size(), 2U);
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::closed);
  EXPECT_THAT(site.told(1, 3), ElementsAre("310 shrank confirmed 4"));
}

TEST(IncidentTracker, ClosedGroundIsTheOnesThatClosedLast) {
  // The later in the list closed first.
  Site site;
  site.observation(0, rows({"cccc........"}));
  site.observation(5, rows({"cccc....ppp."}));
  site.observation(10, rows({"cccc........"}));
  site.observation(15, rows({"ccccppppppp."}));
  site.observation(20, nothing);
  site.observation(25, rows({"........ppp."}));
  ASSERT_EQ(site.incidents().size(), 2U);
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::provisional);
  EXPECT_EQ(site.incidents()[1].status, AlertStatus::closed);

  // And the other way round.
  Site other = with_a_closed_neighbour();
  other.observation(310, nothing);
  other.observation(315, rows({".ppp........"}));
  EXPECT_EQ(other.incidents()[0].status, AlertStatus::closed);
  EXPECT_EQ(other.incidents()[1].status, AlertStatus::provisional);
}

TEST(IncidentTracker, GroundOpensAgainAsTheSameUpToTheLastDay) {
  const std::vector<std::string> pit = rows({"ppp........."});
  Site site;  // of 365 days
  site.observation(0, pit);
  site.observation(5, nothing);
  site.observation(5 + 365, pit);
  EXPECT_EQ(site.incidents().size(), 1U);
  site.observation(400, nothing);
  site.observation(400 + 366, pit);
  ASSERT_EQ(site.incidents().size(), 2U);
  EXPECT_THAT(site.incidents()[1].parents, IsEmpty());
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::closed);
}

TEST(IncidentTracker, OneThatEndedInAnotherHasNoClaim) {
  Site site;
  site.observation(0, rows({"ppp.....pppp"}));
  site.observation(5, rows({"pppppppppppp"}));
  const std::size_t ended = site.incidents()[0].status == AlertStatus::superseded ? 0 : 1;
  site.observation(10, nothing);
  site.observation(15, ended == 0 ? rows({"ppp........."}) : rows({"........pppp"}));
  ASSERT_EQ(site.incidents().size(), 2U);
  EXPECT_EQ(site.incidents()[ended].status, AlertStatus::superseded);
  EXPECT_EQ(site.incidents()[1 - ended].status, AlertStatus::provisional);
}

// ---- parts ----

TEST(IncidentTracker, OfEqualPartsTheFirstKeepsTheId) {
  Site site;
  site.observation(0, rows({"ppppppppp..."}));
  site.observation(5, rows({"pppp.pppp..."}));
  ASSERT_EQ(site.incidents().size(), 2U);
  const Ground left{{0, 0, 4}};
  EXPECT_EQ(site.incidents()[0].runs, left);
  EXPECT_THAT(site.told(0), ElementsAre("0 first_detected provisional 9", "5 shrank provisional 4"));
  EXPECT_THAT(site.told(1), ElementsAre("5 first_detected provisional 4"));
}

TEST(IncidentTracker, TheLargerPartMayComeLater) {
  Site site;
  site.observation(0, rows({"ppppppppp..."}));
  site.observation(5, rows({"ppp.ppppp..."}));
  const Ground right{{0, 4, 9}};
  EXPECT_EQ(site.incidents()[0].runs, right);
}

TEST(IncidentTracker, APartThatTakesItsOriginOverNamesItOnce) {
  Site site;
  site.observation(0, rows({"ppppppp.ppp."}));
  site.observation(5, rows({"pppp.pp.ppp."}));   // the second part is too small to be one
  site.observation(10, rows({"ppppppp.ppp."}));  // and is back
  site.observation(15, rows({"pppp.ccc.ppp"}));
  ASSERT_EQ(site.incidents().size(), 3U);
  EXPECT_EQ(site.incidents()[2].parents, std::vector{site.incidents()[0].id});
  site.observation(20, rows({"pppppccc.ppp"}));
  EXPECT_EQ(site.incidents()[0].merged_into, site.incidents()[2].id);
  EXPECT_EQ(site.incidents()[2].parents, std::vector{site.incidents()[0].id});
}

TEST(IncidentTracker, NothingIsSplitOffFromWhatStaysClosed) {
  Site site;
  site.observation(0, rows({"ppppppppppp."}));
  site.observation(5, nothing);
  site.observation(10, rows({"", "", "pppppppppppp", "pppppppppppp"}));
  // The larger part of the closed one's ground is a small part of a patch.
  site.observation(15, rows({"ppp.ppp.....", "pp..........", "pppppppppppp", "pppppppppppp"}));
  ASSERT_EQ(site.incidents().size(), 3U);
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::closed);
  EXPECT_THAT(site.incidents()[1].parents, IsEmpty());
  EXPECT_THAT(site.incidents()[2].parents, IsEmpty());
}

TEST(IncidentTracker, APartOfWhatOpensAgainIsOfIt) {
  Site site;
  site.observation(0, rows({"ppppppppppp."}));
  site.observation(5, nothing);
  site.observation(10, rows({"pppp.ppp...."}));
  ASSERT_EQ(site.incidents().size(), 2U);
  EXPECT_THAT(site.told(0, 1), ElementsAre("5 closed closed 11", "10 reopened provisional 4"));
  EXPECT_EQ(site.incidents()[1].parents, std::vector{site.incidents()[0].id});
}

TEST(IncidentTracker, APartWhoseOriginEndsInTheSameObservationIsOfIt) {
  Site site;
  site.observation(0, rows({"pppppppp...."}));
  site.observation(5, rows({"pppppppp....", "", "cccccccccccc"}));
  site.observation(10, rows({"pppp.ppp....", "pp..........", "cccccccccccc"}));
  ASSERT_EQ(site.incidents().size(), 3U);
  EXPECT_EQ(site.incidents()[0].merged_into, site.incidents()[1].id);
  EXPECT_EQ(site.incidents()[2].parents, std::vector{site.incidents()[0].id});
}

TEST(IncidentTracker, WhatIsLeftOfItCanBeTooSmall) {
  Site site;
  site.observation(0, rows({"ppp........."}));
  site.observation(5, rows({"pp.........."}));
  EXPECT_THAT(site.told(0), ElementsAre("0 first_detected provisional 3", "5 closed closed 3"));
}

// ---- its state and its events ----

TEST(IncidentTracker, IsConfirmedByAsManyPixelsAsAreReported) {
  Site site;
  site.observation(0, rows({"ccpppp......"}));
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::provisional);
  site.observation(5, rows({"crrppp......"}));  // recovering ones were confirmed
  EXPECT_THAT(site.told(0), ElementsAre("0 first_detected provisional 6", "5 confirmed confirmed 6"));
}

TEST(IncidentTracker, RecoversByMoreThanHalfAndIsDisturbedAgain) {
  Site site;
  site.observation(0, rows({"cccccc......"}));
  site.observation(5, rows({"rrrccc......"}));
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::confirmed);
  site.observation(10, rows({"rrrrcc......"}));
  site.observation(15, rows({"rrrccc......"}));
  EXPECT_THAT(site.told(0, 2), ElementsAre("10 recovering recovering 6", "15 confirmed confirmed 6"));
  EXPECT_EQ(site.incidents()[0].confirmed_on, Site::start());
}

TEST(IncidentTracker, AnEpisodeAfterReopeningIsConfirmedAnew) {
  Site site;
  site.observation(0, rows({"cccc........"}));
  site.observation(5, nothing);
  EXPECT_EQ(site.incidents()[0].confirmed_on, Site::start());
  site.observation(10, rows({".ppppp......"}));
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::provisional);
  EXPECT_FALSE(site.incidents()[0].confirmed_on);
  EXPECT_FALSE(site.incidents()[0].closed_on);
  site.observation(15, rows({".ccccc......"}));
  EXPECT_EQ(site.incidents()[0].confirmed_on, Site::start() + days(15));
  site.observation(20, nothing);
  EXPECT_EQ(site.incidents()[0].closed_on, Site::start() + days(20));
  EXPECT_THAT(site.told(0),
              ElementsAre("0 first_detected provisional 4", "0 confirmed confirmed 4", "5 closed closed 4",
                          "10 reopened provisional 5", "15 confirmed confirmed 5", "20 closed closed 5"));
  EXPECT_EQ(site.incidents()[0].observations, 3);  // from the first detection on
  EXPECT_EQ(site.incidents()[0].first_detected, Site::start());
}

TEST(IncidentTracker, OnOtherGroundOfTheSameSizeItMoved) {
  Site site;
  site.observation(0, rows({"pppp........"}));
  site.observation(5, rows({"pppp........"}));
  site.observation(10, rows({".pppp......."}));
  EXPECT_THAT(site.told(0), ElementsAre("0 first_detected provisional 4", "10 moved provisional 4"));
  const Ground before{{0, 0, 4}};
  const Ground after{{0, 1, 5}};
  EXPECT_EQ(site.incidents()[0].events[0].runs, before);
  EXPECT_EQ(site.incidents()[0].events[1].runs, after);
}

TEST(IncidentTracker, EventsHaveTheConfidenceOfTheirObservation) {
  Site site;
  site.observation(0, rows({"pppp........"}));
  site.observation(5, rows({"ppppwwww...."}));
  site.observation(10, nothing);
  std::vector<double> confidence;
  for (const IncidentEvent& event : site.incidents()[0].events) confidence.push_back(event.confidence);
  EXPECT_THAT(confidence, ElementsAre(testing::DoubleEq(0.96), testing::DoubleEq(0.72), testing::DoubleEq(0.72)));
}

TEST(IncidentTracker, AObservationCountsThatSeesHalfOfItOrTheDisturbance) {
  Site site;
  site.observation(0, rows({"rrrr........"}));  // not detected by the observation itself
  EXPECT_EQ(site.incidents()[0].observations, 1);
  site.observation(5, rows({"rrrr........"}), [](int x) { return x < 2; });
  EXPECT_EQ(site.incidents()[0].observations, 2);
  EXPECT_EQ(site.incidents()[0].last_observed, Site::start() + days(5));
  EXPECT_EQ(site.incidents()[0].last_detected, Site::start());
  site.observation(10, rows({"rrrr........"}), [](int x) { return x < 1; });
  EXPECT_EQ(site.incidents()[0].observations, 2);
  EXPECT_EQ(site.incidents()[0].last_observed, Site::start() + days(5));
  site.observation(15, rows({"prrr........"}), [](int x) { return x < 1; });
  EXPECT_EQ(site.incidents()[0].observations, 3);
  EXPECT_EQ(site.incidents()[0].last_detected, Site::start() + days(15));
}

/// With something beside its record.
struct MarkedIncident : Incident {
  int mark = 0;
};

TEST(IncidentTracker, WhatIsBesideAnIncidentStaysWithIt) {
  const IncidentTracker tracker("site", grid, {1, 0.5, 365});
  Plane<std::uint8_t> open(grid.width, grid.height);
  for (int y = 0; y < grid.height; ++y) std::fill_n(open.row(y), grid.width, std::uint8_t{0});
  std::vector<MarkedIncident> incidents;
  int next = 0;
  for (const int x : {5, 1, 9}) {
    open.at(x, 2) = 200;
    const auto view = std::as_const(open).view();
    tracker.update(incidents, {Site::start() + days(next), view, view, view, view});
    incidents.back().mark = ++next;
  }
  ASSERT_EQ(incidents.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(incidents[i].mark, static_cast<int>(i) + 1);
    EXPECT_EQ(incidents[i].first_detected, Site::start() + days(i));
    EXPECT_EQ(incidents[i].events.size(), 1U);
  }
}

/// The id of a pit of one pixel in the grid.
std::string id_of(const std::string& name, const Grid& where, Instant when, int x = 3, int y = 2) {
  const IncidentTracker tracker(name, where, {1, 0.5, 365});
  Plane<std::uint8_t> plane(12, 6);
  for (int row = 0; row < 6; ++row) std::fill_n(plane.row(row), 12, std::uint8_t{0});
  plane.at(x, y) = 200;
  const auto view = std::as_const(plane).view();
  std::vector<Incident> incidents;
  tracker.update(incidents, {when, view, view, view, view});
  return incidents.at(0).id;
}

TEST(IncidentTracker, IdsAreOfSitePlaceAndTime) {
  const std::string id = id_of("site", grid, Site::start());
  EXPECT_EQ(id.size(), 15U);
  EXPECT_EQ(id, id_of("site", grid, Site::start()));
  EXPECT_NE(id, id_of("other", grid, Site::start()));
  EXPECT_NE(id, id_of("site", grid, Site::start() + days(1)));
  EXPECT_NE(id, id_of("site", grid, Site::start(), 4, 2));
  EXPECT_NE(id, id_of("site", grid, Site::start(), 3, 3));
  Grid of_another_zone = grid;
  of_another_zone.crs = "EPSG:32639";
  EXPECT_NE(id, id_of("site", of_another_zone, Site::start()));
}

TEST(IncidentTracker, IdsAreOfThePlaceWhereverItLiesInTheGrid) {
  Grid beside = grid;
  beside.origin.x += 10;
  beside.origin.y -= 20;
  EXPECT_EQ(id_of("site", grid, Site::start(), 3, 2), id_of("site", beside, Site::start(), 2, 0));
  EXPECT_NE(id_of("site", grid, Site::start(), 3, 2), id_of("site", beside, Site::start(), 3, 2));
}

TEST(IncidentTracker, APatchIsReportedFromTheHighProbabilityOnWithAllThatIsOpenBesideIt) {
  const auto reported = [](std::uint8_t highest, std::uint8_t beside) {
    const IncidentTracker tracker("site", grid, {3, 0.8, 365});  // of 250: 200
    Plane<std::uint8_t> open(grid.width, grid.height);
    for (int y = 0; y < grid.height; ++y) std::fill_n(open.row(y), grid.width, std::uint8_t{0});
    open.at(4, 2) = highest;
    for (const int x : {5, 6}) open.at(x, 2) = beside;
    const auto view = std::as_const(open).view();
    std::vector<Incident> incidents;
    tracker.update(incidents, {Site::start(), view, view, view, view});
    return incidents.empty() ? 0 : pixels_of(incidents.front().runs);
  };
  EXPECT_EQ(reported(200, 100), 3);
  EXPECT_EQ(reported(200, 1), 3);
  EXPECT_EQ(reported(199, 100), 0);
  EXPECT_EQ(reported(200, 0), 0);  // too small
}

}  // namespace
}  // namespace pitwatch
