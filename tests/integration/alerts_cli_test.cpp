// The register from outside: kept by run, read and written by alerts, the same whichever way the alerts came about.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "pipeline/io/alerts/alert_reader.hpp"
#include "pipeline/register/register.hpp"
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
  /// What a register says of the alerts that stand: properties, outlines, and the newest revision of their history.
  static std::string standing_of(const std::string& state) {
    RegisterContent content = read_register(state + "/register.gpkg");
    std::erase_if(content.alerts, [](const OutlinedAlert& each) { return each.alert.superseded.has_value(); });
    std::string text = alerts_geojson(content.alerts, {});
    for (const OutlinedAlert& outlined : content.alerts) {
      for (const AlertEvent& event : outlined.alert.history) {
        text += outlined.alert.id + " " + format_instant(event.at) + " " + std::string(name(event.kind)) + " " +
                std::to_string(event.area_ha) + " " + std::string(name(event.change_class)) + " " +
                std::string(name(event.status)) + "\n";
      }
    }
    return text;
  }
  static std::set<std::string> ids_of(const std::string& state) {
    std::set<std::string> ids;
    for (const OutlinedAlert& outlined : read_register(state + "/register.gpkg").alerts) ids.insert(outlined.alert.id);
    return ids;
  }
  json changes(const std::vector<std::string>& words) const {
    std::vector<std::string> all{"diff", "--json"};
    all.insert(all.end(), words.begin(), words.end());
    const Outcome found = alerts(all);
    EXPECT_EQ(found.exit_code, 0) << found.err;
    return json::parse(found.out);
  }
  std::string alerts_of(const std::string& state) const { return read_text(state + "/alerts.geojson"); }

  test::TemporaryFolder folder_;
  const std::string state_ = folder_ / "state";
};

TEST_F(AlertsCli, SameRegisterNightByNightAndWhenKilled) {
  ASSERT_EQ(run(state_).exit_code, 0);
  const std::string expected = standing_of(state_);
  EXPECT_EQ(run(state_).exit_code, 0);
  EXPECT_EQ(standing_of(state_), expected);
  EXPECT_EQ(read_runs(state_ + "/register.gpkg").size(), 2U);

  const std::string nightly = folder_ / "nightly";
  std::set<std::string> published;
  for (const char* const until : {"2022-02-01", "2022-03-08", "2022-04-30", "2022-08-15", "2022-08-16", "2022-12-31"}) {
    ASSERT_EQ(run(nightly, {"--until", until}).exit_code, 0);
    EXPECT_EQ(alerts({"export", "--quiet"}, nightly).out, alerts_of(nightly)) << until;
    const std::set<std::string> ids = ids_of(nightly);
    EXPECT_TRUE(std::includes(ids.begin(), ids.end(), published.begin(), published.end())) << until;
    published = ids;
  }
  EXPECT_EQ(standing_of(nightly), expected);

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
  EXPECT_EQ(standing_of(killed), expected);
  fs::remove(killed + "/alerts.geojson");
  ASSERT_EQ(run(killed).exit_code, 0);
  EXPECT_EQ(standing_of(killed), expected);
  EXPECT_EQ(alerts_of(killed), alerts_of(state_));
}

TEST_F(AlertsCli, WhatWasPublishedStays) {
  ASSERT_EQ(run(state_).exit_code, 0);
  const std::set<std::string> published = ids_of(state_);
  const std::string before = alerts_of(state_);
  const std::size_t count = listed({}).size();
  // Other options: other alerts; those that are none any more are superseded, and shown where asked for alone.
  ASSERT_EQ(run(state_, {"--min-area-ha", "0.3", "--relearn"}).exit_code, 0);
  const std::set<std::string> more = ids_of(state_);
  EXPECT_TRUE(std::includes(more.begin(), more.end(), published.begin(), published.end()));
  const json superseded = listed({"--status", "superseded"});
  ASSERT_FALSE(superseded.empty());
  EXPECT_EQ(listed({"--all"}).size(), more.size());
  EXPECT_EQ(listed({}).size() + superseded.size(), more.size());
  EXPECT_TRUE(superseded[0]["superseded"].is_object());
  const std::string id = superseded[0]["id"];
  const json shown = json::parse(alerts({"show", id, "--json"}).out);
  EXPECT_EQ(shown["history"].back()["event"], "superseded");
  EXPECT_EQ(shown["history"].back()["status"], "superseded");
  EXPECT_TRUE(shown["history"].back()["geometry"].is_object());
  // It may be reviewed, and what stands for it is named.
  const Outcome reviewed = alerts({"review", id, "--verdict", "natural", "--reviewer", "A"});
  EXPECT_EQ(reviewed.exit_code, 0);
  EXPECT_THAT(reviewed.err, HasSubstr(id + " is superseded"));
  EXPECT_THAT(reviewed.err, ::testing::AnyOf(HasSubstr("none stands for it"), HasSubstr("stands for it")));

  // What differs from the file that was there.
  test::write_text(folder_ / "before.geojson", before);
  const json went = changes({folder_ / "before.geojson", state_});
  std::size_t told = 0;
  for (const json& change : went) {
    if (change["id"] == id) {
      EXPECT_EQ(change["change"], "went");
      EXPECT_EQ(change["why"], superseded[0]["superseded"]["why"]);
      EXPECT_EQ(change["by"], superseded[0]["superseded"]["by"]);
      ++told;
    }
  }
  EXPECT_EQ(told, 1U);

  // Another site: all of the first are kept, as not watched.
  const std::string sites = folder_ / "other.geojson";
  std::string text = read_text(series().sites());
  text.replace(text.find("\"small\""), 7, "\"other\"");
  test::write_text(sites, text);
  ASSERT_EQ(run_process({PITWATCH_PROGRAM, "run", "--quiet", "--sites", sites, "--source", series().scenes(), "--state",
                         state_, "--all-classes"})
                .exit_code,
            0);
  const std::set<std::string> all = ids_of(state_);
  EXPECT_TRUE(std::includes(all.begin(), all.end(), more.begin(), more.end()));
  EXPECT_EQ(listed({"--status", "not_watched"}).size() + superseded.size(), more.size());
  EXPECT_THAT(alerts({"diff", folder_ / "before.geojson", state_}).out, HasSubstr("not_watched"));
  // And watched again, by the options that it had first.
  ASSERT_EQ(run(state_, {"--relearn"}).exit_code, 0);
  EXPECT_EQ(listed({"--site", "small"}).size(), count);
}

TEST_F(AlertsCli, AsOf) {
  ASSERT_EQ(run(state_, {"--until", "2022-05-01"}).exit_code, 0);
  const json then = listed({});
  ASSERT_EQ(run(state_).exit_code, 0);
  const json now = listed({});
  const json as_of = listed({"--as-of", "2022-05-01"});
  ASSERT_FALSE(then.empty());
  const auto find = [](const json& list, const json& id) {
    const auto found = std::find_if(list.begin(), list.end(), [&](const json& each) { return each["id"] == id; });
    return found == list.end() ? json() : *found;
  };
  std::size_t others = 0;
  for (const json& alert : as_of) {
    EXPECT_LT(alert["first_detected"].get<std::string>(), "2022-05-02");
    EXPECT_TRUE(alert["confirmed_on"].is_null() || alert["confirmed_on"].get<std::string>() < "2022-05-02");
    const json was = find(then, alert["id"]);
    ASSERT_TRUE(was.is_object()) << alert["id"];
    others += alert != find(now, alert["id"]) ? 1 : 0;
  }
  EXPECT_GT(others, 0U);
  for (const json& alert : as_of) {
    const bool is_another = alert["area_ha"] != find(now, alert["id"])["area_ha"];
    EXPECT_EQ(alert["area_uncertainty_ha"].is_null(), is_another) << "that of today is of another area";
  }
  const std::string any = as_of[0]["id"];
  const Outcome early = alerts({"show", any, "--as-of", "2021-01-01"});
  EXPECT_EQ(early.exit_code, 2);
  EXPECT_THAT(early.err, HasSubstr("alert '" + any + "' was first detected on "));
  EXPECT_EQ(listed({"--as-of", "2020-01-01"}), json::array());
  EXPECT_EQ(listed({"--as-of", "2023-06-01"}), now);
  const json collection = json::parse(alerts({"export", "--as-of", "2022-05-01T12:00:00Z"}).out);
  EXPECT_EQ(collection["as_of"], "2022-05-01T12:00:00Z");
  // The same day by two ways of saying it.
  EXPECT_EQ(changes({"2022-05-01", "2022-05-01T23:59:59.999Z"}), json::array());
  const json since = changes({"2022-05-01", state_});
  EXPECT_GT(since.size(), 0U);
  std::set<std::string> kinds;
  for (const json& change : since) kinds.insert(change["change"].get<std::string>());
  EXPECT_EQ(kinds.count("appeared"), 1U);
  EXPECT_EQ(changes({state_, state_}), json::array());
  EXPECT_EQ(changes({state_, state_ + "/alerts.geojson"}), json::array());
  EXPECT_THAT(alerts({"diff", "2022-05-01", state_, "--csv"}).out, HasSubstr("id,site,change,status_before"));
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
  ASSERT_EQ(run(state_).exit_code, 0);
  EXPECT_EQ(alerts_of(state_), exported);
  const std::string written = register_of(state_);

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
  ASSERT_EQ(run(state_, {"--min-area-ha", "0.3", "--relearn"}).exit_code, 0);
  ASSERT_GE(listed({"--review", "licensed"}).size(), 1U);
  ASSERT_EQ(run(state_, {"--relearn"}).exit_code, 0);
  EXPECT_EQ(listed({"--review", "licensed"})[0]["id"], id);
  EXPECT_EQ(read_reviews(state_ + "/register.gpkg").size(), 1U);
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
  for (const char* const part :
       {"first_detected", "superseded_why", "history\n  2022-", "scenes\n  before", "  after ", "+a field"}) {
    EXPECT_THAT(shown.out, HasSubstr(part));
  }
  EXPECT_THAT(shown.out, Not(HasSubstr("\x1b"))) << "a terminal is not steered";
  const json shown_json = json::parse(alerts({"show", id, "--json"}).out);
  EXPECT_EQ(shown_json["history"][0]["event"], "first_detected");
  EXPECT_EQ(shown_json["history"][0]["at"], all[0]["first_detected"]);
  EXPECT_EQ(shown_json["history"].back()["class"], all[0]["class"]);
  EXPECT_EQ(shown_json["reviews"][0]["reviewer"], "A\x1b[31mnna");
  EXPECT_TRUE(shown_json["reviews"][0]["os_user"].is_string());
  EXPECT_EQ(shown_json["history"][0]["revision"], 1);
  EXPECT_TRUE(shown_json["history"][0]["recorded_at"].is_string());
  EXPECT_THAT(shown.out, HasSubstr("revision 1  recorded 20"));
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
  // What it exports it reads: an export is a register too, but for the state that it is of.
  json of_export =
      json::parse(run_process({PITWATCH_PROGRAM, "alerts", "export", "--register", out + "alerts.gpkg"}).out);
  json of_state = json::parse(read_text(out + "alerts.geojson"));
  EXPECT_EQ(of_state.erase("as_of"), 1U);
  EXPECT_EQ(of_export, of_state);
  ASSERT_EQ(alerts({"export", "--site", "none", "--out", folder_ / "none.geojson"}).exit_code, 0);
  EXPECT_EQ(json::parse(read_text(folder_ / "none.geojson"))["features"], json::array());
}

TEST_F(AlertsCli, TheNameOfAFileSaysItsFormat) {
  ASSERT_EQ(run(state_).exit_code, 0);
  const auto begins = [&](const std::string& name, std::string_view with) {
    const std::string path = folder_ / name;
    EXPECT_EQ(alerts({"export", "--out", path}).exit_code, 0) << name;
    EXPECT_TRUE(read_text(path).starts_with(with)) << name << ": " << read_text(path).substr(0, 40);
  };
  begins("a.gpkg", "SQLite format 3");
  begins("a.KML", "<?xml");
  begins("a.csv", "id,");
  begins("a.json", "{");
  begins("a", "{");
  for (const std::string name : {"a.shp", "a.kmz", "a.csv.gz", "a.XLSX", "a.txt"}) {
    const Outcome outcome = alerts({"export", "--out", folder_ / name});
    EXPECT_EQ(outcome.exit_code, 2) << name;
    EXPECT_THAT(outcome.err, HasSubstr("known are .geojson, .json, .gpkg, .csv and .kml"));
    EXPECT_FALSE(fs::exists(folder_ / name));
  }
  EXPECT_EQ(alerts({"export", "--out", folder_ / "a.txt", "--format", "csv"}).exit_code, 0);
  EXPECT_TRUE(read_text(folder_ / "a.txt").starts_with("id,"));
  for (const auto& [name, format] : {std::pair{"b.kml", "csv"}, {"b.gpkg", "geojson"}, {"b.geojson", "gpkg"}}) {
    const Outcome outcome = alerts({"export", "--out", folder_ / name, "--format", format});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("another format"));
    EXPECT_FALSE(fs::exists(folder_ / name));
  }
}

TEST_F(AlertsCli, AServerThatNeverAnswersIsNotWaitedFor) {
  // Connections are taken by the system, and nobody reads them.
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  const auto list = [&](const std::string& target) {
    test::Invocation invocation{{PITWATCH_PROGRAM, "alerts", "list", "--register", target}, {}, {}, {}};
    invocation.time_limit = std::chrono::seconds(30);
    return run_process(invocation);
  };
  const Outcome silent = list("PG:host=127.0.0.1 port=" + port + " dbname=x password=secret connect_timeout=2");
  EXPECT_EQ(silent.exit_code, 69) << silent.err;
  EXPECT_EQ(test::lines_of(silent.err).size(), 1U) << silent.err;
  EXPECT_THAT(silent.err, Not(HasSubstr("secret")));
  ::close(listener);
  EXPECT_EQ(list("PG:host=127.0.0.1 port=" + port + " dbname=x").exit_code, 69);
}

TEST_F(AlertsCli, FiltersAreBounded) {
  ASSERT_EQ(run(state_).exit_code, 0);
  const Outcome outcome = alerts({"list", "--where", "site LIKE '" + std::string(5000, '%') + "x'"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--where: a filter of more than"));
  EXPECT_EQ(alerts({"list", "--where", "site LIKE '" + std::string(17, '%') + "x'"}).exit_code, 2);
  EXPECT_EQ(alerts({"list", "--where", "site LIKE '%ma%'"}).exit_code, 0);
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
  expect(2, {}, "list, show, review, diff or export?");
  expect(2, {"remove"}, "no action 'remove'");
  expect(2, {"show"}, "ID is missing");
  expect(2, {"--site", "list", "show"}, "unrecognised option '--site'");  // a value is no action
  expect(2, {"list", "PW-1"}, "too many positional options");
  expect(2, {"show", "PW-"}, "may be any of");
  expect(2, {"show", "nothing"}, "no alert 'nothing'");
  expect(2, {"review", "PW-", "--verdict", "natural", "--reviewer", "A"}, "may be any of");
  expect(2, {"review", "PW-", "--verdict", "maybe", "--reviewer", "A"}, "'maybe' is none of");
  expect(2, {"review", "PW-", "--reviewer", "A"}, "--verdict");
  expect(2, {"review", "PW-", "--verdict", "natural"}, "--reviewer NAME is missing");
  expect(2, {"review", "PW-", "--verdict", "natural", "--reviewer", "A", "--at", "soon"}, "--at");
  const std::string whole = read_register(state_ + "/register.gpkg").alerts[0].alert.id;
  expect(2, {"review", whole, "--verdict", "natural", "--reviewer", "A", "--at", "2099-01-01"}, "is in the future");
  expect(2, {"review", whole, "--verdict", "natural", "--reviewer", "A", "--as-of", "2022-01-01"},
         "unrecognised option '--as-of'");
  expect(2, {"list", "--as-of", "once"}, "--as-of");
  expect(2, {"export", "--format", "gpkg", "--out", folder_ / "a.gpkg", "--as-of", "2022-01-01"}, "takes no --as-of");
  expect(2, {"show", whole, "more"}, "too many positional options");
  expect(2, {"list", "--verdict", "natural"}, "unrecognised option '--verdict'");
  expect(2, {"diff", state_}, "takes two");
  expect(2, {"diff", state_, folder_ / "nowhere"}, "is no file, no folder and no date");
  expect(3, {"diff", state_, folder_.path()}, "alerts.geojson: cannot open");
  expect(2, {"list", "--status", "open"}, "'open' is none of");
  expect(2, {"list", "--bbox", "1,2,3"}, "--bbox");
  expect(2, {"list", "--bbox", "3,2,1,4"}, "--bbox");
  expect(2, {"list", "--where", "size > 1"}, "--where");
  expect(2, {"list", "--where", "fid = 1"}, "rows have no number 'fid' here: use id");
  expect(2, {"list", "--from", "2023-01-01", "--to", "2022-01-01"}, "--from is later");
  expect(2, {"export", "--format", "shp"}, "'shp' is none of");
  expect(2, {"export", "--format", "gpkg"}, "--out is missing");
  expect(2, {"export", "--format", "csv,kml", "--out", folder_ / "a.csv"}, "must be a folder");
  expect(2, {"export", "--out", folder_ / "none/a.geojson"}, "none/a.geojson");
  EXPECT_TRUE(register_of(state_) == before);

  // A register that is damaged stops the run before any work, and is left; so is alerts.geojson.
  test::write_text(state_ + "/register.gpkg", before.substr(0, before.size() / 2));
  const std::string alerts_before = alerts_of(state_);
  const Outcome stopped = run(state_);
  EXPECT_EQ(stopped.exit_code, 3);
  EXPECT_THAT(stopped.err, HasSubstr("register.gpkg"));
  EXPECT_EQ(register_of(state_), before.substr(0, before.size() / 2));
  EXPECT_EQ(alerts_of(state_), alerts_before);
  expect(3, {"list"}, "register.gpkg");
}

}  // namespace
}  // namespace pitwatch
