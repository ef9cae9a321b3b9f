// The register in PostGIS: a server of its own in a temporary folder, reached by a socket there. Skipped where
// PostgreSQL and PostGIS are not installed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "pipeline/core/error.hpp"
#include "pipeline/io/register.hpp"
#include "tests/unit/io_register_support.hpp"
#include "tests/unit/io_test_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::registered_alert;
using test::registered_alerts;
using test::review_of;
using ::testing::HasSubstr;

/// Debian's folder of the programs; empty where they are not installed.
std::string programs() {
  std::error_code none;
  for (fs::directory_iterator it("/usr/lib/postgresql", none), end; it != end; it.increment(none)) {
    const std::string version = it->path().filename().string();
    if (fs::exists(it->path() / "bin/initdb") &&
        fs::exists("/usr/share/postgresql/" + version + "/extension/postgis.control")) {
      return (it->path() / "bin").string();
    }
  }
  return {};
}

class RegisterInPostgis : public ::testing::Test {
 protected:
  void SetUp() override {
    programs_ = programs();
    if (programs_.empty()) GTEST_SKIP() << "no PostgreSQL with PostGIS";
    fs::permissions(folder_.path(), fs::perms::all);
    ASSERT_EQ(run(programs_ + "/initdb -A trust -U tester -D " + (folder_ / "data")), 0) << log();
    started_ = run(programs_ + "/pg_ctl -w -D " + (folder_ / "data") + " -l " + (folder_ / "server.log") +
                   " -o \"-c listen_addresses='' -c fsync=off -c timezone=Asia/Tbilisi -k " + folder_.path() +
                   "\" start") == 0;
    ASSERT_TRUE(started_) << log();
    ASSERT_EQ(sql("CREATE EXTENSION postgis"), 0) << log();
  }
  void TearDown() override {
    if (started_) run(programs_ + "/pg_ctl -m immediate -D " + (folder_ / "data") + " stop");
  }

  /// The server refuses to run as root.
  int run(const std::string& command) const {
    const std::string user = ::geteuid() == 0 ? "runuser -u postgres -- " : "";
    return std::system(("cd /tmp && " + user + command + " >" + (folder_ / "log") + " 2>&1").c_str());
  }
  int sql(const std::string& statement) const {
    return run("psql -v ON_ERROR_STOP=1 -tA -h " + folder_.path() + " -U tester -d postgres -c \"" + statement + "\"");
  }
  std::string log() const { return test::read_text(folder_ / "log"); }
  std::string target() const { return "PG:host=" + folder_.path() + " user=tester dbname=postgres"; }

  test::TemporaryFolder folder_;
  std::string programs_;
  bool started_ = false;
};

TEST_F(RegisterInPostgis, SameAsInAFile) {
  std::vector<OutlinedAlert> alerts = registered_alerts();
  EXPECT_TRUE(read_reviews(target()).empty());
  ASSERT_TRUE(update_register(target(), alerts));
  EXPECT_FALSE(update_register(target(), alerts));
  add_review(target(), "PW-a", review_of(Verdict::natural, "2022-06-01T10:00:00.25Z", "O'Hara \"\\\n Ω"));
  add_review(target(), "PW-a", review_of(Verdict::licensed, "2022-05-01"));
  EXPECT_FALSE(update_register(target(), alerts));
  EXPECT_EQ(alerts[0].alert.review->verdict, Verdict::natural);

  const std::string file = folder_ / "register.gpkg";
  update_register(file, alerts);
  add_review(file, "PW-a", review_of(Verdict::natural, "2022-06-01T10:00:00.25Z", "O'Hara \"\\\n Ω"));
  add_review(file, "PW-a", review_of(Verdict::licensed, "2022-05-01"));
  const AlertRegister found = read_register(target());
  EXPECT_TRUE(register_geopackage(found) == test::read_text(file));

  // Of another id on the same ground, a review goes with the ground.
  std::vector<OutlinedAlert> again{registered_alert("PW-new", 0.002)};
  EXPECT_TRUE(update_register(target(), again));
  EXPECT_TRUE(again[0].alert.review->by_overlap);
  ASSERT_EQ(sql("SELECT id, review, review_by, ST_SRID(geom), ST_Area(geom) > 0 FROM alerts"), 0);
  EXPECT_EQ(log(), "PW-new|natural|overlap|4326|t\n");
  ASSERT_EQ(sql("SELECT count(*) FROM reviews"), 0);
  EXPECT_EQ(log(), "2\n");
  // A reviewer may write there directly.
  ASSERT_EQ(sql("INSERT INTO reviews (alert_id, verdict, reviewer, reviewed_at) VALUES ('PW-new', 'false', 'SQL', "
                "'2022-07-01 00:00+04')"),
            0)
      << log();
  EXPECT_TRUE(update_register(target(), again));
  EXPECT_EQ(again[0].alert.review,
            (Review{Verdict::false_alert, "SQL", parse_instant("2022-06-30T20:00:00Z"), "", false}));
}

TEST_F(RegisterInPostgis, AStepThatFailsChangesNothing) {
  std::vector<OutlinedAlert> alerts = registered_alerts();
  update_register(target(), alerts);
  const std::string before = register_geopackage(read_register(target()));
  ASSERT_EQ(sql("ALTER TABLE alert_scenes ADD CHECK (scene <> 'S2_no')"), 0) << log();
  alerts[0].alert.area_ha = 7;
  alerts[1].alert.scenes_after = {"S2_no"};
  EXPECT_THAT(message_of<IoError>([&] { update_register(target(), alerts); }), HasSubstr("alert_scenes"));
  EXPECT_TRUE(register_geopackage(read_register(target())) == before);
}

TEST_F(RegisterInPostgis, TablesOfSomethingElseAreLeft) {
  ASSERT_EQ(sql("CREATE TABLE alerts (id text); INSERT INTO alerts VALUES ('mine')"), 0) << log();
  std::vector<OutlinedAlert> alerts = registered_alerts();
  EXPECT_THAT(message_of<DataError>([&] { update_register(target(), alerts); }),
              HasSubstr("'alerts' of something else"));
  ASSERT_EQ(sql("SELECT * FROM alerts"), 0);
  EXPECT_EQ(log(), "mine\n");
}

TEST_F(RegisterInPostgis, AColumnOfALaterVersionIsAdded) {
  std::vector<OutlinedAlert> alerts = registered_alerts();
  update_register(target(), alerts);
  ASSERT_EQ(sql("ALTER TABLE alerts DROP COLUMN area_uncertainty_ha"), 0) << log();
  EXPECT_THAT(message_of<DataError>([&] { read_register(target()); }), HasSubstr("'area_uncertainty_ha'"));
  EXPECT_TRUE(update_register(target(), alerts));
  EXPECT_EQ(read_register(target()).alerts.size(), 2U);
}

}  // namespace
}  // namespace pitwatch
