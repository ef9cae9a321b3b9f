// Laws of the incidents' record that hold whatever a site shows, and its way through state files between any two
// acquisitions.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/incidents/tracker.hpp"
#include "pipeline/watch/incident_state.hpp"
#include "tests/property/polygons/random.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

const Grid grid{"EPSG:32638", {600000, 4500000}, 10, 24, 18};
const TrackerOptions options{3, 0.8, 60, 0.25};

/// One acquisition: what the ground is like, in the planes of GroundAfterAcquisition.
struct Acquisition {
  Instant when{};
  Plane<std::uint8_t> probability;
  Plane<std::uint8_t> status;
  Plane<std::uint8_t> clear;
  Plane<std::uint8_t> detected;

  GroundAfterAcquisition view() const {
    return {when, probability.view(), status.view(), clear.view(), detected.view()};
  }
};

/// Patches that come, grow, meet, part and go: a random field that changes a little from acquisition to look.
std::vector<Acquisition> random_acquisitions(std::mt19937& random, int count) {
  std::vector<double> field = random_field(random, grid.width, grid.height, 1);
  std::vector<Acquisition> acquisitions(static_cast<std::size_t>(count));
  Instant when = parse_instant("2022-06-01T07:44:00Z");
  for (Acquisition& acquisition : acquisitions) {
    when += std::chrono::days(random_int(random, 1, 12));
    acquisition.when = when;
    const std::vector<double> other = random_field(random, grid.width, grid.height, 1);
    const double change = random_int(random, 0, 3) == 0 ? 0.5 : 0.1;
    const double threshold = random_int(random, 0, 5) == 0 ? 2 : random_int(random, 50, 80) / 100.0;
    for (Plane<std::uint8_t>* plane :
         {&acquisition.probability, &acquisition.status, &acquisition.clear, &acquisition.detected}) {
      plane->reshape(grid.width, grid.height);
    }
    const int mostly = random_int(random, 0, 2);
    for (int y = 0; y < grid.height; ++y) {
      for (int x = 0; x < grid.width; ++x) {
        double& value = field[static_cast<std::size_t>(y * grid.width + x)];
        value += change * (other[static_cast<std::size_t>(y * grid.width + x)] - value);
        const bool open = value > threshold;
        const int kind = random_int(random, 0, 3) == 0 ? random_int(random, 0, 2) : mostly;
        acquisition.probability.at(x, y) = static_cast<std::uint8_t>(open ? random_int(random, 125, 250) : 0);
        acquisition.status.at(x, y) = static_cast<std::uint8_t>(kind == 0   ? AlertStatus::provisional
                                                                : kind == 1 ? AlertStatus::confirmed
                                                                            : AlertStatus::recovering);
        acquisition.clear.at(x, y) = random_int(random, 0, 1) == 1 ? 1 : 0;
        acquisition.detected.at(x, y) = open && kind < 2 && acquisition.clear.at(x, y) != 0 ? 1 : 0;
      }
    }
  }
  return acquisitions;
}

/// What a run leaves for the next, read again.
std::vector<WatchedIncident> through_a_state(const std::vector<WatchedIncident>& incidents) {
  PackedIncidents packed;
  const std::string header = packed_incidents(incidents, packed).dump();
  return incidents_of(json::parse(header), packed, evidence_by_id(incidents), grid);
}

/// Which status may follow on which.
bool is_transition(AlertStatus from, AlertStatus to, AlertEventKind kind) {
  switch (kind) {
    case AlertEventKind::grew:
    case AlertEventKind::shrank:
    case AlertEventKind::moved:
      return from == to && is_open(to);
    case AlertEventKind::confirmed:
      return to == AlertStatus::confirmed && (from == AlertStatus::provisional || from == AlertStatus::recovering);
    case AlertEventKind::recovering:
      return to == AlertStatus::recovering && from == AlertStatus::confirmed;
    case AlertEventKind::closed:
      return to == AlertStatus::closed && is_open(from);
    case AlertEventKind::superseded:
      return to == AlertStatus::superseded && is_open(from);
    case AlertEventKind::reopened:
      return to == AlertStatus::provisional && from == AlertStatus::closed;
    default:
      return false;
  }
}

void check_record(const Incident& incident) {
  const auto& events = incident.events;
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front().kind, AlertEventKind::first_detected);
  EXPECT_EQ(events.front().when, incident.first_detected);
  EXPECT_EQ(events.back().status, incident.status);
  EXPECT_EQ(events.back().runs, incident.runs);
  std::optional<Instant> confirmed_on;
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].pixels, pixels_of(events[i].runs));
    EXPECT_GE(events[i].pixels, options.min_pixels);
    if (events[i].kind == AlertEventKind::reopened) confirmed_on.reset();
    if (events[i].kind == AlertEventKind::confirmed && !confirmed_on) confirmed_on = events[i].when;
    if (i == 0) continue;
    EXPECT_GE(events[i].when, events[i - 1].when);
    EXPECT_TRUE(is_transition(events[i - 1].status, events[i].status, events[i].kind)) << name(events[i].kind);
    if (events[i].kind == AlertEventKind::grew) {
      EXPECT_GT(events[i].pixels, events[i - 1].pixels);
    }
    if (events[i].kind == AlertEventKind::shrank) {
      EXPECT_LT(events[i].pixels, events[i - 1].pixels);
    }
    if (events[i].kind == AlertEventKind::moved) {
      EXPECT_EQ(events[i].pixels, events[i - 1].pixels);
      EXPECT_NE(events[i].runs, events[i - 1].runs);
    }
  }
  EXPECT_EQ(incident.confirmed_on, confirmed_on);
  EXPECT_EQ(incident.closed_on.has_value(), incident.status == AlertStatus::closed);
  EXPECT_EQ(incident.merged_into.empty(), incident.status != AlertStatus::superseded);
  EXPECT_TRUE(is_open(incident.status) || incident.status == AlertStatus::closed ||
              incident.status == AlertStatus::superseded);
}

/// What was on record before an acquisition is a part of what is afterwards.
void check_kept(const std::vector<WatchedIncident>& before, const std::vector<WatchedIncident>& after) {
  ASSERT_LE(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i].id, after[i].id);
    EXPECT_EQ(before[i].first_detected, after[i].first_detected);
    ASSERT_LE(before[i].events.size(), after[i].events.size());
    EXPECT_TRUE(std::equal(before[i].events.begin(), before[i].events.end(), after[i].events.begin()));
    ASSERT_LE(before[i].parents.size(), after[i].parents.size());
    EXPECT_TRUE(std::equal(before[i].parents.begin(), before[i].parents.end(), after[i].parents.begin()));
    if (before[i].status == AlertStatus::superseded) {
      EXPECT_EQ(before[i], after[i]);
    }
  }
}

/// The open incidents are the patches of the acquisition, each of them once.
void check_ground(const std::vector<WatchedIncident>& incidents, const Acquisition& acquisition) {
  std::vector<std::vector<Run>> ground;
  for (const Incident& incident : incidents) {
    if (is_open(incident.status)) ground.push_back(incident.runs);
  }
  std::sort(ground.begin(), ground.end());
  std::vector<std::vector<Run>> patches;
  for (const Component& patch : label_tile(acquisition.probability.view(), grid.extent(), grid.extent(), {1, 200, 3})) {
    patches.push_back(patch.runs);
  }
  std::sort(patches.begin(), patches.end());
  EXPECT_EQ(ground, patches);
}

void check_names(const std::vector<WatchedIncident>& incidents) {
  std::map<std::string, const Incident*> by_id;
  for (const Incident& incident : incidents) EXPECT_TRUE(by_id.emplace(incident.id, &incident).second);
  for (const Incident& incident : incidents) {
    std::set<std::string> parents(incident.parents.begin(), incident.parents.end());
    EXPECT_EQ(parents.size(), incident.parents.size());
    EXPECT_FALSE(parents.contains(incident.id));
    for (const std::string& parent : parents) EXPECT_TRUE(by_id.contains(parent));
    if (incident.merged_into.empty()) continue;
    ASSERT_TRUE(by_id.contains(incident.merged_into));
    const Incident& survivor = *by_id.at(incident.merged_into);
    EXPECT_NE(std::find(survivor.parents.begin(), survivor.parents.end(), incident.id), survivor.parents.end());
    // There when it ended.
    EXPECT_LE(survivor.first_detected, incident.events.back().when);
  }
}

TEST(IncidentsProperty, TheRecordHoldsWhateverTheGroundDoes) {
  std::mt19937 random(test_seed());
  const IncidentTracker tracker("site", grid, options);
  std::map<AlertEventKind, int> told;
  for (int round = 0; round < 60; ++round) {
    std::vector<WatchedIncident> incidents;
    for (const Acquisition& acquisition : random_acquisitions(random, 30)) {
      const std::vector<WatchedIncident> before = incidents;
      tracker.update(incidents, acquisition.view());
      check_kept(before, incidents);
      check_ground(incidents, acquisition);
    }
    for (const Incident& incident : incidents) {
      check_record(incident);
      for (const IncidentEvent& event : incident.events) ++told[event.kind];
    }
    check_names(incidents);
    if (HasFailure()) FAIL() << "round " << round;
  }
  EXPECT_EQ(told.size(), 9U);  // the acquisitions showed everything that there is
}

TEST(IncidentsProperty, NightsMakeNoDifference) {
  std::mt19937 random(test_seed());
  const IncidentTracker tracker("site", grid, options);
  for (int round = 0; round < 30; ++round) {
    std::vector<WatchedIncident> at_once;
    std::vector<WatchedIncident> night_by_night;
    for (const Acquisition& acquisition : random_acquisitions(random, 30)) {
      tracker.update(at_once, acquisition.view());
      if (random_int(random, 0, 2) == 0) night_by_night = through_a_state(night_by_night);
      tracker.update(night_by_night, acquisition.view());
    }
    ASSERT_EQ(through_a_state(night_by_night), at_once) << "round " << round;
  }
}

}  // namespace
}  // namespace pitwatch
