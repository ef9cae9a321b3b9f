// The register from outside: kept by run, read and written by alerts, the same whichever way the alerts came about.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "pipeline/io/register.hpp"
#include "tests/integration/process.hpp"
#include "tests/integration/series.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Outcome;
using test::read_text;
using test::run_process;
using test::series;
using ::testing::HasSubstr;
using ::testing::Not;

class AlertsCli : public ::testing::Test {
 protected:
  Outcome run(const std::string& state, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{
        PITWATCH_PROGRAM,  "run",     "--quiet", "--sites",      series().sites(), "--source",
        series().scenes(), "--state", state,     "--all-classes"};
    words.insert(words.end(), more.begin(), more.end());
    return run_process(words);
  }
  Outcome alerts(const std::vector<std::string>& more, const std::string& state = {}) const {
    std::vector<std::string> words{PITWATCH_PROGRAM, "alerts", "--state", state.empty() ? state_ : state};
    words.insert(words.end(), more.begin(), more.end());
    return run_process(words);
  }
  json listed(std::vector<std::string> filters) const {
    filters.insert(filters.begin(), {"list", "--json"});
    const Outcome found = alerts(filters);
    EXPECT_EQ(found.exit_code, 0) << found.err;
    return json::parse(found.out);
  }
  std::string register_of(const std::string& state) const { return read_text(state + "/register.gpkg"); }
  std::string alerts_of(const std::string& state) const { return read_text(state + "/alerts.geojson"); }

  test::TemporaryFolder folder_;
  const std::string state_ = folder_ / "state";
};

TEST_F(AlertsCli, SameRegisterNightByNightAndWhenKilled) {
  ASSERT_EQ(run(state_).exit_code, 0);
  const std::string expected = register_of(state_);
  ASSERT_GT(expected.size(), 0U);
  EXPECT_EQ(run(state_).exit_code, 0);
  EXPECT_TRUE(register_of(state_) == expected);

  const std::string nightly = folder_ / "nightly";
  for (const char* const until : {"2022-02-01", "2022-03-08", "2022-04-30", "2022-08-15", "2022-08-16", "2022-12-31"}) {
    ASSERT_EQ(run(nightly, {"--until", until}).exit_code, 0);
    EXPECT_EQ(alerts({"export", "--quiet"}, nightly).out, alerts_of(nightly)) << until;
  }
  EXPECT_TRUE(register_of(nightly) == expected);

  // Killed before, between and after the files are written; one of them behind the other.
  const std::string killed = folder_ / "killed";
  for (const int milliseconds : {200, 700, 1500, 2500}) {
    test::Invocation invocation{{PITWATCH_PROGRAM, "run", "--quiet", "--sites", series().sites(), "--source",
                                 series().scenes(), "--state", killed, "--all-classes"},
                                {},
                                {},
                                std::chrono::milliseconds(milliseconds)};
    run_process(invocation);
  }
  ASSERT_EQ(run(killed).exit_code, 0);
  EXPECT_TRUE(register_of(killed) == expected);
  for (const char* const lost : {"/register.gpkg", "/alerts.geojson"}) {
    fs::remove(killed + lost);
    ASSERT_EQ(run(killed).exit_code, 0);
    EXPECT_TRUE(register_of(killed) == expected) << lost;
    EXPECT_EQ(alerts_of(killed), alerts_of(state_)) << lost;
  }
  EXPECT_THAT(test::names_in(killed), ::testing::UnorderedElementsAre(".register.gpkg.lock", "alerts.geojson", "lock",
                                                                      "register.gpkg", "sites"));
}

TEST_F(AlertsCli, ReviewsSurvive) {
  ASSERT_EQ(run(state_).exit_code, 0);
  const json all = listed({});
  ASSERT_GT(all.size(), 3U);
  const std::string id = (*std::max_element(
      all.begin(), all.end(), [](const json& a, const json& b) { return a["area_ha"] < b["area_ha"]; }))["id"];
  const std::string before = alerts_of(state_);
  const Outcome reviewed = alerts({"review", id.substr(0, 9), "--verdict", "licensed", "--reviewer", "=Anna",
                                   "--reason", "permit \"7\"\nseen", "--at", "2023-01-02T03:04:05Z"});
  ASSERT_EQ(reviewed.exit_code, 0) << reviewed.err;
  EXPECT_EQ(reviewed.out, "");
  EXPECT_THAT(reviewed.err, HasSubstr(id));
  // Exports have it at once, alerts.geojson from the next run on.
  const std::string exported = alerts({"export", "--quiet"}).out;
  EXPECT_THAT(exported, HasSubstr(R"("review": {"verdict": "licensed", "reviewer": "=Anna", )"
                                  R"("reviewed_at": "2023-01-02T03:04:05Z", "reason": "permit \"7\"\nseen", )"
                                  R"("review_by": "id"})"));
  EXPECT_EQ(alerts_of(state_), before);
  const std::string written = register_of(state_);
  ASSERT_EQ(run(state_).exit_code, 0);
  EXPECT_EQ(alerts_of(state_), exported);
  EXPECT_TRUE(register_of(state_) == written);

  // In a rerun that is told of the register, and in none other; the register itself is left.
  const auto rerun = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{PITWATCH_PROGRAM, "rerun",    "--quiet",         "--sites",
                                   series().sites(), "--source", series().scenes(), "--to",
                                   "2022-12-31",     "--out",    folder_ / "rerun", "--all-classes"};
    words.insert(words.end(), more.begin(), more.end());
    return run_process(words).exit_code;
  };
  ASSERT_EQ(rerun({"--register", state_ + "/register.gpkg"}), 0);
  EXPECT_EQ(alerts_of(folder_ / "rerun"), exported);
  EXPECT_TRUE(register_of(state_) == written);
  ASSERT_EQ(rerun({}), 0);
  EXPECT_EQ(alerts_of(folder_ / "rerun"), before);
  EXPECT_FALSE(fs::exists(folder_ / "rerun/register.gpkg"));
  EXPECT_EQ(rerun({"--register", folder_ / "none.gpkg"}), 3);

  // Run anew with other options: other alerts, and the ground keeps its review.
  ASSERT_EQ(run(state_, {"--min-area-ha", "0.3"}).exit_code, 0);
  ASSERT_EQ(listed({"--review", "licensed"}).size(), 1U);
  ASSERT_EQ(run(state_).exit_code, 0);
  EXPECT_TRUE(register_of(state_) == written);
}

TEST_F(AlertsCli, Filters) {
  ASSERT_EQ(run(state_).exit_code, 0);
  const json all = listed({});
  const auto expect_those = [&](const std::vector<std::string>& filters, const auto& is_meant) {
    json meant = json::array();
    for (const json& alert : all) {
      if (is_meant(alert)) meant.push_back(alert);
    }
    EXPECT_GT(meant.size(), 0U) << filters[0];
    EXPECT_LT(meant.size(), all.size()) << filters[0];
    EXPECT_EQ(listed(filters), meant) << filters[0];
  };
  expect_those({"--status", "closed,recovering"},
               [](const json& a) { return a["status"] == "closed" || a["status"] == "recovering"; });
  expect_those({"--class", "harvest,to_water"},
               [](const json& a) { return a["class"] == "harvest" || a["class"] == "to_water"; });
  const auto day = [](const json& a) { return a["last_detected"].get<std::string>().substr(0, 10); };
  std::set<std::string> days;
  for (const json& alert : all) days.insert(day(alert));
  ASSERT_GE(days.size(), 3U);
  const std::string second = *std::next(days.begin());
  expect_those({"--from", second}, [&](const json& a) { return day(a) >= second; });
  expect_those({"--to", second}, [&](const json& a) { return day(a) <= second; });
  expect_those({"--min-area-ha", "0.2", "--max-area-ha", "2"},
               [](const json& a) { return a["area_ha"] >= 0.2 && a["area_ha"] <= 2; });
  expect_those({"--where", "confidence > 0.7 AND confirmed_on IS NOT NULL"},
               [](const json& a) { return a["confidence"] > 0.7 && !a["confirmed_on"].is_null(); });
  EXPECT_EQ(listed({"--site", "small"}), all);
  EXPECT_EQ(listed({"--site", "other"}), json::array());
  EXPECT_EQ(listed({"--review", "none"}), all);
  EXPECT_EQ(listed({"--bbox", "46,40,47,41"}), all);
  EXPECT_EQ(listed({"--bbox", "45,40,46,41"}), json::array());
}

TEST_F(AlertsCli, Texts) {
  ASSERT_EQ(run(state_).exit_code, 0);
  const json all = listed({});
  const std::string id = all[0]["id"];
  ASSERT_EQ(
      alerts({"review", id, "--verdict", "false", "--reviewer", "A\x1b[31mnna", "--reason", "+a field"}).exit_code, 0);
  const Outcome table = alerts({"list", "--quiet"});
  EXPECT_EQ(table.err, "");
  ASSERT_EQ(test::lines_of(table.out).size(), all.size() + 1);
  EXPECT_THAT(test::lines_of(table.out)[1], HasSubstr(id));
  EXPECT_THAT(test::lines_of(table.out)[1], HasSubstr("false"));
  const Outcome shown = alerts({"show", id});
  EXPECT_EQ(shown.exit_code, 0);
  for (const char* const part : {"first_detected", "history\n  2022-", "scenes\n  before", "  after ", "+a field"}) {
    EXPECT_THAT(shown.out, HasSubstr(part));
  }
  EXPECT_THAT(shown.out, Not(HasSubstr("\x1b"))) << "a terminal is not steered";
  const json shown_json = json::parse(alerts({"show", id, "--json"}).out);
  EXPECT_EQ(shown_json["history"][0]["event"], "first_detected");
  EXPECT_EQ(shown_json["history"][0]["at"], all[0]["first_detected"]);
  EXPECT_EQ(shown_json["history"].back()["class"], all[0]["class"]);
  EXPECT_EQ(shown_json["reviews"][0]["reviewer"], "A\x1b[31mnna");
  EXPECT_THAT(shown_json["geometry"]["type"], HasSubstr("Polygon"));
  EXPECT_THAT(alerts({"list", "--csv"}).out, HasSubstr(",'+a field,id,"));
}

TEST_F(AlertsCli, Exports) {
  ASSERT_EQ(run(state_).exit_code, 0);
  const std::string out = folder_ / "out/";
  const Outcome exported =
      alerts({"export", "--format", "geojson,gpkg,csv,kml", "--out", out, "--status", "confirmed"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_EQ(test::names_in(out),
            (std::vector<std::string>{"alerts.csv", "alerts.geojson", "alerts.gpkg", "alerts.kml"}));
  const std::size_t count = listed({"--status", "confirmed"}).size();
  EXPECT_EQ(json::parse(read_text(out + "alerts.geojson"))["features"].size(), count);
  EXPECT_EQ(read_register(out + "alerts.gpkg").alerts.size(), count);
  EXPECT_EQ(test::lines_of(read_text(out + "alerts.csv")).size(), count + 1);
  EXPECT_EQ(alerts({"export", "--format", "kml", "--status", "confirmed"}).out, read_text(out + "alerts.kml"));
  // What it exports it reads: an export is a register too.
  EXPECT_EQ(run_process({PITWATCH_PROGRAM, "alerts", "export", "--register", out + "alerts.gpkg"}).out,
            read_text(out + "alerts.geojson"));
  ASSERT_EQ(alerts({"export", "--site", "none", "--out", folder_ / "none.geojson"}).exit_code, 0);
  EXPECT_EQ(json::parse(read_text(folder_ / "none.geojson"))["features"], json::array());
}

TEST_F(AlertsCli, Failures) {
  const auto expect = [&](int code, const std::vector<std::string>& words, const char* message) {
    const Outcome outcome = alerts(words);
    EXPECT_EQ(outcome.exit_code, code) << message << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(message));
    EXPECT_EQ(test::lines_of(outcome.err).size(), 1U) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  };
  expect(3, {"list"}, "there is no register");
  ASSERT_EQ(run(state_).exit_code, 0);
  const std::string before = register_of(state_);
  expect(2, {}, "list, show, review or export?");
  expect(2, {"remove"}, "no action 'remove'");
  expect(2, {"show"}, "ID is missing");
  expect(2, {"list", "PW-1"}, "takes no ID");
  expect(2, {"show", "PW-"}, "may be any of");
  expect(2, {"show", "nothing"}, "no alert 'nothing'");
  expect(2, {"review", "PW-", "--verdict", "natural", "--reviewer", "A"}, "may be any of");
  expect(2, {"review", "PW-", "--verdict", "maybe", "--reviewer", "A"}, "'maybe' is none of");
  expect(2, {"review", "PW-", "--reviewer", "A"}, "--verdict");
  expect(2, {"review", "PW-", "--verdict", "natural"}, "--reviewer NAME is missing");
  expect(2, {"review", "PW-", "--verdict", "natural", "--reviewer", "A", "--at", "soon"}, "--at");
  expect(2, {"list", "--status", "open"}, "'open' is none of");
  expect(2, {"list", "--bbox", "1,2,3"}, "--bbox");
  expect(2, {"list", "--bbox", "3,2,1,4"}, "--bbox");
  expect(2, {"list", "--where", "size > 1"}, "--where");
  expect(2, {"list", "--from", "2023-01-01", "--to", "2022-01-01"}, "--from is later");
  expect(2, {"export", "--format", "shp"}, "'shp' is none of");
  expect(2, {"export", "--format", "gpkg"}, "--out is missing");
  expect(2, {"export", "--format", "csv,kml", "--out", folder_ / "a.csv"}, "must be a folder");
  expect(1, {"export", "--out", folder_ / "none/a.geojson"}, "none/a.geojson");
  EXPECT_TRUE(register_of(state_) == before);

  // A register that is damaged stops the run before any work, and is left; so is alerts.geojson.
  test::write_text(state_ + "/register.gpkg", before.substr(0, before.size() / 2));
  const std::string alerts_before = alerts_of(state_);
  const Outcome stopped = run(state_, {"--min-area-ha", "0.3"});
  EXPECT_EQ(stopped.exit_code, 3);
  EXPECT_THAT(stopped.err, HasSubstr("register.gpkg"));
  EXPECT_EQ(register_of(state_), before.substr(0, before.size() / 2));
  EXPECT_EQ(alerts_of(state_), alerts_before);
  expect(3, {"list"}, "register.gpkg");
}

}  // namespace
}  // namespace pitwatch
