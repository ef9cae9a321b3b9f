// What layers say of alerts, in the register: added, never changed, and added where it is new.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/io/vector/tables.hpp"
#include "pipeline/register/register.hpp"
#include "pipeline/register/register_as_of.hpp"
#include "tests/unit/io/alerts/postgis_server.hpp"
#include "tests/unit/io/test_support.hpp"
#include "tests/unit/register/register_support.hpp"

namespace pitwatch {
namespace {

using test::alert_of;
using test::happens;
using test::Night;
using test::told_alerts;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ContextDetail part(const std::string& subject, const std::string& id, double area_ha) {
  ContextDetail detail;
  detail.subject = subject;
  detail.layer = subject + "s";
  detail.feature_id = id;
  detail.area_ha = area_ha;
  detail.share = area_ha;
  detail.verdict = BoundaryVerdict::inside;
  return detail;
}

ContextDetail neighbour(const std::string& subject, const std::string& id, double distance_m) {
  ContextDetail detail;
  detail.subject = subject;
  detail.feature_id = id;
  detail.distance_m = distance_m;
  detail.figures = {{"slope_percent", 12.5}};
  return detail;
}

/// Of alert PW-a: in a licence, in a parcel, a river and a spring near it.
ContextFacts facts(const std::string& licence = "LIC-1") {
  ContextFacts facts;
  facts.alert_id = "PW-a";
  facts.context.site_share = 0.25;
  facts.context.licence =
      LicenceFacts{BoundaryVerdict::inside, Validity::valid, {licence}, {"A \"Gold\" Ltd"}, 1, 1, {}, {}};
  facts.context.parcel = ParcelFacts{{"P-1"}, 0.5, {}};
  facts.context.water = WaterFacts{};
  facts.context.water->surface = NearWater{"river", 120.04, {}};
  facts.context.water->spring = NearWater{"spring", 40, {}};
  facts.details = {part("licence", licence, 1), part("parcel", "P-1", 0.5), neighbour("spring", "spring", 40),
                   neighbour("surface_water", "river", 120.04)};
  return facts;
}

ContextLayerState layer(const std::string& sha256 = std::string(64, 'a')) {
  return {"licences", "licence", "licences.geojson", sha256, 3, 2, R"({"duplicate":{"count":1,"ids":["x"]}})", ""};
}

RunRow run_of(const std::string& now) {
  RunRow run;
  run.started_at = run.ended_at = parse_instant(now);
  run.command = "context";
  return run;
}

/// Writes what layers say; returns whether anything was changed.
bool tell(const std::string& target, const ContextUpdate& update, const std::string& now) {
  const auto work = [&](const AlertsInRegister&) { return update; };
  const auto write = prepare_context(target, work, run_of(now), parse_instant(now));
  write->commit();
  return write->changed();
}

/// "SUBJECT ID worked out", of each row, in order.
std::vector<std::string> rows(const std::string& target) {
  std::vector<std::string> rows;
  for (const RegisteredFact& fact : read_facts(target)) {
    EXPECT_EQ(fact.alert_id, "PW-a");
    EXPECT_EQ(fact.worked_out, fact.recorded_at);
    rows.push_back(fact.detail.subject + " " + (fact.columns.empty() ? fact.detail.feature_id : "all") + " " +
                   format_day(fact.worked_out));
  }
  return rows;
}

class RegisterContext : public ::testing::Test {
 protected:
  RegisterContext() { Night{told_alerts()}.into(path_); }
  AlertContext context(const std::string& id = "PW-a") const {
    return alert_of(read_register(path_), id).alert.context;
  }
  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "register.gpkg";
};

const std::vector<std::string> first_rows{
    "licence all 2024-06-01", "licence LIC-1 2024-06-01", "parcel all 2024-06-01",          "parcel P-1 2024-06-01",
    "site all 2024-06-01",    "spring spring 2024-06-01", "surface_water river 2024-06-01", "water all 2024-06-01"};

TEST_F(RegisterContext, FactsComeBackWithTheDayOnWhichTheyWereWorkedOut) {
  EXPECT_TRUE(tell(path_, {{facts()}, {layer()}}, "2024-06-01"));
  AlertContext expected = facts().context;
  const Instant then = parse_instant("2024-06-01");
  expected.licence->worked_out = expected.parcel->worked_out = expected.water->worked_out = then;
  expected.water->surface->distance_m = 120;
  EXPECT_EQ(context(), expected);
  EXPECT_EQ(context("PW-b"), AlertContext{});
  EXPECT_EQ(rows(path_), first_rows);
  const std::vector<RegisteredFact> found = read_facts(path_, "PW-a");
  ContextDetail river = facts().details[3];
  river.distance_m = 120;
  EXPECT_EQ(found[6].detail, river);
  EXPECT_EQ(found[0].columns, R"({"licence_verdict": "inside", "licence_validity": "valid", "licence_ids": ["LIC-1"], )"
                              R"("licence_holders": ["A \"Gold\" Ltd"], "licence_area_ha": 1, "licence_share": 1})");
  EXPECT_THAT(read_facts(path_, "PW-b"), IsEmpty());
  EXPECT_THAT(read_context_layers(path_), ElementsAre(RegisteredLayer{layer(), then}));
  EXPECT_EQ(read_runs(path_).back().command, "context");
}

TEST_F(RegisterContext, WhatIsAsBeforeAddsNothingAndKeepsItsDay) {
  tell(path_, {{facts()}, {layer()}}, "2024-06-01");
  const AlertContext before = context();
  EXPECT_FALSE(tell(path_, {{facts()}, {layer()}}, "2024-06-02"));
  EXPECT_EQ(rows(path_), first_rows);
  EXPECT_EQ(context(), before);
  EXPECT_THAT(read_context_layers(path_), SizeIs(1));
  EXPECT_THAT(read_runs(path_), SizeIs(3));
}

TEST_F(RegisterContext, AChangedLayerMakesNewFactsOfItsSubjectAndTheOldOnesStay) {
  tell(path_, {{facts()}, {layer()}}, "2024-06-01");
  EXPECT_TRUE(tell(path_, {{facts("LIC-2")}, {layer(std::string(64, 'b'))}}, "2024-06-02"));
  std::vector<std::string> expected = first_rows;
  expected.insert(expected.end(), {"licence all 2024-06-02", "licence LIC-2 2024-06-02"});
  EXPECT_EQ(rows(path_), expected);
  EXPECT_THAT(context().licence->ids, ElementsAre("LIC-2"));
  EXPECT_EQ(context().licence->worked_out, parse_instant("2024-06-02"));
  EXPECT_EQ(context().parcel->worked_out, parse_instant("2024-06-01"));
  EXPECT_THAT(read_context_layers(path_), SizeIs(2));
  // And back: what holds is what was recorded last, not what was ever recorded.
  EXPECT_TRUE(tell(path_, {{facts()}, {layer()}}, "2024-06-03"));
  EXPECT_THAT(rows(path_), SizeIs(12));
  EXPECT_THAT(context().licence->ids, ElementsAre("LIC-1"));
  EXPECT_THAT(read_context_layers(path_), SizeIs(3));
}

TEST_F(RegisterContext, OfASubjectThatIsNotWorkedOutTheFactsStay) {
  tell(path_, {{facts()}, {layer()}}, "2024-06-01");
  const AlertContext before = context();
  ContextFacts less = facts();
  less.context.licence.reset();
  less.context.water->spring.reset();
  less.context.water->surface->distance_m = 90;
  less.details = {part("parcel", "P-1", 0.5), neighbour("surface_water", "river", 90)};
  EXPECT_TRUE(tell(path_, {{less}, {layer()}}, "2024-06-02"));
  AlertContext expected = before;
  expected.water->surface->distance_m = 90;
  expected.water->worked_out = parse_instant("2024-06-02");
  EXPECT_EQ(context(), expected);
  EXPECT_THAT(rows(path_), SizeIs(first_rows.size() + 2));
  // A role that was worked out, and has nothing near, is known to have nothing.
  less.details.push_back(neighbour("spring", "", 0));
  less.details.back().distance_m.reset();
  EXPECT_TRUE(tell(path_, {{less}, {layer()}}, "2024-06-03"));
  EXPECT_FALSE(context().water->spring.has_value());
}

TEST_F(RegisterContext, FactsStayWithAnAlertThroughRunsThatKnowOfNone) {
  tell(path_, {{facts()}, {layer()}}, "2024-06-01");
  const AlertContext before = context();
  Night night{told_alerts()};
  night.now = "2024-06-02";
  EXPECT_FALSE(night.into(path_));
  happens(night.alerts[0], AlertEventKind::grew, "2024-06-01", 2, AlertStatus::confirmed);
  EXPECT_TRUE(night.into(path_));
  EXPECT_EQ(context(), before);
  night.alerts.clear();
  EXPECT_TRUE(night.into(path_));
  EXPECT_EQ(context(), before) << "of an alert that is superseded, too";
}

TEST_F(RegisterContext, ARunTellsOfTheAlertsAsItLeavesThem) {
  Night night{told_alerts()};
  night.now = "2024-06-02";
  happens(night.alerts[0], AlertEventKind::grew, "2024-06-01", 2, AlertStatus::confirmed);
  std::vector<double> areas;
  std::vector<std::string> events;
  const auto work = [&](const AlertsInRegister& alerts) {
    for (const OutlinedAlert& one : alerts.alerts) areas.push_back(one.alert.area_ha);
    for (const RegisteredEvent& event : alerts.history({"PW-a"})) {
      EXPECT_FALSE(event.outline.empty());
      events.push_back(event.alert_id + " " + format_day(event.at));
    }
    return ContextUpdate{{facts()}, {layer()}};
  };
  prepare_register(path_, night.update(), night.run(), serial_for, work)->commit();
  EXPECT_THAT(areas, ElementsAre(2, ::testing::DoubleNear(1.0008, 1e-9)));
  EXPECT_THAT(events, ElementsAre("PW-a 2022-01-25", "PW-a 2022-02-04", "PW-a 2022-02-04", "PW-a 2024-06-01"));
  EXPECT_THAT(context().licence->ids, ElementsAre("LIC-1"));
}

TEST_F(RegisterContext, IsOfTheOutlineOfToday) {
  tell(path_, {{facts()}, {layer()}}, "2024-06-01");
  const RegisterContent content = read_register(path_);
  const std::vector<RegisteredEvent> history = read_history(path_);
  const Alert today = alert_of(content, "PW-a").alert;
  EXPECT_EQ(alerts_as_of(content.alerts, history, today.last_observed).alerts.at(0).alert.context, today.context);
  EXPECT_EQ(alerts_as_of(content.alerts, history, today.first_detected).alerts.at(0).alert.context, AlertContext{});
}

TEST_F(RegisterContext, GoesWithAlertsIntoARegisterOfTheirOwn) {
  ContextFacts of_b = facts("LIC-B");
  of_b.alert_id = "PW-b";
  tell(path_, {{facts(), of_b}, {layer()}}, "2024-06-01");
  const OutlinedAlert alert = alert_of(read_register(path_), "PW-a");
  const std::string copy = folder_ / "copy.gpkg";
  test::write_text(copy, register_geopackage(path_, std::span(&alert, 1)));
  EXPECT_EQ(rows(copy), first_rows);
  EXPECT_THAT(read_context_layers(copy), SizeIs(1));
  EXPECT_EQ(alert_of(read_register(copy), "PW-a").alert.context, context());
}

/// The same register as versions wrote it that knew nothing of layers.
std::string without_context(const std::string& target) {
  std::vector<Table> layouts;
  for (Table layout : register_layouts()) {
    if (layout.name.starts_with("context_")) continue;
    std::erase_if(layout.columns, [&](const TableColumn& column) {
      const auto all = context_columns();
      return layout.name == "alerts" &&
             std::any_of(all.begin(), all.end(), [&](const AlertColumn& one) { return column.name == one.name; });
    });
    layouts.push_back(layout);
  }
  std::vector<Table> tables;
  for (std::optional<Table>& table : read_tables(target, layouts)) tables.push_back(*std::move(table));
  return geopackage(tables, parse_instant("2024-05-01"));
}

TEST_F(RegisterContext, ARegisterOfAFormerVersionIsReadAndBroughtUp) {
  const std::string former = folder_ / "former.gpkg";
  test::write_text(former, without_context(path_));
  EXPECT_THAT(read_register(former).alerts, SizeIs(2));
  EXPECT_THAT(read_facts(former), IsEmpty());
  EXPECT_THAT(read_context_layers(former), IsEmpty());
  EXPECT_EQ(alert_of(read_register(former), "PW-a").alert.context, AlertContext{});
  EXPECT_FALSE(register_geopackage(former, read_register(former).alerts).empty());
  EXPECT_TRUE(tell(former, {{facts()}, {layer()}}, "2024-06-01"));
  EXPECT_EQ(rows(former), first_rows);
  EXPECT_THAT(read_history(former), SizeIs(read_history(path_).size()));
}

TEST(RegisterContextInPostgis, IsTheSameAsInAFile) {
  if (!test::PostgisServer::is_installed()) GTEST_SKIP() << "no PostgreSQL with PostGIS";
  const test::PostgisServer server;
  const test::TemporaryFolder folder;
  const std::string file = folder / "register.gpkg";
  for (const std::string& target : {server.target(), file}) {
    Night{told_alerts()}.into(target);
    EXPECT_TRUE(tell(target, {{facts()}, {layer()}}, "2024-06-01"));
    EXPECT_FALSE(tell(target, {{facts()}, {layer()}}, "2024-06-02"));
    const std::string before = register_sha256(target);
    EXPECT_TRUE(tell(target, {{facts("LIC-2")}, {layer()}}, "2024-06-03"));
    EXPECT_NE(register_sha256(target), before);
  }
  EXPECT_EQ(read_facts(server.target()), read_facts(file));
  EXPECT_EQ(read_context_layers(server.target()), read_context_layers(file));
  EXPECT_EQ(alerts_geojson(read_register(server.target()).alerts, {}), alerts_geojson(read_register(file).alerts, {}));
  const auto write = prepare_context(
      server.target(),
      [&](const AlertsInRegister&) {
        return ContextUpdate{{facts("LIC-3")}, {}};
      },
      run_of("2024-06-04"), parse_instant("2024-06-04"));
  const std::string announced = write->sha256();
  write->commit();
  EXPECT_EQ(register_sha256(server.target()), announced);
}

}  // namespace
}  // namespace pitwatch
