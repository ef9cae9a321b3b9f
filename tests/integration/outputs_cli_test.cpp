// Where outputs may go: nothing that a command reads, that a nightly run keeps, or that is no file is lost to them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/nights.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::Outcome;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class Outputs : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    nights_ = new test::Nights;
    nights_->deliver(0, test::night_scenes().names().size());
    ASSERT_EQ(nights_->run(state()).exit_code, 0);
    id_ = *test::published_ids(state()).begin();
  }
  static void TearDownTestSuite() { delete nights_; }

  static std::string state() { return *nights_ / "state"; }
  static std::string item(std::size_t i) { return nights_->scene(i) + "/" + test::night_scenes().names()[i] + ".json"; }
  static Outcome run(Words words) {
    words.insert(words.begin(), PITWATCH_PROGRAM);
    return test::run_process(words);
  }

  /// The command is wrong, says `why`, and leaves `kept` as it is.
  static void expect_refused(const Words& words, const std::string& kept, const std::string& why) {
    const std::string before = test::read_text(kept);
    const Outcome outcome = run(words);
    SCOPED_TRACE(testing::PrintToString(words) + "\n" + outcome.err);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr(why));
    EXPECT_EQ(test::read_text(kept), before);
  }

  test::TemporaryFolder folder_;
  static test::Nights* nights_;
  static std::string id_;
};

test::Nights* Outputs::nights_ = nullptr;
std::string Outputs::id_;

TEST_F(Outputs, FilesOfANightlyStateAreKept) {
  for (const char* const name : {"/register.gpkg", "/alerts.geojson", "/runs/HEAD"}) {
    expect_refused({"alerts", "export", "--state", state(), "--out", state() + name}, state() + name, state() + name);
    expect_refused({"evidence", id_, "--state", state(), "--out", state() + name}, state() + name,
                   "is a file of a nightly state");
  }
  const std::string sites = test::night_scenes().sites(), published = state() + "/alerts.geojson";
  expect_refused({"rerun", "--sites", sites, "--source", nights_->inbox(), "--out", state()}, published,
                 "is the state of a nightly run");
  expect_refused({"compare", item(0), item(1), "--out", state()}, published, "is the state of a nightly run");
  expect_refused({"alerts", "export", "--state", state(), "--format", "geojson,csv", "--out", state() + "/"}, published,
                 "is the state of a nightly run");
}

TEST_F(Outputs, WhatAnotherOptionNamesIsKept) {
  const std::string alerts = folder_ / "a.geojson", sites = folder_ / "sites.geojson";
  fs::copy_file(state() + "/alerts.geojson", alerts);
  fs::copy_file(test::night_scenes().sites(), sites);
  fs::create_symlink(alerts, folder_ / "link.json");
  const Words score{"score", "--truth", test::night_scenes().scenes() + "/truth.geojson", "--alerts", alerts, "--out"};
  for (const std::string& same : {alerts, folder_ / "./a.geojson", folder_ / "link.json"}) {
    Words words = score;
    words.push_back(same);
    expect_refused(words, alerts, "--alerts names, too");
  }
  expect_refused({"index", item(0), "--sites", sites, "--index", "NDVI", "--table", sites}, sites,
                 "--sites names, too");
}

TEST_F(Outputs, WhatIsReadIsKeptWhereAFolderIsFilled) {
  const std::string out = folder_ / "out";
  fs::create_directories(out);
  const std::string sites = test::night_scenes().sites();
  for (const std::string name : {"alerts.geojson", "coverage.json", "account.csv", "truth.geojson"}) {
    fs::copy_file(sites, out + "/" + name);
  }
  expect_refused({"compare", item(0), item(1), "--aoi", out + "/alerts.geojson", "--out", out}, out + "/alerts.geojson",
                 "--aoi names, too");
  expect_refused({"account", "--state", state(), "--reference", out + "/account.csv", "--out", out},
                 out + "/account.csv", "--reference names, too");
  expect_refused({"simulate", "--sites", out + "/truth.geojson", "--out", out}, out + "/truth.geojson",
                 "--sites names, too");
  for (const std::string format : {"csv", "csv,json"}) {
    const std::string file = format == "csv" ? sites : sites + ".csv";
    if (format != "csv") fs::copy_file(sites, file);
    expect_refused({"inspect", "--at", "46.61,40.15", "--sites", file, "--source", nights_->inbox(), "--format", format,
                    "--out", sites},
                   file, "--sites names, too");
  }
  for (int again = 0; again < 2; ++again) {
    const Outcome coverage = run({"coverage", "--state", state(), "--out", folder_ / "cover"});
    EXPECT_NE(coverage.exit_code, 2) << "a folder that is there already: " << coverage.err;
  }
}

TEST_F(Outputs, FilesOfASceneAreKept) {
  const std::string scene = folder_ / "scene";
  fs::copy(nights_->scene(0), scene, fs::copy_options::recursive);
  const std::string its_item = scene + "/" + test::night_scenes().names()[0] + ".json";
  expect_refused({"index", its_item, "--index", "NDVI", "--out", scene + "/B04.tif"}, scene + "/B04.tif",
                 "is a band of a scene");
  expect_refused({"index", its_item, "--expression", "B04=B08-B11", "--out", scene}, scene + "/B04.tif",
                 "is a band of a scene");
  const std::string sites = test::night_scenes().sites();
  expect_refused({"index", its_item, "--sites", sites, "--index", "NDVI", "--table", scene + "/SCL.tif"},
                 scene + "/SCL.tif", "is a band of a scene");
  const Words commands[]{{"index", "--index", "NDVI", "--table"}, {"inspect", "--at", "46.61,40.15", "--out"}};
  for (Words words : commands) {
    words.insert(words.end(), {its_item, "--sites", sites, "--source", scene});
    expect_refused(words, its_item, "lies in what --source names");
  }
  const std::string outline = scene + "/area.png";
  fs::copy_file(sites, outline);
  expect_refused({"index", its_item, "--index", "NDVI", "--aoi", outline, "--png", "--out", scene + "/area.tif"},
                 outline, "is a file that is read");
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(run({"index", its_item, "--index", "NDVI", "--out", scene + "/NDVI.tif", "--quiet"}).exit_code, 0);
  }
}

TEST_F(Outputs, AMirrorIsNotMadeOfItsOwnSource) {
  const std::string archive = folder_ / "archive";
  fs::copy(nights_->inbox(), archive, fs::copy_options::recursive);
  const std::string kept = archive + "/" + test::night_scenes().names()[0] + "/B04.tif";
  for (const std::string& out : {archive, archive + "/mirror", folder_ / ""}) {
    expect_refused({"fetch", archive, "--sites", test::night_scenes().sites(), "--out", out}, kept,
                   "is, holds or lies in the source");
  }
}

TEST_F(Outputs, LinksAreFollowedAndWhatIsNoFileStays) {
  const std::string target = folder_ / "target.csv", link = folder_ / "link.csv", pipe = folder_ / "pipe";
  test::write_text(target, "before");
  fs::create_symlink(target, link);
  ASSERT_EQ(run({"alerts", "export", "--state", state(), "--format", "csv", "--out", link, "--quiet"}).exit_code, 0);
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_THAT(test::read_text(target), HasSubstr(id_));
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const Outcome into_pipe = run({"alerts", "export", "--state", state(), "--out", pipe});
  EXPECT_EQ(into_pipe.exit_code, 2);
  EXPECT_THAT(into_pipe.err, HasSubstr("is no regular file"));
  EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST_F(Outputs, AFolderThatIsNotThereIsAMistakeOfTheUser) {
  const std::string out = folder_ / "none/";
  const std::vector<Words> commands{{"evidence", id_, "--state", state(), "--out", out + "a.zip"},
                                    {"alerts", "export", "--state", state(), "--out", out + "a.csv"},
                                    {"index", item(0), "--index", "NDVI", "--out", out + "a.tif"},
                                    {"score", "--truth", test::night_scenes().scenes() + "/truth.geojson", "--alerts",
                                     state() + "/alerts.geojson", "--html", out + "a"},
                                    {"inspect", "--at", "46.6,40.1", "--sites", test::night_scenes().sites(),
                                     "--source", nights_->inbox(), "--out", out + "a.png"}};
  for (const Words& words : commands) {
    const Outcome outcome = run(words);
    SCOPED_TRACE(testing::PrintToString(words) + "\n" + outcome.err);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("there is no folder"));
  }
}

TEST_F(Outputs, WhatIsHandedOnNamesNoReviewersWhereThatIsAsked) {
  const std::string copy = folder_ / "state";
  fs::copy(state(), copy, fs::copy_options::recursive);
  ASSERT_EQ(run({"alerts", "review", id_, "--state", copy, "--verdict", "licensed", "--reviewer", "Some Body",
                 "--reason", "permit", "--quiet"})
                .exit_code,
            0);
  const auto page = [&](const std::string& out, Words more) {
    more.insert(more.begin(), {"report", "--state", copy, "--alert", id_, "--out", out, "--quiet"});
    EXPECT_EQ(run(more).exit_code, 0);
    return test::read_text(out + "/alert-" + id_ + ".html");
  };
  EXPECT_THAT(page(folder_ / "named", {}), HasSubstr("Some Body"));
  EXPECT_THAT(page(folder_ / "unnamed", {"--without-reviewers"}), testing::Not(HasSubstr("Some Body")));
}

TEST_F(Outputs, WhatNoAlertHasIsWarnedOf) {
  const auto said = [](const std::string& option, const std::string& value) {
    const Outcome listed = run({"alerts", "list", "--state", state(), option, value});
    EXPECT_EQ(listed.exit_code, 0);
    return listed.err;
  };
  EXPECT_THAT(said("--site", "smal"), HasSubstr("no alert on record is of a site 'smal'"));
  EXPECT_THAT(said("--licence", "L-9"), HasSubstr("in a licence 'L-9'"));
  EXPECT_THAT(said("--holder", "Nobody"), HasSubstr("in a licence of 'Nobody'"));
  EXPECT_THAT(said("--site", "small"), testing::Not(HasSubstr("warning")));
  EXPECT_THAT(said("--detected-from", "2100-01-01"), HasSubstr("0 of "));
  EXPECT_THAT(said("--detected-to", "2015-01-01"), HasSubstr("0 of "));
}

TEST_F(Outputs, AMapIsMadeUnderABareName) {
  const std::string call = std::string("cd \"$1\" && ") + PITWATCH_PROGRAM + " map --state \"$2\" --out bare --quiet";
  const Outcome made = test::run_process({"/bin/sh", "-c", call, "sh", folder_ / "", state()});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_TRUE(fs::exists(folder_ / "bare/index.html"));
}

}  // namespace
}  // namespace pitwatch
