// Times without sight, in the register: added where they are new, closed when they end, withdrawn when they never were.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/vector/tables.hpp"
#include "pipeline/register/register.hpp"
#include "tests/unit/io/alerts/postgis_server.hpp"
#include "tests/unit/io/test_support.hpp"
#include "tests/unit/register/register_support.hpp"

namespace pitwatch {
namespace {

using test::told_alerts;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

RegisteredCoverage gap(const std::string& site, const std::string& begins) {
  RegisteredCoverage row;
  row.site = site;
  row.begins = parse_instant(begins);
  return row;
}

RegisteredCoverage ended(RegisteredCoverage row, const std::string& ends, int days) {
  row.standing = CoverageStanding::ended;
  row.ends = parse_instant(ends);
  row.days = days;
  row.expected = 4;
  row.received = 3;
  row.masked = 2;
  return row;
}

RegisteredCoverage outage(const std::string& satellite, const std::string& orbit) {
  RegisteredCoverage row = gap("north", "2024-02-01");
  row.kind = CoverageKind::outage;
  row.satellite = satellite;
  row.orbit = orbit;
  return row;
}

RegisteredCoverage blind_ground(const std::string& until, double share) {
  RegisteredCoverage row = gap("north", "2024-01-01");
  row.kind = CoverageKind::blind_ground;
  row.standing = CoverageStanding::ended;
  row.ends = parse_instant(until);
  row.blind_share = share;
  return row;
}

RegisteredCoverage at(RegisteredCoverage row, const std::string& recorded_at) {
  row.recorded_at = parse_instant(recorded_at);
  return row;
}

/// A night that knows no more than this.
void tell(const std::string& target, const CoverageUpdate& coverage, const std::string& now) {
  RegisterUpdate update;
  update.now = parse_instant(now);
  prepare_register(target, update, {}, serial_for, {}, coverage)->commit();
}

class RegisterCoverage : public ::testing::Test {
 protected:
  RegisterCoverage() : path_(folder_ / "register.gpkg") {}

  test::TemporaryFolder folder_;
  std::string path_;
};

TEST_F(RegisterCoverage, WhatGoesOnIsSaidOnceAndAgainWhenItHasEnded) {
  const RegisteredCoverage open = gap("north", "2024-03-01");
  tell(path_, {{open}, {"north"}}, "2024-04-01");
  tell(path_, {{open}, {"north"}}, "2024-04-02");
  EXPECT_THAT(read_coverage(path_), ElementsAre(at(open, "2024-04-01")));
  const RegisteredCoverage over = ended(open, "2024-04-20", 51);
  tell(path_, {{over}, {"north"}}, "2024-05-01");
  tell(path_, {{over}, {"north"}}, "2024-05-02");
  EXPECT_THAT(read_coverage(path_), ElementsAre(at(open, "2024-04-01"), at(over, "2024-05-01")));
}

TEST_F(RegisterCoverage, WhatALateAcquisitionFilledIsWithdrawnOnce) {
  const RegisteredCoverage first = ended(gap("north", "2024-03-01"), "2024-03-20", 20);
  const RegisteredCoverage other = ended(gap("south", "2024-03-01"), "2024-03-20", 20);
  tell(path_, {{first, other}, {"north", "south"}}, "2024-04-01");
  tell(path_, {{}, {"north"}}, "2024-04-02");  // nothing is said of the other site
  tell(path_, {{}, {"north"}}, "2024-04-03");
  RegisteredCoverage gone = gap("north", "2024-03-01");
  gone.standing = CoverageStanding::withdrawn;
  EXPECT_THAT(read_coverage(path_),
              ElementsAre(at(first, "2024-04-01"), at(other, "2024-04-01"), at(gone, "2024-04-02")));
  tell(path_, {{first}, {"north"}}, "2024-04-04");
  EXPECT_THAT(read_coverage(path_), SizeIs(4)) << "it may come back";
}

TEST_F(RegisterCoverage, OutagesAreKnownBySatelliteAndOrbitAndGroundByItsDays) {
  const CoverageUpdate told{{outage("", ""), outage("sentinel-2b", ""), outage("sentinel-2b", "92"), outage("", "92"),
                             blind_ground("2024-01-31", 0.251), blind_ground("2024-01-31", 0.25)},
                            {"north"}};
  tell(path_, told, "2024-04-01");
  EXPECT_THAT(read_coverage(path_),
              ElementsAre(at(outage("", ""), "2024-04-01"), at(outage("", "92"), "2024-04-01"),
                          at(outage("sentinel-2b", ""), "2024-04-01"), at(outage("sentinel-2b", "92"), "2024-04-01"),
                          at(blind_ground("2024-01-31", 0.25), "2024-04-01")));
  CoverageUpdate without_ground = told;
  without_ground.rows.resize(4);
  tell(path_, without_ground, "2024-04-02");
  EXPECT_THAT(read_coverage(path_), SizeIs(5)) << "what was blind stays so";
}

TEST_F(RegisterCoverage, ChangesNoAlertAndIsNoChangeOfThem) {
  test::Night{told_alerts()}.into(path_);
  const RegisterContent before = read_register(path_);
  const std::string exported = register_geopackage(path_, before.alerts);
  RegisterUpdate update;
  update.now = parse_instant("2024-06-01");
  update.listed = {"north"};
  for (const OutlinedAlert& one : before.alerts) update.listed.insert(one.alert.site.value());
  const auto write = prepare_register(path_, update, {}, serial_for, {}, {{gap("north", "2024-03-01")}, {"north"}});
  EXPECT_FALSE(write->changed());
  write->commit();
  EXPECT_THAT(read_coverage(path_), SizeIs(1));
  EXPECT_EQ(register_geopackage(path_, before.alerts), exported);
  EXPECT_THAT(table_names(path_), ::testing::Contains("coverage"));
}

TEST_F(RegisterCoverage, ARegisterOfAFormerVersionHasNoneUntilTheNextWrite) {
  tell(path_, {}, "2024-04-01");
  std::vector<Table> layouts;
  for (const Table& layout : register_layouts()) {
    if (layout.name != "coverage") layouts.push_back(layout);
  }
  std::vector<Table> tables;
  for (std::optional<Table>& table : read_tables(path_, layouts)) tables.push_back(*std::move(table));
  const std::string former = folder_ / "former.gpkg";
  test::write_text(former, geopackage(tables, parse_instant("2024-04-01")));
  EXPECT_THAT(read_coverage(former), IsEmpty());
  tell(former, {{gap("north", "2024-03-01")}, {"north"}}, "2024-04-02");
  EXPECT_THAT(read_coverage(former), SizeIs(1));
}

TEST_F(RegisterCoverage, RefusesRowsOfAnotherKindByNumber) {
  Table table = coverage_layout();
  table.rows.push_back(row_of(gap("north", "2024-03-01")));
  table.rows.push_back(table.rows.back());
  table.rows.back().cells[1] = std::string("holiday");
  table.numbers = {1, 2};
  try {
    coverage_rows_of(table);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(), "table 'coverage': row 2: no value 'holiday'");
  }
}

TEST(RegisterCoverageInPostgis, IsTheSameAsInAFile) {
  if (!test::PostgisServer::is_installed()) GTEST_SKIP() << "no PostgreSQL with PostGIS";
  const test::PostgisServer server;
  const test::TemporaryFolder folder;
  const std::string file = folder / "register.gpkg";
  for (const std::string& target : {server.target(), file}) {
    test::Night{told_alerts()}.into(target);
    const std::string before = register_sha256(target);
    tell(target, {{ended(gap("north", "2024-03-01"), "2024-03-20", 20), blind_ground("2024-01-31", 0.25)}, {"north"}},
         "2024-06-01");
    EXPECT_NE(register_sha256(target), before);
  }
  EXPECT_THAT(read_coverage(file), SizeIs(2));
  EXPECT_EQ(read_coverage(server.target()), read_coverage(file));
}

}  // namespace
}  // namespace pitwatch
