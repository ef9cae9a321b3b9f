// A night in units of work, by pitwatch plan, run --unit and merge, from outside: it comes to what pitwatch run comes
// to, whatever the order, however often, and whoever is killed.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "tests/integration/faults.hpp"
#include "tests/integration/unit_nights.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::all_bytes;
using test::differences;
using test::lasting_without_units;
using test::Outcome;
using test::UnitNights;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

json newest_manifest(const std::string& state) {
  const std::string head = test::read_text(state + "/runs/HEAD");
  return json::parse(test::read_text(state + "/runs/" + head.substr(66, head.find('\n') - 66)));
}

/// Acquisitions, inputs and sites of a manifest: what a night has to say of itself beside times and hosts.
json content_of(const std::string& state) {
  const json manifest = newest_manifest(state);
  json content;
  for (const char* const member : {"acquisitions", "inputs", "sites", "missing", "exit_code", "command"}) {
    content[member] = manifest.at(member);
  }
  std::sort(content["inputs"].begin(), content["inputs"].end());
  json missing = json::array();
  for (json one : content["missing"]) {
    one.erase("since");
    missing.push_back(one);
  }
  content["missing"] = missing;
  return content;
}

std::string outcome_file(const std::string& state, const std::string& unit) {
  return state + "/units/" + test::names_in(state + "/units").front() + "/" + unit + ".json";
}

class UnitsCli : public ::testing::Test {
 protected:
  /// `in_parts`: a site was merged later than the others, so that rows of the register are in another order.
  void expect_same(bool in_parts = false) const {
    EXPECT_THAT(differences(contents(one_, in_parts), contents(many_, in_parts)), IsEmpty());
    const Outcome verified = test::verify(many_);
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  }
  static test::Contents contents(const std::string& state, bool in_parts) {
    test::Contents all = lasting_without_units(state);
    if (!in_parts) return all;
    std::vector<std::string> rows = test::lines_of(all["register.gpkg"]);
    std::sort(rows.begin(), rows.end());
    all["register.gpkg"].clear();
    for (const std::string& row : rows) all["register.gpkg"] += row + "\n";
    return all;
  }
  void run_one() const {
    const Outcome run = nights_.run("run", one_);
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }
  void plan() const {
    const Outcome planned = nights_.run("plan", many_);
    ASSERT_EQ(planned.exit_code, 0) << planned.err;
  }

  UnitNights nights_;
  std::string one_ = nights_ / "one";    // by run
  std::string many_ = nights_ / "many";  // in units
};

TEST_F(UnitsCli, NightsInUnitsComeToWhatRunsComeTo) {
  // The 25th scene of one site comes late.
  nights_.deliver("east-1", 0, 28);
  nights_.deliver("middle_2", 0, 24);
  nights_.deliver("middle_2", 25, 28);
  nights_.deliver("west-3", 0, 28);
  run_one();
  EXPECT_THAT(nights_.night_in_units(many_), ElementsAre("west-3", "middle_2", "east-1"));
  expect_same();
  EXPECT_EQ(content_of(one_), content_of(many_));
  EXPECT_GT(test::published_ids(many_).size(), 0U);

  nights_.deliver("middle_2", 24, 25);
  nights_.deliver("west-3", 28, 30);
  run_one();
  // Of what has no news there is no unit.
  EXPECT_THAT(nights_.night_in_units(many_), ElementsAre("west-3", "middle_2"));
  expect_same();
  EXPECT_EQ(content_of(one_), content_of(many_));

  // A night without news.
  run_one();
  EXPECT_THAT(nights_.night_in_units(many_), IsEmpty());
  expect_same();
  EXPECT_EQ(content_of(one_), content_of(many_));
}

TEST_F(UnitsCli, APlanNamesWhatIsToBeDone) {
  nights_.deliver_to_all(0, 20);
  const Outcome planned = nights_.run("plan", many_);
  ASSERT_EQ(planned.exit_code, 0) << planned.err;
  EXPECT_EQ(planned.out, test::read_text(many_ + "/plan.jsonl"));
  const std::vector<std::string> lines = test::lines_of(planned.out);
  ASSERT_EQ(lines.size(), 4U);
  const json header = json::parse(lines[0]);
  EXPECT_EQ(header.at("plan"), 1);
  EXPECT_EQ(header.at("units"), 3);
  EXPECT_EQ(header.at("options").at("history-days"), "150");
  const json unit = json::parse(lines[2]);
  EXPECT_EQ(unit.at("unit"), "middle_2");
  EXPECT_EQ(unit.at("new_acquisitions"), 20);
  EXPECT_EQ(unit.at("inputs").size(), 20U);
  EXPECT_EQ(unit.at("after"), json::array());
  EXPECT_GT(unit.at("memory_bytes"), 100 << 20);
  EXPECT_GT(unit.at("seconds"), 0);
  // It decides nothing: no site has a state, and there is no record.
  EXPECT_FALSE(fs::exists(many_ + "/sites"));
  EXPECT_FALSE(fs::exists(many_ + "/runs/HEAD"));

  // The same again is the same plan, and results of it stay.
  ASSERT_EQ(nights_.unit(many_, "west-3").exit_code, 0);
  const auto before = all_bytes(many_);
  const Outcome again = nights_.run("plan", many_);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  // West-3 has its acquisitions now: there is less to do.
  EXPECT_THAT(UnitNights::units_of(again.out), ElementsAre("east-1", "middle_2"));
  const auto planned_twice = all_bytes(many_);
  const Outcome third = nights_.run("plan", many_);
  EXPECT_EQ(third.out, again.out);
  EXPECT_TRUE(planned_twice == all_bytes(many_));
  for (const std::string id : {"east-1", "middle_2"}) EXPECT_EQ(nights_.unit(many_, id).exit_code, 0);
  EXPECT_EQ(nights_.run("merge", many_).exit_code, 0);
  run_one();
  expect_same();
}

TEST_F(UnitsCli, DoneAgainNothingChanges) {
  nights_.deliver_to_all(0, 28);
  plan();
  for (const std::string id : {"middle_2", "east-1", "west-3"}) {
    ASSERT_EQ(nights_.unit(many_, id).exit_code, 0);
    const auto before = all_bytes(many_);
    const Outcome again = nights_.unit(many_, id);
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_THAT(again.err, HasSubstr("done before"));
    EXPECT_THAT(differences(before, all_bytes(many_)), IsEmpty());
  }
  ASSERT_EQ(nights_.run("merge", many_).exit_code, 0);
  const auto before = all_bytes(many_);
  EXPECT_EQ(nights_.run("merge", many_).exit_code, 0);
  // A unit that a scheduler starts once more after the merge.
  EXPECT_EQ(nights_.unit(many_, "east-1").exit_code, 0);
  EXPECT_EQ(nights_.run("merge", many_).exit_code, 0);
  EXPECT_THAT(differences(before, all_bytes(many_)), IsEmpty());
}

TEST_F(UnitsCli, AMergeNamesUnitsWithoutAResultAndTakesThemInLater) {
  nights_.deliver_to_all(0, 28);
  run_one();
  nights_.night_in_units(many_);
  const auto first_night = test::published_ids(many_);
  nights_.deliver_to_all(28, 32);
  run_one();
  plan();
  ASSERT_EQ(nights_.unit(many_, "east-1").exit_code, 0);
  ASSERT_EQ(nights_.unit(many_, "west-3").exit_code, 0);
  const Outcome partial = nights_.run("merge", many_);
  EXPECT_EQ(partial.exit_code, 4) << partial.err;
  EXPECT_THAT(partial.err, HasSubstr("unit middle_2: has no result"));
  EXPECT_EQ(test::verify(many_).exit_code, 0);
  const json manifest = newest_manifest(many_);
  for (const json& site : manifest.at("sites")) {
    const bool is_missing = site.at("id") == "middle_2";
    EXPECT_EQ(site.at("looks"), is_missing ? 28 : 32) << site;
    EXPECT_EQ(site.at("last_error") != "", is_missing) << site;
    EXPECT_TRUE(site.at("is_watched"));
  }
  // What was published of it stays.
  for (const std::string& id : first_night) EXPECT_EQ(test::registered_ids(many_).count(id), 1U) << id;

  const auto before = all_bytes(many_);
  const Outcome again = nights_.run("merge", many_);
  EXPECT_EQ(again.exit_code, 4);
  EXPECT_THAT(again.err, HasSubstr("unit middle_2: has no result"));
  EXPECT_THAT(differences(before, all_bytes(many_)), IsEmpty());

  ASSERT_EQ(nights_.unit(many_, "middle_2").exit_code, 0);
  EXPECT_EQ(nights_.run("merge", many_).exit_code, 0);
  expect_same(true);
}

TEST_F(UnitsCli, ADamagedResultIsNamedAndDoneAgain) {
  nights_.deliver_to_all(0, 28);
  run_one();
  plan();
  for (const std::string id : {"east-1", "middle_2", "west-3"}) ASSERT_EQ(nights_.unit(many_, id).exit_code, 0);
  const std::string file = outcome_file(many_, "east-1");
  const std::string whole = test::read_text(file);
  const json good = json::parse(whole);
  std::vector<std::string> bad{"", "{", "[]", whole.substr(0, whole.size() / 2)};
  const auto changed = [&](const char* member, const json& value) {
    json other = good;
    other.at("panes").at(0)[member] = value;
    bad.push_back(other.dump());
  };
  // What a merge would remove, or vouch for, outside of the site's own folder.
  changed("obsolete", {"sites/west-3/looks-000028.state"});
  changed("obsolete", {"sites/east-1/../west-3/looks-000028.state"});
  changed("obsolete", {"/etc/passwd"});
  changed("chip_places", {"west-3"});
  changed("checkpoint", "sites/west-3/looks-000028.state");
  changed("checkpoint", "sites/east-1/looks-000099.state");
  json other_plan = good;
  other_plan["plan"] = "0123456789abcdef";
  bad.push_back(other_plan.dump());
  for (const std::string& text : bad) {
    SCOPED_TRACE(text.substr(0, 200));
    const std::string state = nights_ / "tried";
    test::Nights::copy(many_, state);
    test::write_text(outcome_file(state, "east-1"), text);
    const Outcome merged = nights_.run("merge", state);
    EXPECT_EQ(merged.exit_code, 4) << merged.err;
    EXPECT_THAT(merged.err, HasSubstr("unit east-1: has no result: "));
    EXPECT_TRUE(fs::exists(state + "/sites/west-3/looks-000028.state"));
    EXPECT_EQ(nights_.unit(state, "east-1").exit_code, 0);
    EXPECT_EQ(nights_.run("merge", state).exit_code, 0);
    EXPECT_THAT(differences(contents(one_, true), contents(state, true)), IsEmpty());
  }
}

TEST_F(UnitsCli, KilledUnitsGoOnAndAllThatWasReadIsOnRecord) {
  if (!test::can_preload) GTEST_SKIP() << "nothing can be preloaded under a sanitizer";
  nights_.deliver_to_all(0, 28);
  run_one();
  plan();
  const std::string tried = nights_ / "tried";
  test::Nights::copy(many_, tried);
  const std::vector<std::string> unit = nights_.command("run", tried, {"--unit", "middle_2"});
  const std::vector<test::Call> calls = test::calls_of(unit, tried);
  std::set<std::size_t> moments;
  for (const test::Call& call : calls) {
    if (call.kind == "rename") moments.insert({call.number, call.number + 1});
  }
  ASSERT_GE(moments.size(), 6U);
  const json expected = content_of(one_);
  for (const std::size_t moment : moments) {
    if (moment > calls.size()) continue;
    SCOPED_TRACE(std::to_string(moment) + ": " + calls[moment - 1].kind + " " + calls[moment - 1].path);
    test::Nights::copy(many_, tried);
    ASSERT_EQ(test::run_with_fault(unit, tried, {moment, "KILL"}).exit_code, -1);
    for (const std::string id : {"west-3", "middle_2", "east-1"}) {
      const Outcome done = nights_.unit(tried, id);
      EXPECT_EQ(done.exit_code, 0) << done.err;
    }
    EXPECT_EQ(nights_.run("merge", tried).exit_code, 0);
    EXPECT_THAT(differences(lasting_without_units(one_), lasting_without_units(tried)), IsEmpty());
    const json content = content_of(tried);
    EXPECT_EQ(content.at("acquisitions"), expected.at("acquisitions"));
    EXPECT_EQ(content.at("sites"), expected.at("sites"));
    std::set<std::string> inputs;
    for (const json& input : content.at("inputs")) inputs.insert(input.at("path"));
    for (const json& input : expected.at("inputs")) EXPECT_EQ(inputs.count(input.at("path")), 1U) << input;
    EXPECT_EQ(test::verify(tried, {}).exit_code, 0);
  }
}

TEST_F(UnitsCli, AKilledMergeIsMadeGood) {
  if (!test::can_preload) GTEST_SKIP() << "nothing can be preloaded under a sanitizer";
  nights_.deliver_to_all(0, 28);
  run_one();
  plan();
  for (const std::string id : {"east-1", "middle_2", "west-3"}) ASSERT_EQ(nights_.unit(many_, id).exit_code, 0);
  const std::string tried = nights_ / "tried";
  test::Nights::copy(many_, tried);
  const std::vector<std::string> merge = nights_.command("merge", tried);
  const std::vector<test::Call> calls = test::calls_of(merge, tried);
  std::set<std::size_t> moments;
  for (const test::Call& call : calls) {
    if (call.kind == "rename" && call.path.find("/chips/") == std::string::npos) {
      moments.insert({call.number, call.number + 1});
    }
  }
  ASSERT_GE(moments.size(), 5U);
  for (const std::size_t moment : moments) {
    if (moment > calls.size()) continue;
    SCOPED_TRACE(std::to_string(moment) + ": " + calls[moment - 1].kind + " " + calls[moment - 1].path);
    test::Nights::copy(many_, tried);
    ASSERT_EQ(test::run_with_fault(merge, tried, {moment, "KILL"}).exit_code, -1);
    const Outcome merged = nights_.run("merge", tried);
    EXPECT_EQ(merged.exit_code, 0) << merged.err;
    EXPECT_THAT(differences(lasting_without_units(one_), lasting_without_units(tried)), IsEmpty());
    EXPECT_EQ(test::verify(tried, {}).exit_code, 0);
  }
}

TEST_F(UnitsCli, ARunTakesInWhatUnitsDid) {
  nights_.deliver_to_all(0, 28);
  run_one();
  plan();
  ASSERT_EQ(nights_.unit(many_, "middle_2").exit_code, 0);
  const Outcome run = nights_.run("run", many_);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  expect_same();
  // What the unit read stands in the manifest before.
  std::set<std::string> acquired;
  for (const std::string& name : test::names_in(many_ + "/runs")) {
    if (!name.ends_with(".json")) continue;
    const json manifest = json::parse(test::read_text(many_ + "/runs/" + name));
    for (const json& used : manifest.at("acquisitions")) {
      if (used.at("site") == "middle_2") acquired.insert(used.at("acquired"));
    }
  }
  EXPECT_EQ(acquired.size(), 28U);
  EXPECT_FALSE(fs::exists(many_ + "/runs/.unfinished"));
  // The plan is no more.
  EXPECT_FALSE(fs::exists(many_ + "/units"));
  const Outcome merged = nights_.run("merge", many_);
  EXPECT_EQ(merged.exit_code, 2);
  EXPECT_THAT(merged.err, HasSubstr("plan.jsonl: is not there"));
  EXPECT_EQ(nights_.unit(many_, "east-1").exit_code, 2);
}

TEST_F(UnitsCli, PanesOfALargeSiteAreUnits) {
  const std::string sites = nights_ / "long.geojson";
  test::write_text(sites, R"({"type": "FeatureCollection", "features": [{"type": "Feature",
    "properties": {"id": "long", "name": "Long"}, "geometry": {"type": "Polygon", "coordinates":
    [[[46.55, 40.146], [46.705, 40.146], [46.705, 40.150], [46.55, 40.150], [46.55, 40.146]]]}}]})");
  const std::string series = nights_ / "series";
  const Outcome made = test::run_process({PITWATCH_PROGRAM,
                                          "simulate",
                                          "--sites",
                                          sites,
                                          "--from",
                                          "2021-01-01",
                                          "--until",
                                          "2022-10-31",
                                          "--every-days",
                                          "30",
                                          "--size-km",
                                          "14",
                                          "--clear-sky",
                                          "--disturbances",
                                          "100",
                                          "--decoys",
                                          "0",
                                          "--seed",
                                          "3",
                                          "--bands",
                                          "B02,B03,B04,B08,B11,B12",
                                          "--out",
                                          series});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const auto run = [&](const std::string& name, const std::string& state, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{PITWATCH_PROGRAM, name,      "--sites", sites, "--source",
                                   series + "/long", "--state", state};
    words.insert(words.end(), more.begin(), more.end());
    return test::run_process(words);
  };
  ASSERT_EQ(run("run", one_).exit_code, 0);
  EXPECT_GT(test::published_ids(one_).size(), 0U);
  const Outcome planned = run("plan", many_);
  ASSERT_EQ(planned.exit_code, 0) << planned.err;
  EXPECT_THAT(UnitNights::units_of(planned.out), ElementsAre("long:pane-1-1", "long:pane-1-2"));
  ASSERT_EQ(run("run", many_, {"--unit", "long:pane-1-2"}).exit_code, 0);
  // Of a site all panes are taken in, or none.
  const Outcome partial = run("merge", many_);
  EXPECT_EQ(partial.exit_code, 4);
  EXPECT_THAT(partial.err, HasSubstr("unit long:pane-1-1: has no result"));
  EXPECT_THAT(test::registered_ids(many_), IsEmpty());
  const auto before = all_bytes(many_);
  EXPECT_EQ(run("merge", many_).exit_code, 4);
  EXPECT_THAT(differences(before, all_bytes(many_)), IsEmpty());
  ASSERT_EQ(run("run", many_, {"--unit", "long:pane-1-1"}).exit_code, 0);
  EXPECT_EQ(run("merge", many_).exit_code, 0);
  expect_same();
  // Files that both panes read were read by both.
  for (const char* const member : {"acquisitions", "sites"}) {
    EXPECT_EQ(content_of(one_).at(member), content_of(many_).at(member));
  }
}

TEST_F(UnitsCli, OtherOptionsThanThoseOfThePlanAreRefusedByName) {
  nights_.deliver_to_all(0, 20);
  plan();
  const auto before = all_bytes(many_);
  const std::vector<std::vector<std::string>> other{{"--min-area-ha", "0.5"}, {"--chips", "3"}, {"--max-natural", "1"}};
  for (const std::vector<std::string>& more : other) {
    std::vector<std::string> with_unit = more;
    with_unit.insert(with_unit.end(), {"--unit", "east-1"});
    const Outcome unit = nights_.run("run", many_, with_unit);
    EXPECT_EQ(unit.exit_code, 2);
    EXPECT_THAT(unit.err, HasSubstr(more[0] + ": "));
    const Outcome merged = nights_.run("merge", many_, more);
    EXPECT_EQ(merged.exit_code, 2);
    EXPECT_THAT(merged.err, HasSubstr(more[0] + ": "));
  }
  const Outcome none = nights_.unit(many_, "nowhere");
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("--unit nowhere: the plan has no such unit"));
  EXPECT_THAT(differences(before, all_bytes(many_)), IsEmpty());
  // What changes no result may differ from machine to machine.
  EXPECT_EQ(nights_.run("run", many_, {"--unit", "east-1", "--threads", "1", "--memory", "2GiB"}).exit_code, 0);
}

TEST_F(UnitsCli, WhoIsAtWorkIsLeftAlone) {
  nights_.deliver_to_all(0, 20);
  plan();
  {
    const int state = ::open((many_ + "/lock").c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(::flock(state, LOCK_SH), 0);  // as a unit has it
    EXPECT_EQ(nights_.unit(many_, "east-1").exit_code, 0);
    for (const char* const command : {"run", "plan", "merge"}) EXPECT_EQ(nights_.run(command, many_).exit_code, 75);
    ::close(state);
  }
  const int unit = ::open((outcome_file(many_, ".west-3") + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::flock(unit, LOCK_EX), 0);
  const Outcome busy = nights_.unit(many_, "west-3");
  EXPECT_EQ(busy.exit_code, 75);
  EXPECT_THAT(busy.err, HasSubstr("at work"));
  EXPECT_EQ(nights_.unit(many_, "middle_2").exit_code, 0);
  ::close(unit);
}

TEST_F(UnitsCli, ADamagedPlanIsRefused) {
  nights_.deliver_to_all(0, 20);
  plan();
  const std::string file = many_ + "/plan.jsonl";
  const std::string whole = test::read_text(file);
  std::string renamed = whole;
  renamed.replace(renamed.find("east-1"), 6, "../e-1");
  std::string shifted = whole;
  shifted.replace(shifted.find("\"history-days\":\"150\""), 20, "\"history-days\":\"151\"");
  for (const std::string& text : {std::string(), std::string("{}"), whole.substr(0, whole.size() - 40), renamed,
                                  shifted, whole + whole.substr(whole.find('\n') + 1)}) {
    test::write_text(file, text);
    for (const Outcome& refused : {nights_.unit(many_, "west-3"), nights_.run("merge", many_)}) {
      EXPECT_EQ(refused.exit_code, 3) << refused.err;
      EXPECT_THAT(refused.err, HasSubstr("plan.jsonl: "));
    }
  }
  EXPECT_EQ(nights_.run("plan", many_).exit_code, 0);
  EXPECT_EQ(json::parse(test::lines_of(test::read_text(file)).front()).at("id"),
            json::parse(test::lines_of(whole).front()).at("id"));
}

}  // namespace
}  // namespace pitwatch
