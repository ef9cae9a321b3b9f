#include "pipeline/incidents/lifecycle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace pitwatch {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto provisional = AlertStatus::provisional;
constexpr auto confirmed = AlertStatus::confirmed;
constexpr auto recovering = AlertStatus::recovering;
constexpr auto closed = AlertStatus::closed;
constexpr auto superseded = AlertStatus::superseded;

const Instant start = parse_instant("2022-06-01T07:44:00Z");

/// "event state" of each step; 5 pixels confirm.
std::vector<std::string> steps(std::optional<AlertStatus> present, const IncidentSight& sight) {
  std::vector<std::string> result;
  for (const IncidentStep& step : steps_of(present, sight, 5)) {
    result.push_back(std::string(name(step.kind)) + " " + std::string(name(step.status)));
  }
  return result;
}

IncidentSight same(std::int64_t pixels, std::int64_t confirmed_pixels, std::int64_t recovering_pixels = 0) {
  return {pixels, confirmed_pixels, recovering_pixels, pixels, true, {}};
}

TEST(IncidentLifecycle, BeginsAsProvisionalAndIsConfirmedByItsPixels) {
  EXPECT_THAT(steps({}, same(8, 0)), ElementsAre("first_detected provisional"));
  EXPECT_THAT(steps({}, same(8, 4)), ElementsAre("first_detected provisional"));
  EXPECT_THAT(steps({}, same(8, 5)), ElementsAre("first_detected provisional", "confirmed confirmed"));
  EXPECT_THAT(steps(provisional, same(8, 4)), IsEmpty());
  EXPECT_THAT(steps(provisional, same(8, 5)), ElementsAre("confirmed confirmed"));
  EXPECT_THAT(steps(confirmed, same(8, 0)), IsEmpty());  // it was confirmed, whatever joins it
}

TEST(IncidentLifecycle, RecoversWhereMoreThanHalfOfItDoes) {
  EXPECT_THAT(steps(confirmed, same(8, 8, 4)), IsEmpty());
  EXPECT_THAT(steps(confirmed, same(8, 8, 5)), ElementsAre("recovering recovering"));
  EXPECT_THAT(steps(confirmed, same(9, 9, 4)), IsEmpty());
  EXPECT_THAT(steps(confirmed, same(9, 9, 5)), ElementsAre("recovering recovering"));
  EXPECT_THAT(steps(recovering, same(8, 8, 5)), IsEmpty());
  EXPECT_THAT(steps(recovering, same(8, 8, 4)), ElementsAre("confirmed confirmed"));
  EXPECT_THAT(steps(provisional, same(6, 4, 4)), IsEmpty());  // what was never confirmed does not recover
  EXPECT_THAT(steps(provisional, same(8, 5, 5)), ElementsAre("confirmed confirmed", "recovering recovering"));
  EXPECT_THAT(steps({}, same(8, 5, 5)),
              ElementsAre("first_detected provisional", "confirmed confirmed", "recovering recovering"));
}

TEST(IncidentLifecycle, TellsOfItsGroundBeforeItsState) {
  EXPECT_THAT(steps(provisional, {8, 0, 0, 7, false, {}}), ElementsAre("grew provisional"));
  EXPECT_THAT(steps(provisional, {8, 5, 0, 7, false, {}}), ElementsAre("grew provisional", "confirmed confirmed"));
  EXPECT_THAT(steps(confirmed, {8, 8, 5, 9, false, {}}), ElementsAre("shrank confirmed", "recovering recovering"));
  EXPECT_THAT(steps(recovering, {8, 8, 0, 8, false, {}}), ElementsAre("moved recovering", "confirmed confirmed"));
  EXPECT_THAT(steps(recovering, {8, 8, 8, 8, true, {}}), IsEmpty());
}

TEST(IncidentLifecycle, ClosesWithoutOpenGroundAndEndsWhereAnotherGoesOn) {
  for (const AlertStatus open : {provisional, confirmed, recovering}) {
    EXPECT_THAT(steps(open, {}), ElementsAre("closed closed"));
    EXPECT_THAT(steps(open, {.taken_over_by = "PW-1"}), ElementsAre("superseded superseded"));
    EXPECT_THAT(steps(open, {9, 9, 9, 3, false, "PW-1"}), ElementsAre("superseded superseded"));
  }
}

TEST(IncidentLifecycle, AClosedOneStaysSoUntilItsGroundOpens) {
  EXPECT_THAT(steps(closed, {}), IsEmpty());
  EXPECT_THAT(steps(closed, {.taken_over_by = "PW-1"}), IsEmpty());
  EXPECT_THAT(steps(closed, {9, 9, 0, 3, false, "PW-1"}), IsEmpty());
  EXPECT_THAT(steps(closed, {9, 0, 0, 3, false, {}}), ElementsAre("reopened provisional"));  // without `grew`
  EXPECT_THAT(steps(closed, same(9, 5)), ElementsAre("reopened provisional", "confirmed confirmed"));
  EXPECT_THAT(steps(closed, same(9, 5, 5)),
              ElementsAre("reopened provisional", "confirmed confirmed", "recovering recovering"));
}

TEST(IncidentLifecycle, NothingLeadsOutOfSuperseded) {
  EXPECT_THAT(steps(superseded, {}), IsEmpty());
  EXPECT_THAT(steps(superseded, same(9, 9)), IsEmpty());
  EXPECT_THAT(steps(superseded, {9, 9, 9, 3, false, "PW-1"}), IsEmpty());
}

TEST(IncidentLifecycle, KnowsWhatIsOpenAndWhatIsConfirmed) {
  EXPECT_TRUE(is_open(provisional) && is_open(confirmed) && is_open(recovering));
  EXPECT_FALSE(is_open(closed) || is_open(superseded) || is_open(AlertStatus::not_watched));
  EXPECT_TRUE(is_confirmed(confirmed) && is_confirmed(recovering));
  EXPECT_FALSE(is_confirmed(provisional) || is_confirmed(closed) || is_confirmed(superseded));
}

TEST(IncidentLifecycle, ClaimsAreOpenOnesAndThoseClosedNotTooLongAgo) {
  Incident incident;
  for (const AlertStatus open : {provisional, confirmed, recovering}) {
    incident.status = open;
    EXPECT_TRUE(has_claim(incident, start, 0));
  }
  incident.status = superseded;
  EXPECT_FALSE(has_claim(incident, start, 10000));
  incident.status = closed;
  incident.closed_on = start;
  EXPECT_TRUE(has_claim(incident, start + days(730), 730));
  EXPECT_FALSE(has_claim(incident, start + days(730) + milliseconds(1), 730));
}

TEST(IncidentLifecycle, AnUnconfirmedOneGoesOnInAQuarterOfAPatchOrMore) {
  for (const AlertStatus status : {provisional, closed, superseded}) {
    EXPECT_TRUE(can_go_on(status, 5, 20, 0.25));
    EXPECT_FALSE(can_go_on(status, 4, 20, 0.25));
    EXPECT_FALSE(can_go_on(status, 5, 21, 0.25));
  }
  EXPECT_TRUE(can_go_on(confirmed, 1, 1000, 0.25));
  EXPECT_TRUE(can_go_on(recovering, 1, 1000, 0.25));
}

Incident ranked(const std::string& id, AlertStatus status, int day) {
  Incident incident;
  incident.id = id;
  incident.status = status;
  incident.first_detected = start + days(day);
  return incident;
}

TEST(IncidentLifecycle, ConfirmedOutranksOpenOutranksOlder) {
  const std::vector<Incident> by_rank{
      ranked("c", confirmed, 8),   ranked("b", recovering, 9),  ranked("d", confirmed, 9), ranked("f", provisional, 6),
      ranked("e", provisional, 7), ranked("g", provisional, 7), ranked("a", closed, 0),    ranked("h", closed, 0)};
  for (std::size_t i = 0; i < by_rank.size(); ++i) {
    for (std::size_t j = 0; j < by_rank.size(); ++j) {
      EXPECT_EQ(outranks(by_rank[i], by_rank[j]), i < j) << by_rank[i].id << by_rank[j].id;
    }
  }
}

TEST(IncidentRecord, HasWhatGoesWithEachStep) {
  Incident incident;
  incident.runs = {{1, 2, 5}, {2, 2, 4}};
  incident.confidence = 0.7;
  put_on_record(incident, steps_of({}, same(5, 5), 5), start);
  EXPECT_EQ(incident.status, confirmed);
  EXPECT_EQ(incident.confirmed_on, start);
  EXPECT_THAT(incident.events,
              ElementsAre(IncidentEvent{start, AlertEventKind::first_detected, provisional, 0.7, 5, incident.runs},
                          IncidentEvent{start, AlertEventKind::confirmed, confirmed, 0.7, 5, incident.runs}));

  put_on_record(incident, steps_of(confirmed, same(5, 5, 3), 5), start + days(1));
  EXPECT_EQ(incident.status, recovering);
  put_on_record(incident, steps_of(recovering, same(5, 5, 2), 5), start + days(2));
  EXPECT_EQ(incident.status, confirmed);
  EXPECT_EQ(incident.confirmed_on, start);  // it was confirmed all along

  put_on_record(incident, steps_of(confirmed, {}, 5), start + days(3));
  EXPECT_EQ(incident.status, closed);
  EXPECT_EQ(incident.closed_on, start + days(3));
  EXPECT_EQ(incident.confirmed_on, start);
  EXPECT_EQ(incident.events.back().runs, incident.runs);

  put_on_record(incident, steps_of(closed, same(5, 0), 5), start + days(4));
  EXPECT_EQ(incident.status, provisional);
  EXPECT_FALSE(incident.closed_on);
  EXPECT_FALSE(incident.confirmed_on);
  put_on_record(incident, steps_of(provisional, same(5, 5), 5), start + days(5));
  EXPECT_EQ(incident.confirmed_on, start + days(5));

  put_on_record(incident, steps_of(confirmed, {.taken_over_by = "PW-9"}, 5), start + days(6), "PW-9");
  EXPECT_EQ(incident.status, superseded);
  EXPECT_EQ(incident.merged_into, "PW-9");
  EXPECT_FALSE(incident.closed_on);
  EXPECT_EQ(incident.confirmed_on, start + days(5));
  EXPECT_EQ(incident.events.size(), 8U);
  EXPECT_EQ(incident.events.back(),
            (IncidentEvent{start + days(6), AlertEventKind::superseded, superseded, 0.7, 5, incident.runs}));
}

TEST(CalibratedConfidence, FollowsTheStateOfTheIncident) {
  Incident incident;
  incident.confidence = 0.9;
  const auto in_state = [&](AlertStatus status) {
    incident.status = status;
    EXPECT_EQ(calibrated_confidence(incident), calibrated_confidence(status, 0.9));
    return calibrated_confidence(incident);
  };
  constexpr double certain = 0.03 + 0.97 * 0.64;
  EXPECT_DOUBLE_EQ(in_state(provisional), 0.75 * certain);
  EXPECT_DOUBLE_EQ(in_state(confirmed), 0.97 * certain);
  EXPECT_DOUBLE_EQ(in_state(superseded), 0.75 * certain);
  EXPECT_DOUBLE_EQ(in_state(recovering), 0.85 * certain);
  EXPECT_DOUBLE_EQ(in_state(closed), 0.6 * certain);
}

TEST(CalibratedConfidence, MergingDoesNotLowerIt) {
  Incident incident;
  incident.confidence = 1;
  for (const AlertStatus before : {provisional, confirmed, recovering}) {
    incident.events = {{start, AlertEventKind::first_detected, provisional, 1, 5, {}},
                       {start + days(1), AlertEventKind::grew, before, 1, 5, {}}};
    incident.status = before;
    const double open = calibrated_confidence(incident);
    incident.events.push_back({start + days(2), AlertEventKind::superseded, superseded, 1, 5, {}});
    incident.status = superseded;
    EXPECT_EQ(calibrated_confidence(incident), open);
  }
}

TEST(CalibratedConfidence, IsSpread) {
  EXPECT_DOUBLE_EQ(calibrated_confidence(confirmed, 1), 0.97);
  EXPECT_DOUBLE_EQ(calibrated_confidence(confirmed, 0.5), 0.97 * 0.03);
  EXPECT_DOUBLE_EQ(calibrated_confidence(confirmed, 0.3), 0.97 * 0.03);
  EXPECT_LT(calibrated_confidence(provisional, 0.75), 0.25);
}

}  // namespace
}  // namespace pitwatch
