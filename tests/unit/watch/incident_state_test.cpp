#include "pipeline/watch/incident_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using std::chrono::days;
using testing::ElementsAre;
using testing::HasSubstr;
using Ground = std::vector<Run>;

const Grid grid{"EPSG:32638", {600000, 4500000}, 10, 12, 6};

Instant day_of(int day) { return parse_instant("2022-06-01T07:44:00.123Z") + days(day); }

/// One that was confirmed and recovers, one that was superseded by it, one that closed and whose old outline is not
/// known.
std::vector<WatchedIncident> some_incidents() {
  const Ground small{{1, 2, 5}};
  const Ground large{{1, 2, 5}, {2, 3, 5}, {2, 7, 12}, {5, 0, 1}};
  WatchedIncident live;
  live.id = "PW-1";
  live.status = AlertStatus::recovering;
  live.first_detected = day_of(0);
  live.confirmed_on = day_of(5);
  live.last_detected = day_of(9);
  live.last_observed = day_of(10);
  live.observations = 4;
  live.confidence = 0.1 + 0.2;
  live.runs = large;
  live.parents = {"PW-2"};
  live.events = {{day_of(0), AlertEventKind::first_detected, AlertStatus::provisional, 1.0 / 3, 3, small},
                 {day_of(5), AlertEventKind::grew, AlertStatus::provisional, 0.7, 11, large},
                 {day_of(5), AlertEventKind::confirmed, AlertStatus::confirmed, 0.7, 11, large},
                 {day_of(10), AlertEventKind::recovering, AlertStatus::recovering, 0.6, 11, large}};
  WatchedIncident ended;
  ended.id = "PW-2";
  ended.status = AlertStatus::superseded;
  ended.first_detected = ended.last_detected = ended.last_observed = day_of(2);
  ended.observations = 1;
  ended.confidence = 1;
  ended.runs = {{2, 7, 12}};
  ended.merged_into = "PW-1";
  ended.events = {{day_of(2), AlertEventKind::first_detected, AlertStatus::provisional, 1, 5, ended.runs},
                  {day_of(5), AlertEventKind::superseded, AlertStatus::superseded, 1, 5, ended.runs}};
  WatchedIncident old;
  old.id = "PW-3";
  old.status = AlertStatus::closed;
  old.first_detected = old.last_detected = old.last_observed = parse_instant("1969-12-31");
  old.closed_on = day_of(0);
  old.runs = small;
  old.events = {{old.first_detected, AlertEventKind::first_detected, AlertStatus::provisional, 0, 70000, {}},
                {day_of(0), AlertEventKind::closed, AlertStatus::closed, 0, 70000, {}}};
  ClassCourse course;
  course.challenger = ChangeClass::flood;
  course.challenges = 1;
  course.told.of_classes = {0.125F, 0, 0.75F, 0, 0, 0, 0, 0.125F};
  live.evidence = {.onset_after = day_of(-5),
                   .onset_before = day_of(0),
                   .before = {0.04F, 0.08F, 0.06F, 0.35F, 0.22F, 0.12F},
                   .first = {0.08F, 0.12F, 0.17F, 0.24F, 0.34F, 0.30F},
                   .after = {0.09F, 0.12F, 0.17F, 0.24F, 0.34F, 0.30F},
                   .by_water = true,
                   .own_year_share = 1.0 / 3,
                   .greenest_ndvi = 0.6F,
                   .course = course,
                   .classes = {{day_of(0), ChangeClass::unknown},
                               {day_of(5), ChangeClass::to_water, 0.7, 0.1},
                               {day_of(9), ChangeClass::to_water, 0.75, 0.125,
                                ClassProbabilities{0.125, 0, 0.75, 0, 0, 0, 0, 0.125}}},
                   .scene_before = "A",
                   .scene_first = "B",
                   .scene_last = "C"};
  old.evidence.emplace().classes = {{day_of(0), ChangeClass::burn, 0.9, 1}};
  return {live, ended, old};
}

/// As a state file is read: arrays of the sizes that the header names, filled with what was written.
PackedIncidents refilled(const json& header, PackedIncidents& written) {
  PackedIncidents packed = unfilled_incidents(header);
  const std::vector<StateArray> from = state_arrays(written);
  const std::vector<StateArray> to = state_arrays(packed);
  for (std::size_t i = 0; i < from.size(); ++i) {
    EXPECT_EQ(from[i].bytes.size(), to[i].bytes.size());
    std::copy(from[i].bytes.begin(), from[i].bytes.end(), to[i].bytes.begin());
  }
  return packed;
}

TEST(IncidentState, GivesBackWhatWasPutIn) {
  PackedIncidents written;
  written.runs.resize(3);  // of before
  written.events.resize(3);
  const json header = json::parse(packed_incidents(some_incidents(), written).dump());
  const json evidence = json::parse(evidence_by_id(some_incidents()).dump());
  const PackedIncidents packed = refilled(header, written);
  EXPECT_EQ(incidents_of(header, packed, evidence, grid), some_incidents());
}

TEST(IncidentState, KeepsAnOutlineOnce) {
  PackedIncidents packed;
  packed_incidents(some_incidents(), packed);
  EXPECT_EQ(packed.events.size(), 8U);
  EXPECT_EQ(packed.runs.size(), 1U + 4U + 1U + 1U);
  for (const StateArray& array : state_arrays(packed)) {
    EXPECT_EQ(array.bytes.size() % array.element_bytes, 0U);
    EXPECT_LE(2 * array.shorts, array.element_bytes);
  }
}

TEST(IncidentState, NoIncidentsAreAState) {
  PackedIncidents written;
  const json header = packed_incidents({}, written);
  EXPECT_THAT(incidents_of(header, refilled(header, written), json::object(), grid), testing::IsEmpty());
}

TEST(IncidentState, GroundThatCannotBeKeptIsRefused) {
  std::vector<WatchedIncident> incidents = some_incidents();
  PackedIncidents packed;
  incidents[2].runs = {{65535, 0, 65535}};
  EXPECT_NO_THROW(packed_incidents(incidents, packed));
  for (const Ground& ground : {Ground{{65536, 0, 1}}, Ground{{0, 0, 65536}}, Ground{{-1, 0, 1}}, Ground{{0, -1, 1}}}) {
    incidents[2].runs = ground;
    EXPECT_THROW(packed_incidents(incidents, packed), DataError);
  }
  incidents = some_incidents();
  incidents[2].events[0].pixels = (std::int64_t{1} << 32) - 1;
  EXPECT_NO_THROW(packed_incidents(incidents, packed));
  for (const std::int64_t pixels : {std::int64_t{1} << 32, std::int64_t{-1}}) {
    incidents[2].events[0].pixels = pixels;
    EXPECT_THROW(packed_incidents(incidents, packed), DataError);
  }
}

/// What is said of incidents that were changed before they were written, or of their header and arrays.
std::string complaint(const std::function<void(std::vector<WatchedIncident>&)>& change,
                      const std::function<void(json&, PackedIncidents&)>& damage = {}) {
  std::vector<WatchedIncident> incidents = some_incidents();
  if (change) change(incidents);
  PackedIncidents packed;
  json header = packed_incidents(incidents, packed);
  if (damage) damage(header, packed);
  try {
    unfilled_incidents(header);
    incidents_of(header, packed, evidence_by_id(incidents), grid);
    return {};
  } catch (const DataError& error) {
    return error.what();
  }
}

TEST(IncidentState, WhatCannotBeIsDamaged) {
  using Change = std::function<void(std::vector<WatchedIncident>&)>;
  const std::vector<std::pair<Change, std::string>> changes{
      {[](auto& all) { all[0].id = ""; }, "has no id"},
      {[](auto& all) { all[2].id = "PW-1"; }, "is there twice"},
      {[](auto& all) { all[0].status = AlertStatus::not_watched; }, "no state"},
      {[](auto& all) { all[0].events[1].status = AlertStatus::not_watched; }, "no state"},
      {[](auto& all) { all[0].events[1].kind = AlertEventKind::reclassified; }, "no event of"},
      {[](auto& all) { all[0].events[1].kind = AlertEventKind::not_watched; }, "no event of"},
      {[](auto& all) { all[0].events[1].kind = static_cast<AlertEventKind>(12); }, "no event of"},
      {[](auto& all) { all[0].observations = -1; }, "observations"},
      {[](auto& all) { all[0].confidence = 1.001; }, "has no probability"},
      {[](auto& all) { all[0].confidence = -0.001; }, "has no probability"},
      {[](auto& all) { all[0].events[0].confidence = std::nan(""); }, "has no probability"},
      {[](auto& all) { all[0].runs = {}; }, "its outline is none"},
      {[](auto& all) {
         all[0].runs = {{1, 2, 2}};
       },
       "its outline is none"},
      {[](auto& all) {
         all[0].runs = {{1, 2, 5}, {1, 5, 6}};
       },
       "its outline is none"},
      {[](auto& all) {
         all[0].runs = {{2, 2, 5}, {1, 7, 8}};
       },
       "its outline is none"},
      {[](auto& all) {
         all[0].runs = {{1, 2, 13}};
       },
       "beside the grid"},
      {[](auto& all) {
         all[0].runs = {{6, 2, 3}};
       },
       "beside the grid"},
      {[](auto& all) {
         all[0].events[0].runs = {{1, 2, 13}};
       },
       "beside the grid"},
      {[](auto& all) {
         all[0].events[0].runs = {{6, 2, 5}};
       },
       "beside the grid"},
      {[](auto& all) {
         all[0].events[0].runs = {{1, 5, 2}};
       },
       "the outline of an event is none"},
      {[](auto& all) { all[0].events[0].pixels = 4; }, "not that of its outline"},
      {[](auto& all) { all[2].events[0].pixels = 0; }, "not that of its outline"},
      {[](auto& all) { all[2].events = {}; }, "has no events"},
      {[](auto& all) { all[0].events[0].kind = AlertEventKind::grew; }, "first detection"},
      {[](auto& all) { all[0].first_detected += days(1); }, "first detection"},
      {[](auto& all) { all[0].events[1].kind = AlertEventKind::first_detected; }, "twice"},
      {[](auto& all) { all[0].events[2].when -= days(1); }, "order of time"},
      {[](auto& all) { all[0].status = AlertStatus::confirmed; }, "another state"},
      {[](auto& all) { all[0].closed_on = day_of(3); }, "closing"},
      {[](auto& all) { all[2].closed_on.reset(); }, "closing"},
      {[](auto& all) { all[0].merged_into = "PW-2"; }, "does not go with its state"},
      {[](auto& all) { all[1].merged_into = ""; }, "does not go with its state"},
      {[](auto& all) { all[0].confirmed_on.reset(); }, "without a date"},
      {[](auto& all) {
         all[0].status = AlertStatus::provisional;
         all[0].events.back().status = AlertStatus::provisional;
       },
       "date of a confirmation"},
      {[](auto& all) { all[1].merged_into = "PW-9"; }, "its successor is not there"},
      {[](auto& all) { all[1].merged_into = "PW-2"; }, "its successor is not there"},
      {[](auto& all) { all[0].parents = {"PW-9"}; }, "a parent is not there"},
      {[](auto& all) { all[0].parents = {"PW-1"}; }, "a parent is not there"},
  };
  EXPECT_EQ(complaint({}), "");
  for (const auto& [change, expected] : changes) {
    EXPECT_THAT(complaint(change), testing::AllOf(testing::StartsWith("is damaged: "), HasSubstr(expected)));
  }
}

TEST(IncidentState, HeaderAndArraysThatDoNotFitAreDamaged) {
  using Damage = std::function<void(json&, PackedIncidents&)>;
  const std::vector<std::pair<Damage, std::string>> damages{
      {[](json& header, PackedIncidents&) { header.erase("list"); }, "list"},
      {[](json& header, PackedIncidents&) { header["runs"] = (std::size_t{1} << 28) + 1; }, "more events or outlines"},
      {[](json& header, PackedIncidents&) { header["events"] = (std::size_t{1} << 28) + 1; },
       "more events or outlines"},
      {[](json& header, PackedIncidents&) { header["list"][0]["id"] = 7; }, "type"},
      {[](json& header, PackedIncidents&) { header["list"][0]["status"] = 300; }, "no state"},
      {[](json& header, PackedIncidents&) { header["list"][0]["status"] = -1; }, "no state"},
      {[](json& header, PackedIncidents&) { header["list"][0]["status"] = 256; }, "no state"},
      {[](json& header, PackedIncidents&) { header["list"][0].erase("parents"); }, "parents"},
      {[](json& header, PackedIncidents&) { header["list"][2]["events"] = 3; }, "fewer events"},
      {[](json& header, PackedIncidents&) { header["list"][2]["events"] = 1; }, "more events or outlines than"},
      {[](json& header, PackedIncidents&) { header["list"][2]["runs"] = 2; }, "fewer outlines"},
      {[](json&, PackedIncidents& packed) {
         packed.runs.push_back({0, 0, 1});
       },
       "more events or outlines than"},
      {[](json&, PackedIncidents& packed) { packed.runs.pop_back(); }, "fewer outlines"},
      {[](json&, PackedIncidents& packed) { packed.events.push_back(packed.events[0]); },
       "more events or outlines than"},
      {[](json&, PackedIncidents& packed) {
         packed.events[0].runs = {0xffff, 0xffff};
       },
       "no event before"},
      {[](json& header, PackedIncidents& packed) {
         header["list"][2]["events"] = 0;
         header["list"][2]["runs"] = 0xffffffffU;
         packed.events.resize(packed.events.size() - 2);
       },
       "has no events"},
  };
  for (const auto& [damage, expected] : damages) {
    EXPECT_THAT(complaint({}, damage), testing::AllOf(testing::StartsWith("is damaged: "), HasSubstr(expected)));
  }
}

/// The incidents with that evidence in their state.
std::vector<WatchedIncident> with_evidence(const json& evidence) {
  PackedIncidents packed;
  const json header = packed_incidents(some_incidents(), packed);
  return incidents_of(header, packed, evidence, grid);
}

TEST(IncidentState, EvidenceOfAFormerFormatHasTheClassAndNothingOfItsCourse) {
  json evidence = evidence_by_id(some_incidents());
  evidence["PW-1"].erase("course");
  const std::int64_t when = day_of(0).time_since_epoch().count();
  const auto read_with = [&](const json& classes) {
    evidence["PW-1"]["classes"] = classes;
    return with_evidence(evidence)[0].evidence.value();
  };
  IncidentEvidence former = read_with({{when, static_cast<int>(ChangeClass::burn)}});
  EXPECT_EQ(former.classes, (std::vector<ClassSince>{{day_of(0), ChangeClass::burn}}));
  EXPECT_EQ(former.course.told.change_class, ChangeClass::burn);
  EXPECT_EQ(former.course.told.natural_probability, 1);
  EXPECT_EQ(former.course.observations, 0);
  former = read_with({{when, static_cast<int>(ChangeClass::bare_to_bare)}});
  EXPECT_EQ(former.course.told.natural_probability, 0);
  EXPECT_THROW(read_with({{when, 0}}), DataError);
  EXPECT_THROW(read_with({{when, 11}}), DataError);
  EXPECT_THROW(read_with({{when, 3, 1.5, 0}}), DataError);
  EXPECT_THROW(read_with({{when, 3, 0.5, 0, {0.5, 0.6}}}), std::exception);
  EXPECT_THROW(read_with({{when, 3, 0.5, 0, {0.5, -0.5, 1, 0, 0, 0, 0, 0, 0, 0}}}), DataError);
  EXPECT_THROW(read_with(json::array()), DataError);
}

TEST(IncidentState, EvidenceGoesWithAnIncident) {
  json evidence = evidence_by_id(some_incidents());
  EXPECT_EQ(with_evidence(json::object())[0].evidence, std::nullopt);
  evidence["PW-9"] = evidence["PW-1"];
  EXPECT_THROW(with_evidence(evidence), DataError);
  evidence.erase("PW-9");
  EXPECT_EQ(with_evidence(evidence), some_incidents());
  evidence["PW-1"].erase("scenes");
  EXPECT_THROW(with_evidence(evidence), DataError);
}

/// `document` with each of its whole numbers replaced, one at a time.
void for_each_number(const json& document, const json& replaced, const std::function<void(const json&)>& visit) {
  const json members = document.flatten();
  for (const auto& [place, value] : members.items()) {
    if (!value.is_number_integer()) continue;
    SCOPED_TRACE(place + " as " + replaced.dump());
    json changed = document;
    changed[json::json_pointer(place)] = replaced;
    visit(changed);
  }
}

TEST(IncidentState, ANumberThatIsNotWholeOrTooLargeIsDamage) {
  PackedIncidents written;
  const json header = json::parse(packed_incidents(some_incidents(), written).dump());
  const json evidence = json::parse(evidence_by_id(some_incidents()).dump());
  for (const json& number : {json(1.5), json(1e20), json(std::uint64_t{1} << 63), json(true), json("1")}) {
    for_each_number(header, number, [&](const json& changed) {
      EXPECT_THROW(incidents_of(changed, refilled(changed, written), evidence, grid), DataError);
    });
    for_each_number(evidence, number, [&](const json& changed) {
      EXPECT_THROW(incidents_of(header, refilled(header, written), changed, grid), DataError);
    });
  }
}

// ---- format 2 ----

json at(int day) { return day_of(day).time_since_epoch().count(); }

json old_incident(const std::string& id, AlertStatus status, const json& runs, const json& growth) {
  return {{"id", id},
          {"status", static_cast<int>(status)},
          {"first_detected", growth.at(0).at(0)},
          {"confirmed_on", nullptr},
          {"closed_on", nullptr},
          {"last_detected", at(20)},
          {"last_observed", at(20)},
          {"observations", 7},
          {"confidence", 0.5},
          {"runs", runs},
          {"growth", growth},
          {"parents", json::array()},
          {"merged_into", ""}};
}

/// "day event state pixels", and * where the outline is known.
std::vector<std::string> told(const Incident& incident) {
  std::vector<std::string> lines;
  for (const IncidentEvent& event : incident.events) {
    lines.push_back(std::to_string(std::chrono::duration_cast<days>(event.when - day_of(0)).count()) + " " +
                    std::string(name(event.kind)) + " " + std::string(name(event.status)) + " " +
                    std::to_string(event.pixels) + (event.runs.empty() ? "" : "*"));
    EXPECT_TRUE(event.runs.empty() || event.runs == incident.runs);
    EXPECT_EQ(event.confidence, incident.confidence);
  }
  return lines;
}

const json three{{0, 1, 4}};
const json five{{0, 1, 4}, {1, 1, 3}};

TEST(IncidentStateOfFormat2, TellsWhatWasKept) {
  json closed = old_incident("PW-1", AlertStatus::closed, five, {{at(0), 3}, {at(5), 9}, {at(10), 5}});
  closed["confirmed_on"] = at(5);
  closed["closed_on"] = at(30);
  json recovers = old_incident("PW-2", AlertStatus::recovering, three, {{at(1), 3}});
  recovers["confirmed_on"] = at(1);
  json unconfirmed = old_incident("PW-3", AlertStatus::recovering, three, {{at(2), 3}});
  const auto incidents = incidents_of_format_2({closed, recovers, unconfirmed}, json::object());
  ASSERT_EQ(incidents.size(), 3U);
  EXPECT_THAT(told(incidents[0]),
              ElementsAre("0 first_detected provisional 3", "5 grew provisional 9", "5 confirmed confirmed 9",
                          "10 shrank confirmed 5*", "30 closed closed 5*"));
  EXPECT_EQ(incidents[0].status, AlertStatus::closed);
  EXPECT_EQ(incidents[0].closed_on, day_of(30));
  EXPECT_EQ(incidents[0].observations, 7);
  EXPECT_EQ(incidents[0].runs, (Ground{{0, 1, 4}, {1, 1, 3}}));
  EXPECT_THAT(told(incidents[1]), ElementsAre("1 first_detected provisional 3*", "1 confirmed confirmed 3*",
                                              "20 recovering recovering 3*"));
  EXPECT_THAT(told(incidents[2]), ElementsAre("2 first_detected provisional 3*"));
  EXPECT_EQ(incidents[2].status, AlertStatus::provisional);  // what was never confirmed does not recover
}

TEST(IncidentStateOfFormat2, MergedOnesAreSupersededByWhatGrew) {
  json goes_on = old_incident("PW-1", AlertStatus::provisional, five, {{at(0), 3}, {at(20), 4}, {at(22), 5}});
  goes_on["parents"] = {"PW-2", "PW-3", "PW-4"};
  json open = old_incident("PW-2", AlertStatus::confirmed, three, {{at(1), 3}});
  open["merged_into"] = "PW-1";
  open["confirmed_on"] = at(1);
  json closed = old_incident("PW-3", AlertStatus::closed, three, {{at(1), 3}});
  closed["merged_into"] = "PW-1";
  closed["closed_on"] = at(21);
  json late = old_incident("PW-4", AlertStatus::provisional, three, {{at(1), 3}});
  late["merged_into"] = "PW-1";
  late["last_observed"] = at(40);
  const auto incidents = incidents_of_format_2({goes_on, open, closed, late}, json::object());
  EXPECT_EQ(incidents[0].status, AlertStatus::provisional);
  EXPECT_THAT(told(incidents[1]), ElementsAre("1 first_detected provisional 3*", "1 confirmed confirmed 3*",
                                              "22 superseded superseded 3*"));
  EXPECT_THAT(told(incidents[2]),
              ElementsAre("1 first_detected provisional 3*", "21 closed closed 3*", "22 superseded superseded 3*"));
  EXPECT_FALSE(incidents[2].closed_on);
  EXPECT_EQ(incidents[2].merged_into, "PW-1");
  EXPECT_THAT(told(incidents[3]), ElementsAre("1 first_detected provisional 3*", "40 superseded superseded 3*"));
}

TEST(IncidentStateOfFormat2, WhatCannotBeIsDamaged) {
  const auto complaint_of = [](const std::function<void(json&)>& change) {
    json incident = old_incident("PW-1", AlertStatus::provisional, five, {{at(0), 3}, {at(5), 5}});
    change(incident);
    try {
      incidents_of_format_2(json::array({incident}), json::object());
      return std::string();
    } catch (const DataError& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(complaint_of([](json&) {}), "");
  EXPECT_THAT(complaint_of([](json& one) { one.erase("growth"); }), HasSubstr("is damaged: "));
  EXPECT_THAT(complaint_of([](json& one) { one["growth"] = json::array(); }), HasSubstr("is damaged: "));
  EXPECT_THAT(complaint_of([](json& one) { one["status"] = 17; }), HasSubstr("is damaged: "));
  EXPECT_THAT(complaint_of([](json& one) { one["merged_into"] = "PW-7"; }), HasSubstr("is damaged: "));
  EXPECT_THAT(complaint_of([](json& one) { one["runs"] = three; }), HasSubstr("is damaged: "));
  EXPECT_THAT(complaint_of([](json& one) { one["runs"] = {{0, 4, 1}}; }), HasSubstr("is damaged: "));
  EXPECT_THAT(complaint_of([](json& one) { one["runs"] = 5; }), HasSubstr("is damaged: "));
}

}  // namespace
}  // namespace pitwatch
