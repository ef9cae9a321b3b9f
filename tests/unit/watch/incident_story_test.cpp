#include "pipeline/watch/incident_story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/state_file.hpp"
#include "pipeline/polygons/trace.hpp"
#include "tests/unit/io/test_support.hpp"

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
  WatchedIncident incident;
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
  IncidentEvidence& evidence = incident.evidence.emplace();
  evidence.before = meadow;
  evidence.first = soil;
  evidence.after = soil;
  SiteState state;
  state.incidents = {incident};
  return state;
}

Spectrum spectrum(const BandMeans& means) {
  Spectrum result;
  for (std::size_t band = 0; band < watched_bands.size(); ++band) {
    result[static_cast<std::size_t>(watched_bands[band])] = means[band];
  }
  return result;
}

CourseObservation look_at(const BandMeans& now, double days, bool is_over = false) {
  CourseObservation acquisition;
  acquisition.shown.add(spectrum(meadow), spectrum(now), -1);
  acquisition.days = days;
  acquisition.is_over = is_over;
  return acquisition;
}

TEST(IncidentStory, TellsFromWhenOnAnAlertWasOfWhichClass) {
  SiteState state = state_of_one();
  classify(*state.incidents[0].evidence, look_at(soil, 0), day_of(0), {});
  classify(*state.incidents[0].evidence, look_at(soil, 5), day_of(5), {});  // the same again: no news
  classify(*state.incidents[0].evidence, std::nullopt, day_of(8), {});      // not seen: neither
  EXPECT_THAT(told(alerts_of(state, {}, grid).at(0)),
              ElementsAre("0 first_detected vegetation_to_bare", "5 grew vegetation_to_bare",
                          "5 confirmed vegetation_to_bare"));

  state.incidents[0].status = AlertStatus::closed;  // the meadow is as it was: it was mown
  state.incidents[0].closed_on = day_of(40);
  state.incidents[0].events.push_back({day_of(40), AlertEventKind::closed, AlertStatus::closed, 0.9, 8, large});
  classify(*state.incidents[0].evidence, look_at(meadow, 40, true), day_of(40), {});
  const Alert mown = alerts_of(state, {}, grid).at(0);
  EXPECT_EQ(mown.change_class, ChangeClass::harvest);
  EXPECT_GT(mown.class_probability.value(), 0.9);
  EXPECT_GT(mown.natural_probability.value(), 0.9);
  EXPECT_LT(mown.history[0].natural_probability.value(), 0.1);
  const ClassProbabilities& weighed = mown.class_probabilities.value();
  EXPECT_EQ(weighed[index(ChangeClass::harvest)], mown.class_probability);
  EXPECT_GT(weighed[index(ChangeClass::vegetation_to_bare)], 0);
  EXPECT_NEAR(std::accumulate(weighed.begin(), weighed.end(), 0.0), 1, 1e-6);
  EXPECT_EQ(mown.history.back().natural_probability, mown.natural_probability);
  EXPECT_THAT(told(mown),
              ElementsAre("0 first_detected vegetation_to_bare", "5 grew vegetation_to_bare",
                          "5 confirmed vegetation_to_bare", "40 closed harvest", "40 reclassified harvest"));
}

TEST(IncidentStory, WhatWasNeverSeenIsUnknown) {
  SiteState state = state_of_one();
  classify(*state.incidents[0].evidence, std::nullopt, day_of(0), {});
  EXPECT_EQ(alerts_of(state, {}, grid).at(0).change_class, ChangeClass::unknown);
  EXPECT_FALSE(alerts_of(state, {}, grid).at(0).class_probabilities);
  classify(*state.incidents[0].evidence, look_at(soil, 5), day_of(5), {});
  EXPECT_EQ(alerts_of(state, {}, grid).at(0).change_class, ChangeClass::vegetation_to_bare);
}

TEST(IncidentStory, TellsWhenItHasBecomeMuchLikelierToBeNatural) {
  SiteState state = state_of_one();
  IncidentEvidence& evidence = *state.incidents[0].evidence;
  classify(*state.incidents[0].evidence, look_at(soil, 0), day_of(0), {});
  CourseObservation like_another_season = look_at(soil, 5);
  like_another_season.own_year_share = 0.42;
  classify(*state.incidents[0].evidence, like_another_season, day_of(5), {});
  ASSERT_EQ(evidence.classes.size(), 2U);
  EXPECT_EQ(evidence.classes[1].change_class, ChangeClass::vegetation_to_bare);
  EXPECT_GT(*evidence.classes[1].natural_probability, *evidence.classes[0].natural_probability + 0.1);
  like_another_season.own_year_share = 0.43;
  classify(*state.incidents[0].evidence, like_another_season, day_of(10), {});
  EXPECT_EQ(evidence.classes.size(), 2U);
}

/// An acquisition that shows all ground alike, but for one pixel.
ObservationPlanes planes_of(const BandMeans& ground, int x, int y, const BandMeans& there) {
  ObservationPlanes planes;
  planes.when = day_of(5);
  std::size_t band = 0;
  for (Plane<float>* plane : {&planes.blue, &planes.green, &planes.red, &planes.nir, &planes.swir16, &planes.swir22}) {
    plane->reshape(grid.width, grid.height);
    for (int row = 0; row < grid.height; ++row) std::fill_n(plane->row(row), grid.width, ground[band]);
    plane->at(x, y) = there[band++];
  }
  return planes;
}

class CourseAcquisitions : public testing::Test {
 protected:
  CourseAcquisitions() : state_(state_of_one()), clear_(grid.width, grid.height) {
    state_.monitor = make_state(grid.width, grid.height);
    state_.undisturbed.resize(state_.monitor.pixels());
    for (auto& pixel : state_.undisturbed) {
      for (std::size_t band = 0; band < meadow.size(); ++band) pixel[band] = pack_reflectance(meadow[band]);
    }
    set_clear(1);
  }

  void set_clear(std::uint8_t value) {
    for (int y = 0; y < grid.height; ++y) std::fill_n(clear_.row(y), grid.width, value);
  }

  std::optional<CourseObservation> see(const ObservationPlanes& planes) {
    return course_observation(state_, state_.incidents[0], planes, std::as_const(clear_).view(), grid);
  }

  SiteState state_;
  Plane<std::uint8_t> clear_;
};

constexpr double meadow_ndvi = 0.29 / 0.41;
constexpr double soil_ndvi = 0.07 / 0.41;

TEST_F(CourseAcquisitions, PixelsThatChangedMostWeighMost) {
  // One of eight pixels is soil, the others are as they were.
  const auto acquisition = see(planes_of(meadow, 2, 2, soil));
  ASSERT_TRUE(acquisition);
  EXPECT_NEAR(acquisition->shown.ndvi(), soil_ndvi, 0.05);
  EXPECT_NEAR(acquisition->shown.ndvi_before(), meadow_ndvi, 0.01);
  EXPECT_NEAR(acquisition->shown.red_rise(), soil[2] - meadow[2], 0.01);
  EXPECT_DOUBLE_EQ(acquisition->days, 5);
  EXPECT_FALSE(acquisition->is_over);
  state_.incidents[0].status = AlertStatus::closed;
  const auto last = see(planes_of(meadow, 2, 2, soil));
  ASSERT_TRUE(last);
  EXPECT_TRUE(last->is_over);
}

TEST_F(CourseAcquisitions, TheCoreTellsMoreThanTheRim) {
  state_.incidents[0].runs = {{1, 1, 6}, {2, 1, 6}, {3, 1, 6}, {4, 1, 6}, {5, 1, 6}};
  const auto ndvi_with_soil = [&](int from, int to) {
    constexpr BandMeans water{0.05F, 0.05F, 0.03F, 0.02F, 0.01F, 0.01F};
    ObservationPlanes planes = planes_of(water, 0, 0, water);
    const ObservationPlanes bare = planes_of(soil, 0, 0, soil);
    for (int y = from; y <= to; ++y) {
      for (int x = from; x <= to; ++x) {
        planes.red.at(x, y) = bare.red.at(x, y);
        planes.nir.at(x, y) = bare.nir.at(x, y);
        planes.swir16.at(x, y) = bare.swir16.at(x, y);
      }
    }
    return see(planes)->shown.ndvi();
  };
  constexpr double water_ndvi = -0.2;
  // All of 25, nine of them, the middle one: weights of 0.25 on the rim, 0.5 beside it, 1 inside.
  EXPECT_NEAR(ndvi_with_soil(1, 5), soil_ndvi, 0.001);
  EXPECT_NEAR(ndvi_with_soil(2, 4), water_ndvi + (soil_ndvi - water_ndvi) * 5 / 9, 0.03);
  EXPECT_NEAR(ndvi_with_soil(3, 3), water_ndvi + (soil_ndvi - water_ndvi) * 1 / 9, 0.03);
}

TEST_F(CourseAcquisitions, HalfOfTheGroundHasToBeSeenAfterTheFirstAcquisition) {
  const ObservationPlanes planes = planes_of(soil, 0, 0, soil);
  set_clear(0);
  for (int x = 2; x < 5; ++x) clear_.at(x, 2) = 1;
  EXPECT_TRUE(see(planes));  // the first
  state_.incidents[0].evidence->classes = {{day_of(0), ChangeClass::bare_to_bare}};
  EXPECT_FALSE(see(planes));
  clear_.at(5, 2) = 1;
  EXPECT_TRUE(see(planes));
  set_clear(0);
  EXPECT_FALSE(see(planes));
  state_.incidents[0].evidence->classes.clear();
  EXPECT_FALSE(see(planes));  // not even the first
}

TEST_F(CourseAcquisitions, SharesOfOwnYearAreOfAllAcquisitionsAtItsPixels) {
  state_.incidents[0].evidence->by_water = true;
  state_.incidents[0].evidence->greenest_ndvi = 0.5F;
  PixelHistory& history = state_.monitor.history[2 * 8 + 2];
  history.observations_since_onset = 4;
  history.own_year_observations = 1;
  const auto acquisition = see(planes_of(soil, 0, 0, soil));
  ASSERT_TRUE(acquisition);
  EXPECT_DOUBLE_EQ(acquisition->own_year_share, 0.25);
  EXPECT_DOUBLE_EQ(acquisition->greenest_ndvi, 0.5);
  EXPECT_TRUE(acquisition->by_water);
}

TEST_F(CourseAcquisitions, ObservationsCountFromTheOnsetOn) {
  state_.monitor.observations = {day_of(-20), day_of(-15), day_of(-10), day_of(-5), day_of(0)};
  const auto pixel = [&](int x, int y) -> PixelHistory& {
    return state_.monitor.history[static_cast<std::size_t>(y * 8 + x)];
  };
  pixel(2, 2).onset_after = 2;
  pixel(2, 2).onset_before = 3;
  pixel(2, 2).observations_since_onset = 7;  // of a later onset: they do not count
  for (const int x : {3, 4}) {
    pixel(x, 2).onset_after = 0;
    pixel(x, 2).onset_before = 1;
    pixel(x, 2).observations_since_onset = x;
  }
  Plane<std::uint8_t> detected(grid.width, grid.height);
  for (int y = 0; y < grid.height; ++y) std::fill_n(detected.row(y), grid.width, 0);
  const auto describe_it = [&](WatchedIncident& incident) {
    describe(incident, state_, planes_of(soil, 0, 0, soil), "S2", std::as_const(detected).view(), grid, {});
    classify(*incident.evidence, look_at(soil, 0), day_of(0), {});
  };
  const auto observations = [&](std::size_t i) { return alerts_of(state_, {}, grid).at(i).observations; };

  WatchedIncident& incident = state_.incidents[0];
  incident.evidence.reset();
  incident.observations = 1;
  detected.at(3, 2) = 1;
  describe_it(incident);
  EXPECT_EQ(incident.evidence->onset_before, day_of(-15));
  EXPECT_EQ(observations(0), 4);  // 1 since it was detected, 3 before
  incident.observations = 5;
  describe_it(incident);
  EXPECT_EQ(observations(0), 8);

  // What is left of it under a cloud has been seen as often; what is new there counts by itself.
  state_.incidents.push_back(state_.incidents[0]);
  WatchedIncident& part = state_.incidents.back();
  part.id = "PW-2";
  part.parents = {"PW-1"};
  part.observations = 1;
  part.evidence.reset();
  detected.at(3, 2) = 0;
  describe_it(part);
  EXPECT_EQ(observations(1), 8);
  part.evidence.reset();
  detected.at(3, 2) = 1;
  describe_it(part);
  EXPECT_EQ(observations(1), 4);
}

TEST(IncidentStory, EventsHaveOutlineAreaStateAndConfidenceOfTheirTime) {
  SiteState state = state_of_one();
  state.incidents[0].evidence->classes = {{day_of(0), ChangeClass::vegetation_to_bare},
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
  EXPECT_DOUBLE_EQ(history[0].confidence, calibrated_confidence(AlertStatus::provisional, 0.5));
  EXPECT_DOUBLE_EQ(history[1].confidence, calibrated_confidence(AlertStatus::provisional, 0.5));
  EXPECT_DOUBLE_EQ(history[3].confidence, calibrated_confidence(AlertStatus::confirmed, 0.75));
  EXPECT_NEAR(history[0].area_ha, 0.06, 0.0002);
  EXPECT_EQ(history[1].area_ha, history[0].area_ha);
  EXPECT_NEAR(history[2].area_ha, 0.08, 0.0002);
  EXPECT_EQ(history[4].area_ha, alert.area_ha);
  EXPECT_EQ(alert.shape, trace(large));
  EXPECT_DOUBLE_EQ(alert.confidence, calibrated_confidence(AlertStatus::confirmed, 0.9));
  EXPECT_FALSE(alert.superseded);
}

TEST(IncidentStory, ConfidenceIsThatOfTheStateThen) {
  SiteState state = state_of_one();
  Incident& incident = state.incidents[0];
  incident.status = AlertStatus::closed;
  incident.closed_on = day_of(50);
  incident.events.push_back({day_of(40), AlertEventKind::recovering, AlertStatus::recovering, 0.5, 8, large});
  incident.events.push_back({day_of(50), AlertEventKind::closed, AlertStatus::closed, 0.5, 8, large});
  state.incidents[0].evidence->classes = {{day_of(0), ChangeClass::bare_to_bare}};
  const Alert alert = alerts_of(state, {}, grid).at(0);
  ASSERT_EQ(alert.history.size(), 5U);
  EXPECT_DOUBLE_EQ(alert.history[3].confidence, calibrated_confidence(AlertStatus::recovering, 0.5));
  EXPECT_DOUBLE_EQ(alert.history[4].confidence, calibrated_confidence(AlertStatus::closed, 0.5));
}

TEST(IncidentStory, OutlinesThatAreNotKnownAreNotTold) {
  SiteState state = state_of_one();
  state.incidents[0].events[0].runs = {};
  state.incidents[0].evidence->classes = {{day_of(0), ChangeClass::bare_to_bare}};
  const Alert alert = alerts_of(state, {}, grid).at(0);
  EXPECT_THAT(alert.history[0].shape, IsEmpty());
  EXPECT_DOUBLE_EQ(alert.history[0].area_ha / 6, alert.history[1].area_ha / 8);
}

TEST(IncidentStory, WhatWasToldDoesNotChangeWithWhatComesLater) {
  // A pixel's area depends on the place: that of an event must not wander with the incident.
  Grid wide = grid;
  wide.width = wide.height = 1400;
  SiteState state = state_of_one();
  state.incidents[0].events[0].runs = {};
  state.incidents[0].evidence->classes = {{day_of(0), ChangeClass::bare_to_bare}};
  const std::vector<AlertEvent> before = alerts_of(state, {}, wide).at(0).history;
  Incident& incident = state.incidents[0];
  incident.runs = {{0, 0, 1400}, {700, 0, 1400}, {1399, 0, 1400}};
  incident.events.push_back({day_of(30), AlertEventKind::grew, AlertStatus::confirmed, 0.9, 3 * 1400, incident.runs});
  state.incidents[0].evidence->classes.push_back({day_of(30), ChangeClass::to_water});
  std::vector<AlertEvent> after = alerts_of(state, {}, wide).at(0).history;
  ASSERT_EQ(after.size(), before.size() + 2);
  after.resize(before.size());
  EXPECT_EQ(after, before);
}

TEST(IncidentStory, SupersededAlertsNameWhatGoesOn) {
  SiteState state = state_of_one();
  state.incidents[0].evidence->classes = {{day_of(0), ChangeClass::bare_to_bare}};
  state.incidents.push_back(WatchedIncident(state.incidents[0]));
  Incident& ended = state.incidents[1];
  ended.id = "PW-2";
  ended.status = AlertStatus::superseded;
  ended.merged_into = "PW-1";
  ended.events.push_back({day_of(9), AlertEventKind::superseded, AlertStatus::superseded, 0.75, 8, large});
  const std::vector<Alert> alerts = alerts_of(state, {}, grid);
  ASSERT_EQ(alerts.size(), 2U);
  EXPECT_EQ(alerts[1].id, "PW-2");
  EXPECT_EQ(alerts[1].status, AlertStatus::superseded);
  EXPECT_EQ(alerts[1].superseded, (Superseded{SupersededWhy::merged, {"PW-1"}}));
  EXPECT_EQ(alerts[1].shape, trace(large));
  EXPECT_EQ(alerts[1].history.back().kind, AlertEventKind::superseded);
  EXPECT_EQ(alerts[1].history.back().status, AlertStatus::superseded);
  // Merging makes nothing less likely.
  EXPECT_EQ(alerts[1].confidence, alerts[0].confidence);
  EXPECT_EQ(alerts[1].history.back().confidence, calibrated_confidence(AlertStatus::confirmed, 0.75));
}

TEST(IncidentStory, WhatWasNeverDescribedIsNotTold) {
  SiteState state = state_of_one();
  EXPECT_THAT(alerts_of(state, {}, grid), IsEmpty());  // it has no class
  state.incidents[0].evidence.reset();
  EXPECT_THAT(alerts_of(state, {}, grid), IsEmpty());
}

TEST(IncidentStory, WhatWasLastDetectedBeforeThatDayIsNotTold) {
  SiteState state = state_of_one();
  state.incidents[0].evidence->classes = {{day_of(0), ChangeClass::bare_to_bare}};
  WatchedSite watched;
  watched.options.from = day_of(20);
  EXPECT_EQ(alerts_of(state, watched, grid).size(), 1U);
  watched.options.from = day_of(21);
  EXPECT_THAT(alerts_of(state, watched, grid), IsEmpty());
}

TEST(SiteState, KeepsWhatAnIncidentTurnsOutToBe) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "a.state";
  SiteState state = state_of_one();
  state.monitor = make_state(grid.width, grid.height);
  state.undisturbed.resize(state.monitor.pixels());
  IncidentEvidence& evidence = *state.incidents[0].evidence;
  for (int day = 0; day < 15; day += 5) classify(evidence, look_at(soil, day), day_of(day), {});
  evidence.before_detection = 3;
  evidence.course.wet_observations = 2;
  evidence.course.wet_from_days = 1.5F;
  evidence.course.wet_until_days = 7.25F;
  evidence.course.is_back = true;
  evidence.course.challenger = ChangeClass::flood;
  evidence.course.challenges = 1;
  evidence.classes.push_back({day_of(20), ChangeClass::unknown});
  const StateTerms terms{"pitwatch 0.1.0 abc", {}, grid};
  write_site_state(path, terms, state, serial_for);
  EXPECT_EQ(read_site_state(path, grid, serial_for).incidents, state.incidents);
}

}  // namespace
}  // namespace pitwatch
