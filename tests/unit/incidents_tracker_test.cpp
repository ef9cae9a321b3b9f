#include "pipeline/incidents/tracker.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace pitwatch {
namespace {

using std::chrono::days;

const Grid grid{"EPSG:32638", {600000, 4500000}, 10, 12, 6};

/// A site drawn with letters: '.' stable, 'p' provisional, 'c' confirmed, 'r' recovering, 'w' open but weak.
class Site {
 public:
  explicit Site(TrackerOptions options = {3, 0.8, 365}) : tracker_("site", grid, options) {}

  void look(int day, const std::vector<std::string>& rows, bool clear = true) {
    Plane<std::uint8_t> probability(grid.width, grid.height);
    Plane<std::uint8_t> status(grid.width, grid.height);
    Plane<std::uint8_t> seen(grid.width, grid.height);
    Plane<std::uint8_t> detected(grid.width, grid.height);
    for (int y = 0; y < grid.height; ++y) {
      for (int x = 0; x < grid.width; ++x) {
        const char c = rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)];
        probability.at(x, y) = c == '.' ? 0 : c == 'w' ? 120 : 240;
        status.at(x, y) = static_cast<std::uint8_t>(c == 'c'   ? AlertStatus::confirmed
                                                    : c == 'r' ? AlertStatus::recovering
                                                               : AlertStatus::provisional);
        seen.at(x, y) = clear ? 1 : 0;
        detected.at(x, y) = clear && c != '.' && c != 'r' ? 1 : 0;
      }
    }
    tracker_.update({start() + days(day), std::as_const(probability).view(), std::as_const(status).view(),
                     std::as_const(seen).view(), std::as_const(detected).view()});
  }

  static Instant start() { return parse_instant("2022-06-01T07:44:00Z"); }
  const std::vector<Incident>& incidents() const { return tracker_.incidents(); }

 private:
  IncidentTracker tracker_;
};

const std::vector<std::string> nothing(6, "............");

TEST(IncidentTracker, KeepsItsIdWhileItGrows) {
  Site site;
  site.look(0, nothing);
  EXPECT_TRUE(site.incidents().empty());
  site.look(5, {"............", ".pp.........", ".p..........", "............", "............", "............"});
  ASSERT_EQ(site.incidents().size(), 1U);
  const std::string id = site.incidents()[0].id;
  site.look(10, {"............", ".ppp........", "pppp........", ".p..........", "............", "............"});
  site.look(15, {"............", ".ccc........", "cccc........", ".c..........", "............", "............"});
  ASSERT_EQ(site.incidents().size(), 1U);
  const Incident& incident = site.incidents()[0];
  EXPECT_EQ(incident.id, id);
  EXPECT_EQ(incident.first_detected, Site::start() + days(5));
  EXPECT_EQ(incident.confirmed_on, Site::start() + days(15));
  EXPECT_EQ(incident.status, AlertStatus::confirmed);
  EXPECT_EQ(incident.observations, 3);
  const std::vector<std::pair<Instant, std::int64_t>> growth{{Site::start() + days(5), 3},
                                                             {Site::start() + days(10), 8}};
  EXPECT_EQ(incident.growth, growth);
  EXPECT_NEAR(incident.confidence, 0.96, 1e-9);
}

TEST(IncidentTracker, SmallAndWeakPatchesAreNotReported) {
  Site site;
  site.look(0, {"pp..........", "............", "......www...", "......www...", "............", "............"});
  EXPECT_TRUE(site.incidents().empty());
  site.look(5, {"pp..........", "............", "......wpw...", "......www...", "............", "............"});
  ASSERT_EQ(site.incidents().size(), 1U);  // one strong pixel brings in the weak ones around
  EXPECT_EQ(site.incidents()[0].events.back().pixels, 6);
}

TEST(IncidentTracker, ClosesAndOpensAgainAsTheSame) {
  Site site;
  const std::vector<std::string> pit{"............", ".ppp........", ".ppp........",
                                     "............", "............", "............"};
  site.look(0, pit);
  site.look(5, nothing);
  ASSERT_EQ(site.incidents().size(), 1U);
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::closed);
  EXPECT_EQ(site.incidents()[0].closed_on, Site::start() + days(5));
  EXPECT_EQ(site.incidents()[0].runs.size(), 2U);  // its last ground stays on record
  site.look(40, pit);
  ASSERT_EQ(site.incidents().size(), 1U);
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::provisional);
  EXPECT_FALSE(site.incidents()[0].closed_on);
  site.look(45, nothing);
  site.look(45 + 366, pit);  // too long after
  EXPECT_EQ(site.incidents().size(), 2U);
  EXPECT_NE(site.incidents()[0].id, site.incidents()[1].id);
}

TEST(IncidentTracker, MergingKeepsTheOldestAndNamesTheOthers) {
  Site site;
  site.look(0, {"............", ".pp.........", ".pp.........", "............", "............", "............"});
  site.look(5, {"............", ".pp...ppp...", ".pp...ppp...", "............", "............", "............"});
  ASSERT_EQ(site.incidents().size(), 2U);
  site.look(10, {"............", ".pppppppp...", ".pp...ppp...", "............", "............", "............"});
  ASSERT_EQ(site.incidents().size(), 2U);
  EXPECT_EQ(site.incidents()[0].parents, std::vector{site.incidents()[1].id});
  EXPECT_EQ(site.incidents()[1].merged_into, site.incidents()[0].id);
  EXPECT_EQ(site.incidents()[0].events.back().pixels, 13);
  EXPECT_TRUE(site.incidents()[0].merged_into.empty());
}

TEST(IncidentTracker, SplittingKeepsTheIdWithTheLargerPart) {
  Site site;
  site.look(0, {"............", ".pppppppp...", ".ppp..ppp...", "............", "............", "............"});
  const std::string id = site.incidents()[0].id;
  site.look(5, {"............", ".pppp..pp...", ".ppp..pp....", "............", "............", "............"});
  ASSERT_EQ(site.incidents().size(), 2U);
  EXPECT_EQ(site.incidents()[0].id, id);
  EXPECT_EQ(site.incidents()[0].events.back().pixels, 7);
  EXPECT_EQ(site.incidents()[1].parents, std::vector{id});
  EXPECT_EQ(site.incidents()[1].first_detected, Site::start() + days(5));
}

TEST(IncidentTracker, CloudsDoNotCountAsLooks) {
  Site site;
  const std::vector<std::string> pit{"............", ".ppp........", ".ppp........",
                                     "............", "............", "............"};
  site.look(0, pit);
  site.look(5, pit, false);
  EXPECT_EQ(site.incidents()[0].observations, 1);
  EXPECT_EQ(site.incidents()[0].last_observed, Site::start());
  EXPECT_EQ(site.incidents()[0].last_detected, Site::start());
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::provisional);
}

TEST(IncidentTracker, Recovers) {
  Site site;
  site.look(0, {"............", ".ccc........", ".ccc........", "............", "............", "............"});
  site.look(5, {"............", ".rrr........", ".rcc........", "............", "............", "............"});
  EXPECT_EQ(site.incidents()[0].status, AlertStatus::recovering);
  EXPECT_EQ(site.incidents()[0].last_detected, Site::start() + days(5));
}

TEST(IncidentTracker, AChanceFindDoesNotLendItsDateToWhatComesAfter) {
  const std::vector<std::string> small{"............", ".ppp........", "............",
                                       "............", "............", "............"};
  const std::vector<std::string> large{"pppppppppp..", "pppppppppp..", "pppppppppp..",
                                       "............", "............", "............"};
  Site open;
  open.look(0, small);
  open.look(5, large);
  ASSERT_EQ(open.incidents().size(), 2U);
  EXPECT_EQ(open.incidents()[1].first_detected, Site::start() + days(5));
  EXPECT_EQ(open.incidents()[1].parents, std::vector<std::string>{open.incidents()[0].id});
  EXPECT_EQ(open.incidents()[0].merged_into, open.incidents()[1].id);

  Site closed;
  closed.look(0, small);
  closed.look(5, nothing);
  closed.look(10, large);
  ASSERT_EQ(closed.incidents().size(), 2U);
  EXPECT_EQ(closed.incidents()[0].status, AlertStatus::closed);
  EXPECT_TRUE(closed.incidents()[0].merged_into.empty());

  Site confirmed;
  confirmed.look(0, {"............", ".ccc........", "............", "............", "............", "............"});
  confirmed.look(5, large);
  EXPECT_EQ(confirmed.incidents().size(), 1U);
}

TEST(CalibratedConfidence, FollowsTheStateOfTheIncident) {
  Incident incident;
  incident.confidence = 0.9;
  incident.status = AlertStatus::confirmed;
  const double open = calibrated_confidence(incident);
  incident.status = AlertStatus::recovering;
  const double recovering = calibrated_confidence(incident);
  incident.status = AlertStatus::closed;
  const double closed = calibrated_confidence(incident);
  EXPECT_LT(open, 0.9);
  EXPECT_LT(recovering, open);
  EXPECT_LT(closed, recovering);
  EXPECT_GT(closed, 0);
}

}  // namespace
}  // namespace pitwatch
