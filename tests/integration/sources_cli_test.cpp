// Sources that shrink, change and come back between nights: what was taken in stays, and it is told.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

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
using test::write_text;
using ::testing::HasSubstr;
using ::testing::Not;

class SourcesCli : public ::testing::Test {
 protected:
  void SetUp() override { fs::copy(watched(), state_, fs::copy_options::recursive); }

  /// A state that has seen all scenes, and what it published; made once.
  static const std::string& watched() {
    static const test::TemporaryFolder folder;
    static const std::string state = [] {
      const std::string path = folder / "state";
      const Outcome run = run_process({PITWATCH_PROGRAM, "run", "--quiet", "--sites", series().sites(), "--source",
                                       series().scenes(), "--state", path});
      if (run.exit_code != 0) throw std::runtime_error(run.err);
      return path;
    }();
    return state;
  }

  Outcome run(const std::vector<std::string>& more = {}) const { return run_on(state_, more); }
  Outcome run_on(const std::string& state, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{PITWATCH_PROGRAM, "run", "--source", inbox_, "--state", state};
    if (std::find(more.begin(), more.end(), "--sites") == more.end()) {
      words.insert(words.end(), {"--sites", series().sites()});
    }
    words.insert(words.end(), more.begin(), more.end());
    return run_process(words);
  }

  static std::size_t count() { return series().names().size(); }
  std::string scene(std::size_t i) const { return inbox_ + "/" + series().names()[i]; }
  std::string item(std::size_t i) const { return scene(i) + "/" + series().names()[i] + ".json"; }

  void deliver(std::size_t first, std::size_t last) const {
    fs::create_directories(inbox_);
    for (std::size_t i = first; i < std::min(last, count()); ++i) {
      fs::copy(series().scenes() + "/" + series().names()[i], scene(i), fs::copy_options::recursive);
    }
  }

  static std::string alerts_of(const std::string& state) { return read_text(state + "/alerts.geojson"); }
  const std::string& expected() const {
    static const std::string text = alerts_of(watched());
    return text;
  }

  static std::set<std::string> ids_of(const std::string& alerts) {
    std::set<std::string> ids;
    const json document = json::parse(alerts);
    for (const json& alert : document.at("features")) ids.insert(alert.at("id"));
    return ids;
  }

  /// The register's rows, superseded ones too.
  json registered(const std::string& state) const {
    const Outcome listed = run_process({PITWATCH_PROGRAM, "alerts", "list", "--all", "--json", "--state", state});
    EXPECT_EQ(listed.exit_code, 0) << listed.err;
    return json::parse(listed.out);
  }

  /// No alert that was ever published may be without a row, and none may be lost that stood.
  void expect_no_id_lost(const std::string& state) const {
    std::set<std::string> found;
    for (const json& alert : registered(state)) found.insert(alert.at("id"));
    for (const std::string& id : ids_of(expected())) EXPECT_EQ(found.count(id), 1U) << id;
  }

  void expect_as_before() const {
    EXPECT_EQ(alerts_of(state_), expected());
    expect_no_id_lost(state_);
  }

  test::TemporaryFolder folder_;
  const std::string state_ = folder_ / "state";
  const std::string inbox_ = folder_ / "inbox";
};

TEST_F(SourcesCli, OldScenesLeaveTheArchive) {
  ASSERT_GT(ids_of(expected()).size(), 5U);
  for (const std::size_t kept : {std::size_t{9}, count() - 1}) {
    fs::remove_all(inbox_);
    deliver(count() - kept, count());
    const Outcome shrunk = run();
    EXPECT_EQ(shrunk.exit_code, 0) << shrunk.err;
    expect_as_before();
  }
  // Told once, and back again without a word.
  fs::remove_all(inbox_);
  deliver(count() - 5, count());
  EXPECT_THAT(run().err, HasSubstr("their files are gone"));
  EXPECT_THAT(run().err, Not(HasSubstr("their files are gone")));
  deliver(0, count() - 5);
  EXPECT_EQ(run().exit_code, 0);
  expect_as_before();
}

TEST_F(SourcesCli, OneSceneIsWithdrawnTruncatedRenamedOrDescribedAnew) {
  deliver(0, count());
  fs::remove_all(scene(17));
  write_text(scene(20) + "/B08.tif", "");
  fs::rename(scene(30), inbox_ + "/under-another-name");
  json described = json::parse(read_text(item(40)));
  described["properties"]["updated"] = "2024-05-06T07:08:09Z";
  described["properties"]["eo:cloud_cover"] = 99;
  write_text(item(40), described.dump());
  const Outcome after = run();
  EXPECT_EQ(after.exit_code, 0) << after.err;
  EXPECT_THAT(after.err, HasSubstr("small: 1 acquisitions"));
  EXPECT_THAT(after.err, HasSubstr("their files have changed"));
  EXPECT_THAT(after.err, HasSubstr(" 0 new, 0 replayed"));
  expect_as_before();
}

TEST_F(SourcesCli, AnotherEditionOfWhatWasTakenInIsNamed) {
  deliver(0, count());
  // Processed anew, beside the former edition, and in its place.
  for (const std::size_t i : {std::size_t{33}, std::size_t{50}}) {
    json edition = json::parse(read_text(item(i)));
    json& properties = edition["properties"];
    edition["id"] = edition["id"].get<std::string>() + "_again";
    properties["s2:processing_baseline"] = "05.11";
    properties["created"] = "2024-01-01T00:00:00Z";
    properties["s2:generation_time"] = "2024-01-01T00:00:00Z";
    for (const auto& entry : fs::directory_iterator(scene(i))) {
      if (entry.path().extension() == ".tif") {
        fs::create_directories(scene(i) + "_again");
        fs::copy(entry.path(), scene(i) + "_again/" + entry.path().filename().string());
      }
    }
    write_text(scene(i) + "_again/item.json", edition.dump());
  }
  fs::remove_all(scene(50));
  const Outcome after = run();
  EXPECT_EQ(after.exit_code, 0) << after.err;
  EXPECT_THAT(after.err, HasSubstr("a newer edition is in the source"));
  EXPECT_THAT(after.err, HasSubstr(" 0 new, 0 replayed"));
  expect_as_before();
}

TEST_F(SourcesCli, NoSourceIsAnErrorAndChangesNothing) {
  EXPECT_EQ(run().exit_code, 3);  // not there
  fs::create_directories(inbox_);
  EXPECT_EQ(run().exit_code, 3);  // not mounted
  write_text(inbox_ + "/broken.json", R"({"type": "Feature", "stac_version": "1.0.0"})");
  const Outcome broken = run();
  EXPECT_EQ(broken.exit_code, 3);
  EXPECT_THAT(broken.err, HasSubstr("holds no scene that can be used; " + inbox_ + "/broken.json: "));
  fs::remove(inbox_ + "/broken.json");
  expect_as_before();
  deliver(0, count());
  EXPECT_EQ(run().exit_code, 0);
  expect_as_before();
  // Each has its row, those that failed too.
  const std::vector<RunRow> runs = read_runs(state_ + "/register.gpkg");
  ASSERT_EQ(runs.size(), 5U);
  EXPECT_EQ(runs[0].exit_code, 0);
  EXPECT_EQ(runs[0].new_acquisitions, 73);
  EXPECT_EQ(static_cast<std::size_t>(runs[0].alerts), ids_of(expected()).size());
  EXPECT_EQ(runs[1].exit_code, 3);
  EXPECT_THAT(runs[2].message, HasSubstr("inbox"));
  EXPECT_EQ(runs[3].exit_code, 3);
  EXPECT_EQ(runs[4].exit_code, 0);
  const Outcome verified = run_process({PITWATCH_PROGRAM, "verify", state_, "--no-inputs"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out;
}

TEST_F(SourcesCli, OtherTermsAreAskedFor) {
  deliver(0, count());
  const Outcome refused = run({"--buffer-m", "250"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("buffer-m 300 -> 250"));
  EXPECT_THAT(refused.err, HasSubstr("--relearn"));
  const Outcome threshold = run({"--confirm-observations", "4"});
  EXPECT_EQ(threshold.exit_code, 2);
  EXPECT_THAT(threshold.err, HasSubstr("confirm-observations"));
  expect_as_before();

  const std::string moved = folder_ / "moved.geojson";
  std::string sites = read_text(series().sites());
  sites.replace(sites.find("40.152"), 6, "40.151");
  write_text(moved, sites);
  EXPECT_EQ(run({"--sites", moved}).exit_code, 2);
  expect_as_before();

  ASSERT_EQ(run({"--buffer-m", "250", "--relearn"}).exit_code, 0);
  expect_no_id_lost(state_);
  std::size_t superseded = 0;
  for (const json& alert : registered(state_)) {
    if (alert.at("status") != "superseded") continue;
    EXPECT_THAT(alert.at("superseded").at("why").get<std::string>(), ::testing::AnyOf("relearnt", "merged"));
    ++superseded;
  }
  EXPECT_GT(superseded, 0U);
  EXPECT_EQ(run({"--buffer-m", "250"}).exit_code, 0);
  EXPECT_EQ(run().exit_code, 2);
  // Back to the former options: the former alerts stand again under their ids.
  ASSERT_EQ(run({"--relearn"}).exit_code, 0);
  for (const std::string& id : ids_of(expected())) EXPECT_EQ(ids_of(alerts_of(state_)).count(id), 1U) << id;
  expect_no_id_lost(state_);
}

TEST_F(SourcesCli, ASiteThatIsNotListedIsKept) {
  deliver(0, count());
  const std::string other = folder_ / "other.geojson";
  write_text(other, R"({"type": "FeatureCollection", "features": [{"type": "Feature",
    "properties": {"id": "other"}, "geometry": {"type": "Polygon", "coordinates":
    [[[46.611, 40.147], [46.614, 40.147], [46.614, 40.149], [46.611, 40.149], [46.611, 40.147]]]}}]})");
  ASSERT_EQ(run({"--sites", other}).exit_code, 0);
  for (const json& alert : registered(state_)) {
    if (alert.at("site") == "small" && alert.at("status") != "superseded") {
      EXPECT_EQ(alert.at("status"), "not_watched");
    }
  }
  for (const std::string& id : ids_of(expected())) EXPECT_EQ(ids_of(alerts_of(state_)).count(id), 1U) << id;
  ASSERT_EQ(run().exit_code, 0);
  json again = json::parse(alerts_of(state_));
  for (const json& alert : again.at("features")) {
    if (alert.at("properties").at("site") == "small") {
      EXPECT_NE(alert.at("properties").at("status"), "not_watched");
    }
  }
  expect_no_id_lost(state_);
}

TEST_F(SourcesCli, AnEndBeforeTheStatesIsARerun) {
  deliver(0, count());
  const Outcome early = run({"--to", "2022-06-01"});
  EXPECT_EQ(early.exit_code, 2);
  EXPECT_THAT(early.err, HasSubstr("rerun"));
  expect_as_before();
}

TEST_F(SourcesCli, ALateSceneIsTakenInWhereThatIsSoundAndNamedWhereNot) {
  // One that shows something.
  const std::size_t late = static_cast<std::size_t>(
      std::find_if(series().names().begin(), series().names().end(),
                   [](const std::string& name) { return name.find("20221102") != std::string::npos; }) -
      series().names().begin());
  ASSERT_LT(late + 3, count());
  const std::string state = folder_ / "without";
  deliver(0, late);
  deliver(late + 1, count());
  ASSERT_EQ(run_on(state).exit_code, 0);
  EXPECT_TRUE(alerts_of(state) != expected());
  fs::copy(state, folder_ / "shrunk", fs::copy_options::recursive);
  // All since are there.
  deliver(late, late + 1);
  const Outcome taken = run_on(state);
  EXPECT_EQ(taken.exit_code, 0) << taken.err;
  EXPECT_THAT(taken.err, HasSubstr(" 1 new,"));
  EXPECT_EQ(alerts_of(state), expected());

  // One since is gone.
  const std::string shrunk = folder_ / "shrunk";
  const std::string before = alerts_of(shrunk);
  fs::remove_all(scene(late + 2));
  const Outcome left = run_on(shrunk);
  EXPECT_EQ(left.exit_code, 4) << left.err;
  EXPECT_THAT(left.err, HasSubstr("came late"));
  EXPECT_EQ(alerts_of(shrunk), before);
  const Outcome again = run_on(shrunk);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, Not(HasSubstr("came late")));
  // It is back.
  deliver(late + 2, late + 3);
  EXPECT_EQ(run_on(shrunk).exit_code, 0);
  EXPECT_EQ(alerts_of(shrunk), expected());
}

TEST_F(SourcesCli, ASceneThatIsOlderThanTheHistoryMovesNothing) {
  const std::string state = folder_ / "older";
  deliver(1, count());
  ASSERT_EQ(run_on(state).exit_code, 0);
  const std::string before = alerts_of(state);
  ASSERT_THAT(before, HasSubstr("PW-"));
  deliver(0, 1);
  const Outcome left = run_on(state);
  EXPECT_EQ(left.exit_code, 4) << left.err;
  EXPECT_THAT(left.err, HasSubstr("is older than the history of site 'small'"));
  EXPECT_EQ(alerts_of(state), before);
  const Outcome again = run_on(state);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(alerts_of(state), before);
  EXPECT_THAT(left.err, HasSubstr("--relearn small would learn from it"));
  ASSERT_EQ(run_on(state, {"--relearn", "small"}).exit_code, 0);
  EXPECT_EQ(alerts_of(state), expected());
}

TEST_F(SourcesCli, ADamagedCheckpointIsWorkedOutAgainOrStopsItsSiteAlone) {
  // A state that is worked out again stands under another name beside the damaged one until the run is published.
  const auto state_after = [&](const std::string& acquisitions) {
    std::string path;
    for (const std::string& name : test::names_in(state_ + "/sites/small")) {
      if (name.starts_with("looks-" + acquisitions)) path = state_ + "/sites/small/" + name;
    }
    return path;
  };
  const auto damage = [&](const std::string& path) {
    std::string text = read_text(path);
    text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 1);
    write_text(path, text);
    return text;
  };
  // The last scene is there.
  deliver(count() - 9, count());
  const std::string whole = read_text(state_after("000073"));
  damage(state_after("000073"));
  const Outcome mended = run();
  EXPECT_EQ(mended.exit_code, 4) << mended.err;
  EXPECT_THAT(mended.err, HasSubstr("looks-000073.state: is cut off or damaged"));
  expect_as_before();
  EXPECT_TRUE(read_text(state_after("000073")) == whole);
  EXPECT_EQ(run().exit_code, 0);

  // Of those since the last whole one some are gone.
  const std::string newest = state_after("000073");
  const std::string damaged = damage(newest);
  damage(state_after("000072"));
  const Outcome refused = run();
  EXPECT_EQ(refused.exit_code, 4) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("looks-000073"));
  EXPECT_THAT(refused.err, HasSubstr("restore it from a copy"));
  expect_as_before();
  EXPECT_TRUE(read_text(newest) == damaged) << "it may be of use yet";
  write_text(newest, whole);
  EXPECT_EQ(run().exit_code, 0);
  expect_as_before();
  // Or the scenes come back.
  damage(newest);
  deliver(0, count() - 9);
  EXPECT_EQ(run().exit_code, 4);
  expect_as_before();
  EXPECT_TRUE(read_text(state_after("000073")) == whole);
}

TEST_F(SourcesCli, MissingCheckpointsAreNotLearntOver) {
  deliver(count() - 40, count());
  const std::string checkpoints = state_ + "/sites/small";
  fs::remove_all(checkpoints);
  for (int night = 0; night < 2; ++night) {
    const Outcome refused = run();
    EXPECT_EQ(refused.exit_code, 4) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("looks-000073.state is missing"));
    EXPECT_THAT(refused.err, HasSubstr("restore it from a copy"));
    expect_as_before();
  }
  // As many acquisitions as before can be had, but not the same: the newest has left the archive, and another came.
  fs::remove_all(inbox_);
  deliver(0, count());
  const std::string newest_day = series().names()[count() - 1].substr(10, 8);
  for (std::size_t i = 0; i + 1 < count(); ++i) {
    if (series().names()[i].find(newest_day) != std::string::npos) fs::remove_all(scene(i));
  }
  json another = json::parse(read_text(item(count() - 1)));
  another["properties"]["datetime"] = "2023-01-15T07:44:01Z";
  another["properties"].erase("s2:datatake_id");
  another["id"] = "another";
  write_text(item(count() - 1), another.dump());
  const Outcome other = run();
  EXPECT_EQ(other.exit_code, 4) << other.err;
  EXPECT_THAT(other.err, HasSubstr("restore it from a copy"));
  expect_as_before();
  fs::remove_all(inbox_);
  deliver(0, count());
  // All are there: what is missing is named, and worked out again.
  const Outcome mended = run();
  EXPECT_EQ(mended.exit_code, 4) << mended.err;
  EXPECT_THAT(mended.err, HasSubstr("is missing"));
  expect_as_before();
  EXPECT_EQ(run().exit_code, 0);
}

TEST_F(SourcesCli, WhatStaysUnreadIsToldEveryNight) {
  deliver(0, count());
  const std::string state = folder_ / "unread";
  for (std::size_t i = count() - 3; i < count(); ++i) {
    for (const auto& entry : fs::recursive_directory_iterator(scene(i))) {
      if (entry.path().extension() == ".tif") fs::resize_file(entry.path(), fs::file_size(entry.path()) / 2);
    }
  }
  ASSERT_EQ(run_on(state, {"--quiet"}).exit_code, 4);
  const Outcome again = run_on(state);
  EXPECT_EQ(again.exit_code, 4) << again.err;
  EXPECT_THAT(again.err, HasSubstr("of its newest acquisitions still cannot be read"));
  fs::remove_all(inbox_);
  deliver(0, count());
  const Outcome whole = run_on(state);
  EXPECT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_EQ(alerts_of(state), expected());
}

TEST_F(SourcesCli, AStateOfANewerVersionIsRefused) {
  deliver(0, count());
  for (const auto& entry : fs::directory_iterator(state_ + "/sites/small")) {
    std::string text = read_text(entry.path().string());
    text.replace(0, 8, "PITWST99");
    write_text(entry.path().string(), text);
  }
  const Outcome refused = run();
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("newer version"));
  expect_as_before();
}

TEST_F(SourcesCli, ARerunStartsFromTheNightlyCheckpoints) {
  deliver(count() - 9, count());
  const auto rerun = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{PITWATCH_PROGRAM, "rerun", "--sites", series().sites(),
                                   "--source",       inbox_,  "--out",   folder_ / "rerun"};
    words.insert(words.end(), more.begin(), more.end());
    return run_process(words);
  };
  const auto files = [&] {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(state_)) names.insert(entry.path().string());
    return names;
  };
  const auto before = files();
  ASSERT_EQ(rerun({"--state", state_, "--to", "2022-12-31"}).exit_code, 0);
  EXPECT_EQ(alerts_of(folder_ / "rerun"), expected());
  EXPECT_EQ(files(), before);
  // Whatever checkpoint it has to go back to.
  deliver(0, count() - 9);
  const Outcome longer = rerun({"--state", state_, "--from", "2022-06-01", "--to", "2022-12-31"});
  ASSERT_EQ(longer.exit_code, 0) << longer.err;
  EXPECT_THAT(longer.err, Not(HasSubstr(" 0 replayed")));
  const json some = json::parse(alerts_of(folder_ / "rerun"));
  const json all = json::parse(expected());
  ASSERT_GT(some.at("features").size(), 0U);
  for (const json& alert : some.at("features")) {
    EXPECT_THAT(all.at("features"), ::testing::Contains(alert)) << alert.at("id");
  }
  const Outcome other = rerun({"--state", state_, "--to", "2022-12-31", "--confirm-observations", "4"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("confirm-observations"));
  EXPECT_EQ(files(), before);
}

TEST_F(SourcesCli, AStateOfAFormerAlgorithmIsLearntAnewWhenAskedTo) {
  const std::string former = PITWATCH_SOURCE_DIR "/tests/golden/state_format_2";
  const std::string state = folder_ / "former";
  fs::copy(former, state, fs::copy_options::recursive);
  const std::set<std::string> published = ids_of(alerts_of(state));
  ASSERT_EQ(published.size(), 2U);
  deliver(0, count());
  const std::vector<std::string> site{"--sites", former + "/site.geojson", "--buffer-m", "0"};
  const Outcome refused = run_on(state, site);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("was learnt with other options: algorithm pitwatch"));
  EXPECT_EQ(ids_of(alerts_of(state)), published);
  std::vector<std::string> relearning = site;
  relearning.emplace_back("--relearn");
  const Outcome learnt = run_on(state, relearning);
  EXPECT_EQ(learnt.exit_code, 0) << learnt.err;
  std::set<std::string> found;
  std::size_t reviewed = 0;
  for (const json& alert : registered(state)) {
    found.insert(alert.at("id"));
    if (published.count(alert.at("id")) != 0 && !alert.at("review").is_null()) ++reviewed;
  }
  for (const std::string& id : published) EXPECT_EQ(found.count(id), 1U) << id;
  EXPECT_EQ(reviewed, 1U);
  EXPECT_EQ(read_text(state + "/sites/tiny/looks-000073.state").substr(0, 8), "PITWST04");
  EXPECT_EQ(run_on(state, site).exit_code, 0);
}

/// An archive that keeps so many scenes, every night for two years.
class RollingArchive : public SourcesCli, public ::testing::WithParamInterface<std::size_t> {};

/// Of two editions of an acquisition the first that is there counts: the earlier one where they come one after the
/// other, the later one where both are there. Here both have the same pixels.
std::string of_any_edition(const std::string& text) {
  return std::regex_replace(text, std::regex("_[0-9]_L2A_small"), "_L2A_small");
}

TEST_P(RollingArchive, EndsWithTheAlertsOfTheFullOne) {
  const std::size_t kept = GetParam();
  const std::string state = folder_ / "rolling";
  std::size_t first = 0;
  std::set<std::string> published;
  // The first night may find what the archive holds then.
  for (std::size_t last = std::min(kept, count()); last <= count(); ++last) {
    const std::size_t begin = last - std::min(last, kept);
    if (last == std::min(kept, count())) {
      deliver(0, last);
    } else {
      deliver(last - 1, last);
    }
    for (; first < begin; ++first) fs::remove_all(scene(first));
    const Outcome night = run_on(state, {"--quiet"});
    ASSERT_EQ(night.exit_code, 0) << last << ": " << night.err;
    published.merge(ids_of(alerts_of(state)));
  }
  EXPECT_EQ(of_any_edition(alerts_of(state)), of_any_edition(expected()));
  std::set<std::string> found;
  for (const json& alert : registered(state)) found.insert(alert.at("id"));
  for (const std::string& id : published) EXPECT_EQ(found.count(id), 1U) << id;
  EXPECT_FALSE(fs::exists(state + "/sites/small/kept")) << "learnt: no more observations have to be kept";
}

INSTANTIATE_TEST_SUITE_P(Months, RollingArchive, ::testing::Values(9, 18, 40));

}  // namespace
}  // namespace pitwatch
