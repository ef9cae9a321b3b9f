#include "pipeline/run/incident_story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace pitwatch {
namespace {

using testing::ElementsAre;

Instant day_of(int day) { return parse_instant("2022-05-01") + std::chrono::days(day); }

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

TEST(IncidentStory, TellsFromWhenOnAnAlertWasOfWhichClass) {
  const Grid grid{"EPSG:32638", {600000, 4400000}, 10, 8, 8};
  Incident incident;
  incident.id = "PW-1";
  incident.status = AlertStatus::confirmed;
  incident.first_detected = day_of(0);
  incident.confirmed_on = day_of(5);
  incident.last_detected = day_of(20);
  incident.last_observed = day_of(20);
  incident.runs = {{2, 2, 6}, {3, 2, 6}};
  incident.growth = {{day_of(0), 6}, {day_of(5), 8}};
  SiteState state;
  state.evidence[incident.id].before = meadow;
  state.evidence[incident.id].first = soil;
  state.evidence[incident.id].after = soil;
  state.incidents = {incident};

  classify(state, state.incidents[0], day_of(0), {});
  classify(state, state.incidents[0], day_of(5), {});  // the same again: no news
  EXPECT_THAT(told(alerts_of(state, {}, grid).at(0)),
              ElementsAre("0 first_detected vegetation_to_bare", "5 grew vegetation_to_bare",
                          "5 confirmed vegetation_to_bare"));

  state.incidents[0].status = AlertStatus::closed;  // the meadow is as it was: it was mown
  state.incidents[0].closed_on = day_of(40);
  classify(state, state.incidents[0], day_of(40), {});
  const Alert mown = alerts_of(state, {}, grid).at(0);
  EXPECT_EQ(mown.change_class, ChangeClass::harvest);
  EXPECT_THAT(told(mown),
              ElementsAre("0 first_detected vegetation_to_bare", "5 grew vegetation_to_bare",
                          "5 confirmed vegetation_to_bare", "40 closed harvest", "40 reclassified harvest"));
}

}  // namespace
}  // namespace pitwatch
