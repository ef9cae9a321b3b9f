#include "pipeline/watch/incident_story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "pipeline/polygons/trace.hpp"

namespace pitwatch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Ground = std::vector<Run>;

Instant day_of(int day) { return parse_instant("2022-05-01") + std::chrono::days(day); }

const Grid grid{"EPSG:32638", {600000, 4400000}, 10, 8, 8};
const Ground small{{2, 2, 5}, {3, 2, 5}};
const Ground large{{2, 2, 6}, {3, 2, 6}};

/// Reflectances of B02, B03, B04, B08, B11, B12.
constexpr BandMeans meadow{0.04F, 0.08F, 0.06F, 0.35F, 0.22F, 0.12F};
constexpr BandMeans soil{0.08F, 0.12F, 0.17F, 0.24F, 0.34F, 0.30F};

/// "day event class" of each event.
std::vector<std::string> told(const Alert& alert) {
  std::vector<std::string> lines;
  for (const AlertEvent& event : alert.history) {
    const auto days = std::chrono::duration_cast<std::chrono::days>(event.at - day_of(0)).count();
    lines.push_back(std::to_string(days) + " " + std::string(name(event.kind)) + " " +
                    std::string(name(event.change_class)));
  }
  return lines;
}

/// A state of one incident, detected on day 0, larger and confirmed on day 5, of a meadow that is soil now.
SiteState state_of_one() {
  Incident incident;
  incident.id = "PW-1";
  incident.status = AlertStatus::confirmed;
  incident.first_detected = day_of(0);
  incident.confirmed_on = day_of(5);
  incident.last_detected = day_of(20);
  incident.last_observed = day_of(20);
  incident.confidence = 0.9;
  incident.runs = large;
  incident.events = {{day_of(0), AlertEventKind::first_detected, AlertStatus::provisional, 0.5, 6, small},
                     {day_of(5), AlertEventKind::grew, AlertStatus::provisional, 0.75, 8, large},
                     {day_of(5), AlertEventKind::confirmed, AlertStatus::confirmed, 0.75, 8, large}};
  SiteState state;
  IncidentEvidence& evidence = state.evidence[incident.id];
  evidence.before = meadow;
  evidence.first = soil;
  evidence.after = soil;
  state.incidents = {incident};
  return state;
}

TEST(IncidentStory, TellsFromWhenOnAnAlertWasOfWhichClass) {
  SiteState state = state_of_one();
  classify(state, state.incidents[0], day_of(0), {});
  classify(state, state.incidents[0], day_of(5), {});  // the same again: no news
  EXPECT_THAT(told(alerts_of(state, {}, grid).at(0)),
              ElementsAre("0 first_detected vegetation_to_bare", "5 grew vegetation_to_bare",
                          "5 confirmed vegetation_to_bare"));

  state.incidents[0].status = AlertStatus::closed;  // the meadow is as it was: it was mown
  state.incidents[0].closed_on = day_of(40);
  state.incidents[0].events.push_back({day_of(40), AlertEventKind::closed, AlertStatus::closed, 0.9, 8, large});
  classify(state, state.incidents[0], day_of(40), {});
  const Alert mown = alerts_of(state, {}, grid).at(0);
  EXPECT_EQ(mown.change_class, ChangeClass::harvest);
  EXPECT_THAT(told(mown),
              ElementsAre("0 first_detected vegetation_to_bare", "5 grew vegetation_to_bare",
                          "5 confirmed vegetation_to_bare", "40 closed harvest", "40 reclassified harvest"));
}

TEST(IncidentStory, EventsHaveOutlineAreaStateAndConfidenceOfTheirTime) {
  SiteState state = state_of_one();
  state.evidence["PW-1"].classes = {{day_of(0), ChangeClass::vegetation_to_bare},
                                    {day_of(3), ChangeClass::bare_to_bare},
                                    {day_of(5), ChangeClass::built_or_bright}};
  const Alert alert = alerts_of(state, {}, grid).at(0);
  ASSERT_THAT(told(alert),
              ElementsAre("0 first_detected vegetation_to_bare", "3 reclassified bare_to_bare",
                          "5 grew built_or_bright", "5 confirmed built_or_bright", "5 reclassified built_or_bright"));
  const auto& history = alert.history;
  EXPECT_EQ(history[0].shape, trace(small));
  EXPECT_EQ(history[1].shape, trace(small));  // as the event before
  for (const std::size_t i : {2U, 3U, 4U}) EXPECT_EQ(history[i].shape, trace(large));
  EXPECT_EQ(history[0].status, AlertStatus::provisional);
  EXPECT_EQ(history[1].status, AlertStatus::provisional);
  EXPECT_EQ(history[2].status, AlertStatus::provisional);
  EXPECT_EQ(history[3].status, AlertStatus::confirmed);
  EXPECT_EQ(history[4].status, AlertStatus::confirmed);
  EXPECT_DOUBLE_EQ(history[0].confidence, 0.88 * 0.5);
  EXPECT_DOUBLE_EQ(history[1].confidence, 0.88 * 0.5);
  EXPECT_DOUBLE_EQ(history[3].confidence, 0.88 * 0.75);
  EXPECT_NEAR(history[0].area_ha, 0.06, 0.0002);
  EXPECT_EQ(history[1].area_ha, history[0].area_ha);
  EXPECT_NEAR(history[2].area_ha, 0.08, 0.0002);
  EXPECT_EQ(history[4].area_ha, alert.area_ha);
  EXPECT_EQ(alert.shape, trace(large));
  EXPECT_DOUBLE_EQ(alert.confidence, 0.88 * 0.9);
  EXPECT_FALSE(alert.superseded);
}

TEST(IncidentStory, ConfidenceIsThatOfTheStateThen) {
  SiteState state = state_of_one();
  Incident& incident = state.incidents[0];
  incident.status = AlertStatus::closed;
  incident.closed_on = day_of(50);
  incident.events.push_back({day_of(40), AlertEventKind::recovering, AlertStatus::recovering, 0.5, 8, large});
  incident.events.push_back({day_of(50), AlertEventKind::closed, AlertStatus::closed, 0.5, 8, large});
  state.evidence["PW-1"].classes = {{day_of(0), ChangeClass::bare_to_bare}};
  const Alert alert = alerts_of(state, {}, grid).at(0);
  ASSERT_EQ(alert.history.size(), 5U);
  EXPECT_DOUBLE_EQ(alert.history[3].confidence, 0.3);
  EXPECT_DOUBLE_EQ(alert.history[4].confidence, 0.1);
}

TEST(IncidentStory, OutlinesThatAreNotKnownAreNotTold) {
  SiteState state = state_of_one();
  state.incidents[0].events[0].runs = {};
  state.evidence["PW-1"].classes = {{day_of(0), ChangeClass::bare_to_bare}};
  const Alert alert = alerts_of(state, {}, grid).at(0);
  EXPECT_THAT(alert.history[0].shape, IsEmpty());
  EXPECT_DOUBLE_EQ(alert.history[0].area_ha / 6, alert.history[1].area_ha / 8);
}

TEST(IncidentStory, WhatWasToldDoesNotChangeWithWhatComesLater) {
  // A pixel's area hangs on the place: that of an event must not wander with the incident.
  Grid wide = grid;
  wide.width = wide.height = 1400;
  SiteState state = state_of_one();
  state.incidents[0].events[0].runs = {};
  state.evidence["PW-1"].classes = {{day_of(0), ChangeClass::bare_to_bare}};
  const std::vector<AlertEvent> before = alerts_of(state, {}, wide).at(0).history;
  Incident& incident = state.incidents[0];
  incident.runs = {{0, 0, 1400}, {700, 0, 1400}, {1399, 0, 1400}};
  incident.events.push_back({day_of(30), AlertEventKind::grew, AlertStatus::confirmed, 0.9, 3 * 1400, incident.runs});
  state.evidence["PW-1"].classes.emplace_back(day_of(30), ChangeClass::to_water);
  std::vector<AlertEvent> after = alerts_of(state, {}, wide).at(0).history;
  ASSERT_EQ(after.size(), before.size() + 2);
  after.resize(before.size());
  EXPECT_EQ(after, before);
}

TEST(IncidentStory, SupersededAlertsNameWhatGoesOn) {
  SiteState state = state_of_one();
  state.incidents.push_back(state.incidents[0]);
  Incident& ended = state.incidents[1];
  ended.id = "PW-2";
  ended.status = AlertStatus::superseded;
  ended.merged_into = "PW-1";
  ended.events.push_back({day_of(9), AlertEventKind::superseded, AlertStatus::superseded, 0.75, 8, large});
  state.evidence["PW-1"].classes = {{day_of(0), ChangeClass::bare_to_bare}};
  state.evidence["PW-2"] = state.evidence["PW-1"];
  const std::vector<Alert> alerts = alerts_of(state, {}, grid);
  ASSERT_EQ(alerts.size(), 2U);
  EXPECT_EQ(alerts[1].id, "PW-2");
  EXPECT_EQ(alerts[1].status, AlertStatus::superseded);
  EXPECT_EQ(alerts[1].superseded, (Superseded{SupersededWhy::merged, {"PW-1"}}));
  EXPECT_EQ(alerts[1].shape, trace(large));
  EXPECT_EQ(alerts[1].history.back().kind, AlertEventKind::superseded);
  EXPECT_EQ(alerts[1].history.back().status, AlertStatus::superseded);
}

TEST(IncidentStory, WhatWasNeverDescribedIsNotTold) {
  SiteState state = state_of_one();
  EXPECT_THAT(alerts_of(state, {}, grid), IsEmpty());  // it has no class
  state.evidence.clear();
  EXPECT_THAT(alerts_of(state, {}, grid), IsEmpty());
}

TEST(IncidentStory, WhatWasLastDetectedBeforeThatDayIsNotTold) {
  SiteState state = state_of_one();
  state.evidence["PW-1"].classes = {{day_of(0), ChangeClass::bare_to_bare}};
  WatchedSite watched;
  watched.options.from = day_of(20);
  EXPECT_EQ(alerts_of(state, watched, grid).size(), 1U);
  watched.options.from = day_of(21);
  EXPECT_THAT(alerts_of(state, watched, grid), IsEmpty());
}

}  // namespace
}  // namespace pitwatch
