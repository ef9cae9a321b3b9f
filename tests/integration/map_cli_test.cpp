// The map from outside: which files it writes, and what of a folder it leaves alone. How it looks and works:
// tests/browser/map_test.py.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/nights.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::Contents;
using test::differences;
using test::names_in;
using test::night_scenes;
using test::Outcome;
using test::published_ids;
using test::read_text;
using test::run_process;
using test::TemporaryFolder;
using test::write_text;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Contents files_of(const std::string& folder) {
  Contents contents;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file())
      contents[fs::relative(entry.path(), folder).string()] = read_text(entry.path().string());
  }
  return contents;
}

class MapCli : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    nights_ = new test::Nights;
    state_ = *nights_ / "state";
    nights_->deliver(0, night_scenes().names().size());
    const Outcome ran = nights_->run(state_);
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
  }
  static void TearDownTestSuite() {
    delete nights_;
    nights_ = nullptr;
  }

  static Outcome map(const std::string& out, const std::vector<std::string>& more = {},
                     const std::string& state = state_) {
    std::vector<std::string> words{PITWATCH_PROGRAM, "map", "--state", state, "--out", out, "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return run_process(words);
  }

  TemporaryFolder folder_;
  static test::Nights* nights_;
  static std::string state_;
};

test::Nights* MapCli::nights_ = nullptr;
std::string MapCli::state_;

TEST_F(MapCli, TheSameStateGivesTheSameBytesAndIsNotTouched) {
  const Contents before = files_of(state_);
  const Outcome made = map(folder_ / "one", {"--threads", "1"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, IsEmpty());
  EXPECT_THAT(made.err, IsEmpty());
  ASSERT_EQ(map(folder_ / "two", {"--threads", "4"}).exit_code, 0);
  const Contents one = files_of(folder_ / "one");
  EXPECT_THAT(differences(one, files_of(folder_ / "two")), IsEmpty());
  EXPECT_THAT(differences(before, files_of(state_)), IsEmpty());
  EXPECT_THAT(names_in(folder_.path()), ElementsAre("one", "two"));
  for (const std::string& id : published_ids(state_)) {
    EXPECT_TRUE(one.contains("data/alert-" + id + ".js")) << id;
    EXPECT_THAT(one.at("data/map.js"), HasSubstr(id));
  }
  for (const char* const name : {"index.html", "app/main.js", "leaflet/leaflet.js", "leaflet/LICENSE.txt",
                                 "data/texts.js", "data/growth-0.js"}) {
    EXPECT_TRUE(one.contains(name)) << name;
  }
}

TEST_F(MapCli, PageIsWholeHtml) {
  if (std::system("tidy -v > /dev/null 2>&1") != 0) GTEST_SKIP() << "no tidy";
  for (const char* const language : {"en", "az", "ru"}) {
    ASSERT_EQ(map(folder_ / "map", {"--lang", language}).exit_code, 0);
    const Outcome tidied = run_process({"/usr/bin/tidy", "-e", "-q", "-utf8", folder_ / "map/index.html"});
    EXPECT_EQ(tidied.exit_code, 0) << tidied.err;
    EXPECT_THAT(tidied.err, IsEmpty());
    EXPECT_THAT(read_text(folder_ / "map/index.html"), HasSubstr("<html lang=\"" + std::string(language) + "\">"));
  }
}

TEST_F(MapCli, DossiersStayAndAreLinkedWhereTheyAre) {
  const std::string id = *published_ids(state_).begin();
  ASSERT_EQ(map(folder_ / "map").exit_code, 0);
  EXPECT_THAT(read_text(folder_ / "map/data/alert-" + id + ".js"), HasSubstr("\"dossier\":null"));
  fs::create_directories(folder_ / "map/dossiers");
  write_text(folder_ / "map/dossiers/alert-" + id + ".html", "a dossier");
  ASSERT_EQ(map(folder_ / "map").exit_code, 0);
  EXPECT_THAT(read_text(folder_ / "map/data/alert-" + id + ".js"),
              HasSubstr("\"dossier\":\"dossiers/alert-" + id + ".html\""));
  EXPECT_EQ(read_text(folder_ / "map/dossiers/alert-" + id + ".html"), "a dossier");

  fs::create_directories(folder_ / "else where");
  write_text(folder_ / "else where/alert-" + id + ".html", "a dossier");
  ASSERT_EQ(map(folder_ / "map", {"--dossiers", "../else where"}).exit_code, 2);  // dossiers/ would be lost
  fs::remove_all(folder_ / "map/dossiers");
  ASSERT_EQ(map(folder_ / "map", {"--dossiers", "../else where"}).exit_code, 0);
  EXPECT_THAT(read_text(folder_ / "map/data/alert-" + id + ".js"), HasSubstr("../else%20where/alert-" + id + ".html"));
  for (const char* const bad : {"/else where", "data", "nowhere"}) {
    const Outcome refused = map(folder_ / "map", {"--dossiers", bad});
    EXPECT_EQ(refused.exit_code, 2) << bad;
    EXPECT_THAT(refused.err, HasSubstr("--dossiers"));
  }
}

TEST_F(MapCli, WhatIsNoMapIsLeftAlone) {
  fs::create_directories(folder_ / "home");
  write_text(folder_ / "home/thesis.txt", "years of work");
  const Outcome refused = map(folder_ / "home");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("thesis.txt"));
  EXPECT_THAT(names_in(folder_ / "home"), ElementsAre("thesis.txt"));
  EXPECT_EQ(map(folder_ / "home/thesis.txt").exit_code, 2);
  EXPECT_THAT(names_in(folder_.path()), ElementsAre("home"));
}

TEST_F(MapCli, AMapThatCannotBeMadeLeavesTheOneBefore) {
  ASSERT_EQ(map(folder_ / "map").exit_code, 0);
  const Contents before = files_of(folder_ / "map");
  EXPECT_EQ(map(folder_ / "map", {}, folder_ / "no state").exit_code, 3);
  EXPECT_EQ(map(folder_ / "map", {"--site", "no-such-site"}).exit_code, 2);
  EXPECT_EQ(map(folder_ / "map", {"--lang", "de"}).exit_code, 2);
  EXPECT_EQ(map(folder_ / "map", {"--film", "-1"}).exit_code, 2);
  test::Invocation full{{PITWATCH_PROGRAM, "map", "--state", state_, "--out", folder_ / "map", "--quiet"}, {}, {}, {}};
  full.largest_file_bytes = 1000;
  const Outcome failed = run_process(full);
  EXPECT_EQ(failed.exit_code, 1) << failed.err;
  EXPECT_THAT(failed.err, HasSubstr("map/"));
  EXPECT_THAT(differences(before, files_of(folder_ / "map")), IsEmpty());
  EXPECT_THAT(names_in(folder_.path()), ElementsAre("map"));
}

/// Files that hold a text.
std::vector<std::string> with_text(const std::string& folder, const std::string& text) {
  std::vector<std::string> names;
  for (const auto& [name, content] : files_of(folder)) {
    if (content.find(text) != std::string::npos) names.push_back(name);
  }
  return names;
}

TEST_F(MapCli, ReviewersAreNamedWhereThatIsAskedFor) {
  const std::string state = folder_ / "state";
  test::Nights::copy(state_, state);
  const std::string id = *published_ids(state).begin();
  for (const char* const verdict : {"licensed", "confirmed_mining"}) {
    const Outcome reviewed = run_process({PITWATCH_PROGRAM, "alerts", "review", id, "--state", state, "--verdict",
                                          verdict, "--reviewer", "Rana Private", "--reason", "permit 7"});
    ASSERT_EQ(reviewed.exit_code, 0) << reviewed.err;
  }
  ASSERT_EQ(map(folder_ / "map", {}, state).exit_code, 0);
  EXPECT_THAT(with_text(folder_ / "map", "Rana"), IsEmpty());
  EXPECT_THAT(with_text(folder_ / "map", "permit 7"), ElementsAre("data/alert-" + id + ".js"));
  EXPECT_THAT(with_text(folder_ / "map", "\"not named\""), ElementsAre("data/alert-" + id + ".js"));
  ASSERT_EQ(map(folder_ / "map", {"--with-reviewers"}, state).exit_code, 0);
  EXPECT_THAT(with_text(folder_ / "map", "Rana Private"), ElementsAre("data/alert-" + id + ".js"));
}

TEST_F(MapCli, WhatIsMissingIsNamed) {
  const std::string state = folder_ / "state";
  test::Nights::copy(state_, state);
  const std::string id = *published_ids(state).begin();
  fs::create_directories(state + "/chips/small/" + id);
  write_text(state + "/chips/small/" + id + "/detected.tif", "no raster");
  const Outcome made = map(folder_ / "map", {}, state);
  EXPECT_EQ(made.exit_code, 4);
  EXPECT_THAT(made.err, HasSubstr("picture of " + id));
  EXPECT_EQ(map(folder_ / "map", {"--film", "0"}, state).exit_code, 0);
}

TEST_F(MapCli, SitesAndNaturalAlertsAreChosen) {
  ASSERT_EQ(map(folder_ / "map", {"--max-natural", "0"}).exit_code, 0);
  const std::string none = read_text(folder_ / "map/data/map.js");
  ASSERT_EQ(map(folder_ / "map", {"--site", "small", "--max-natural", "1"}).exit_code, 0);
  const std::string all = read_text(folder_ / "map/data/map.js");
  EXPECT_LT(none.size(), all.size());
  for (const std::string& id : published_ids(state_)) EXPECT_THAT(all, HasSubstr(id));
}

}  // namespace
}  // namespace pitwatch
