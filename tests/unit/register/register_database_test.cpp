// The register in PostGIS: a server of its own in a temporary folder, reached by a socket there. Skipped where
// PostgreSQL and PostGIS are not installed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "pipeline/core/error.hpp"
#include "pipeline/register/register.hpp"
#include "tests/unit/io/alerts/postgis_server.hpp"
#include "tests/unit/io/test_support.hpp"
#include "tests/unit/register/register_support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::add_review;
using test::alert_of;
using test::happens;
using test::message_of;
using test::Night;
using test::review_of;
using test::told_alert;
using test::told_alerts;
using ::testing::HasSubstr;

class RegisterInPostgis : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::PostgisServer::is_installed()) GTEST_SKIP() << "no PostgreSQL with PostGIS";
    server_ = std::make_unique<test::PostgisServer>();
  }

  int sql(const std::string& statement) const { return server_->sql(statement); }
  std::string log() const { return server_->log(); }
  std::string target() const { return server_->target(); }

  test::TemporaryFolder folder_;
  std::unique_ptr<test::PostgisServer> server_;
};

TEST_F(RegisterInPostgis, SameAsInAFile) {
  Night night{told_alerts()};
  const std::string file = folder_ / "register.gpkg";
  EXPECT_TRUE(read_reviews(target()).empty());
  for (const std::string& each : {target(), file}) {
    ASSERT_TRUE(night.into(each));
    EXPECT_FALSE(night.into(each));
    add_review(each, "PW-a", review_of(Verdict::natural, "2022-06-01T10:00:00.25Z", "O'Hara \"\\\n Ω"));
    add_review(each, "PW-a", review_of(Verdict::licensed, "2022-05-01"));
    EXPECT_FALSE(night.into(each));
  }
  // PW-a is another, and the review goes with the ground; PW-b goes on.
  night.now = "2024-06-01";
  night.alerts[0] = told_alert("PW-new", 2);
  happens(night.alerts[1], AlertEventKind::grew, "2022-04-01", 2, AlertStatus::confirmed);
  night.alerts[1].scenes_after = {"S2B_9"};
  for (const std::string& each : {target(), file}) EXPECT_TRUE(night.into(each));
  const RegisterContent found = read_register(target());
  EXPECT_EQ(alerts_geojson(found.alerts, {}), alerts_geojson(read_register(file).alerts, {}));
  EXPECT_EQ(found.reviews.size(), 2U);
  EXPECT_EQ(alert_of(found, "PW-new").alert.review->by_overlap, true);
  EXPECT_EQ(alert_of(found, "PW-a").alert.superseded, (Superseded{SupersededWhy::replayed, {"PW-new"}}));
  const std::vector<RegisteredEvent> events = read_history(target());
  const std::vector<RegisteredEvent> expected = read_history(file);
  ASSERT_EQ(events.size(), expected.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].alert_id, expected[i].alert_id);
    EXPECT_EQ(events[i].recorded_at, expected[i].recorded_at);
    EXPECT_EQ(events[i].outline, expected[i].outline);
  }
  EXPECT_EQ(read_runs(target()), read_runs(file));
  EXPECT_EQ(register_geopackage(target(), found.alerts).empty(), false);
  ASSERT_EQ(sql("SELECT id, review, review_by, superseded_by, ST_SRID(geom), ST_Area(geom) > 0 FROM alerts "
                "ORDER BY fid"),
            0);
  EXPECT_EQ(log(), "PW-a|natural|id|[\"PW-new\"]|4326|t\nPW-b||||4326|t\nPW-new|natural|overlap||4326|t\n");
  ASSERT_EQ(sql("SELECT count(*), count(DISTINCT scene) FROM alert_scenes WHERE alert_id = 'PW-b'"), 0);
  EXPECT_EQ(log(), "4|4\n");

  // A reviewer may write there directly.
  ASSERT_EQ(sql("INSERT INTO reviews (alert_id, verdict, reviewer, reviewed_at) VALUES ('PW-new', 'false', 'SQL', "
                "'2022-07-01 00:00+04')"),
            0)
      << log();
  EXPECT_TRUE(night.into(target()));
  EXPECT_EQ(alert_of(read_register(target()), "PW-new").alert.review,
            (Review{Verdict::false_alert, "SQL", parse_instant("2022-06-30T20:00:00Z"), "", false}));
}

TEST_F(RegisterInPostgis, NothingIsVisibleBeforeCommit) {
  Night night{told_alerts()};
  night.into(target());
  const std::string before = register_sha256(target());
  night.alerts.push_back(told_alert("PW-c", 300));
  prepare_register(target(), night.update(), night.run());
  EXPECT_EQ(register_sha256(target()), before) << "without commit all is as it was";
  const auto write = prepare_register(target(), night.update(), night.run());
  EXPECT_TRUE(write->changed());
  const std::string sha256 = write->sha256();
  EXPECT_EQ(register_sha256(target()), before);
  // Who writes by other means waits.
  EXPECT_NE(sql("SET lock_timeout = '100ms'; INSERT INTO reviews (alert_id) VALUES ('PW-a')"), 0);
  write->commit();
  EXPECT_EQ(register_sha256(target()), sha256);
  EXPECT_NE(sha256, before);
  EXPECT_EQ(read_register(target()).alerts.size(), 3U);
  ASSERT_EQ(sql("UPDATE reviews SET reason = 'x'; UPDATE alert_history SET area_ha = 3 WHERE fid = 1"), 0) << log();
  EXPECT_NE(register_sha256(target()), sha256) << "what is changed by hand is seen";
}

TEST_F(RegisterInPostgis, AStepThatFailsChangesNothing) {
  Night night{told_alerts()};
  night.into(target());
  const std::string before = register_sha256(target());
  ASSERT_EQ(sql("ALTER TABLE alert_scenes ADD CHECK (scene <> 'S2_no')"), 0) << log();
  night.alerts[0].area_ha = 7;
  night.alerts[1].scenes_after = {"S2_no"};
  EXPECT_THAT(message_of<IoError>([&] { night.into(target()); }), HasSubstr("alert_scenes"));
  EXPECT_EQ(register_sha256(target()), before);
}

/// Later it may be there: that is another exit code than a row that cannot be written.
TEST_F(RegisterInPostgis, AServerThatIsLostWhileWritingIsUnavailable) {
  Night night{told_alerts()};
  night.into(target());
  const std::string before = register_sha256(target());
  ASSERT_EQ(sql("CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'; "
                "CREATE TRIGGER lose BEFORE INSERT ON alert_scenes EXECUTE FUNCTION lose()"),
            0)
      << log();
  night.alerts[1].scenes_after = {"S2_new"};
  EXPECT_THAT(message_of<UnavailableError>([&] { night.into(target()); }), HasSubstr("has ended"));
  ASSERT_EQ(sql("DROP TRIGGER lose ON alert_scenes"), 0) << log();
  EXPECT_EQ(register_sha256(target()), before);

  const auto write = prepare_register(target(), night.update(), night.run());
  server_->stop();
  EXPECT_THAT(message_of<UnavailableError>([&] { write->commit(); }), HasSubstr("has ended"));
  server_->start();
  EXPECT_EQ(register_sha256(target()), before);
}

/// That is no damage; GDAL fetches 500 rows at once.
TEST_F(RegisterInPostgis, AServerThatIsLostWhileReadingIsUnavailable) {
  Night night{told_alerts()};
  night.into(target());
  ASSERT_EQ(sql("INSERT INTO reviews (alert_id, verdict, reviewer, reviewed_at) SELECT 'PW-a', 'natural', 'R', "
                "'2022-06-01' FROM generate_series(1, 700); "
                "CREATE FUNCTION lose(fid integer) RETURNS boolean LANGUAGE plpgsql AS "
                "'BEGIN IF fid > 600 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN true; END'; "
                "ALTER TABLE reviews RENAME TO all_reviews; "
                "CREATE VIEW reviews AS SELECT * FROM all_reviews WHERE lose(fid)"),
            0)
      << log();
  EXPECT_THAT(message_of<UnavailableError>([&] { static_cast<void>(read_reviews(target())); }), HasSubstr("has ended"));
  EXPECT_THROW(static_cast<void>(register_sha256(target())), UnavailableError);
  EXPECT_THROW(static_cast<void>(register_digests(target())), UnavailableError);
}

TEST_F(RegisterInPostgis, TablesOfSomethingElseAreLeft) {
  ASSERT_EQ(sql("CREATE TABLE alerts (id text); INSERT INTO alerts VALUES ('mine')"), 0) << log();
  EXPECT_THAT(message_of<DataError>([&] { Night{told_alerts()}.into(target()); }),
              HasSubstr("'alerts' of something else"));
  ASSERT_EQ(sql("SELECT * FROM alerts"), 0);
  EXPECT_EQ(log(), "mine\n");
}

/// Shapes would be bytes there.
TEST_F(RegisterInPostgis, ADatabaseWithoutPostgisIsRefused) {
  const test::PostgisServer plain(false);
  for (const std::string& message : {message_of<DataError>([&] { Night{told_alerts()}.into(plain.target()); }),
                                     message_of<DataError>([&] { read_register(plain.target()); }),
                                     message_of<DataError>([&] { read_reviews(plain.target()); })}) {
    EXPECT_THAT(message, HasSubstr(plain.target() + ": the database has no PostGIS"));
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
  ASSERT_EQ(plain.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), 0);
  EXPECT_EQ(plain.log(), "0\n") << "nothing is made there";
  // One whose PostGIS lies in a schema of its own is none of these.
  ASSERT_EQ(plain.sql("CREATE SCHEMA gis; CREATE EXTENSION postgis SCHEMA gis"), 0) << plain.log();
  EXPECT_TRUE(Night{told_alerts()}.into(plain.target()));
  ASSERT_EQ(plain.sql("SELECT pg_typeof(geom) FROM alerts LIMIT 1"), 0);
  EXPECT_EQ(plain.log(), "gis.geometry\n");
}

TEST_F(RegisterInPostgis, AFormerRegisterIsBroughtUp) {
  Night night{told_alerts()};
  night.into(target());
  add_review(target(), "PW-a", review_of(Verdict::natural, "2022-06-01"));
  // As the former layout was: rows numbered by the program, so that the database's own numbers begin at one.
  ASSERT_EQ(sql("ALTER TABLE alerts DROP COLUMN superseded_by, DROP COLUMN superseded_why;"
                "ALTER TABLE alert_history DROP COLUMN revision, DROP COLUMN status, DROP COLUMN confidence,"
                "  DROP COLUMN recorded_at, DROP COLUMN geom;"
                "ALTER TABLE reviews DROP COLUMN recorded_at, DROP COLUMN os_user; DROP TABLE runs;"
                "SELECT setval('alerts_fid_seq', 1, false), setval('alert_history_fid_seq', 1, false),"
                "  setval('alert_scenes_fid_seq', 1, false)"),
            0)
      << log();
  EXPECT_EQ(read_register(target()).alerts.size(), 2U);
  EXPECT_TRUE(read_runs(target()).empty());
  happens(night.alerts[1], AlertEventKind::grew, "2022-04-01", 2, AlertStatus::confirmed);
  night.alerts.push_back(told_alert("PW-c", 300));
  EXPECT_TRUE(night.into(target()));
  EXPECT_FALSE(night.into(target()));
  EXPECT_EQ(read_register(target()).alerts.size(), 3U);
  ASSERT_EQ(sql("SELECT fid, revision, event, coalesce(status, '-'), geom IS NULL FROM alert_history "
                "WHERE alert_id = 'PW-b' ORDER BY fid"),
            0);
  EXPECT_EQ(log(), "4|1|first_detected|-|t\n5|1|grew|-|t\n6|1|confirmed|-|t\n7|1|grew|confirmed|f\n");
}

}  // namespace
}  // namespace pitwatch
