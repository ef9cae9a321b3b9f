// What is no file and no folder where one is asked for: a pipe that nobody writes to, a device without an end, a link
// to itself. No command waits for it or fails for a reason of its own; it says which path it is.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/nights.hpp"

namespace pitwatch {
namespace {

using test::Invocation;
using test::Outcome;
using testing::AnyOf;
using testing::HasSubstr;
using Words = std::vector<std::string>;
namespace fs = std::filesystem;

class OddPaths : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    nights_ = new test::Nights;
    nights_->deliver(0, 30);
    ASSERT_EQ(nights_->run(state()).exit_code, 0);
    ASSERT_EQ(::mkfifo((*nights_ / "odd_pipe").c_str(), 0600), 0);
    fs::create_symlink(*nights_ / "odd_loop", *nights_ / "odd_loop");
    fs::create_symlink("/dev/zero", *nights_ / "odd_zero");
  }
  static void TearDownTestSuite() { delete nights_; }

  static std::string state() { return *nights_ / "state"; }
  static std::string item(std::size_t i) { return nights_->scene(i) + "/" + test::night_scenes().names()[i] + ".json"; }
  static std::string out() { return *nights_ / "out"; }
  static std::string sites() { return test::night_scenes().sites(); }
  static std::string alerts() { return state() + "/alerts.geojson"; }

  /// The command with each odd path behind its last word is refused in good time, in a few lines of which one names the
  /// path.
  static void expect_refused(const Words& words) {
    for (const std::string kind : {"odd_pipe", "odd_loop", "odd_zero"}) {
      Invocation run{{PITWATCH_PROGRAM}, {}, {}, {}};
      run.command.insert(run.command.end(), words.begin(), words.end());
      run.command.push_back(*nights_ / kind);
      run.time_limit = std::chrono::seconds(20);
      const Outcome outcome = test::run_process(run);
      SCOPED_TRACE(testing::PrintToString(run.command) + "\n" + outcome.err + outcome.out);
      EXPECT_THAT(outcome.exit_code, AnyOf(2, 3, 4, 5));
      EXPECT_THAT(outcome.err + outcome.out, HasSubstr(kind));
      EXPECT_THAT(outcome.err, testing::Not(HasSubstr("filesystem error")));
      EXPECT_LE(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 4);
    }
  }

  static test::Nights* nights_;
};
test::Nights* OddPaths::nights_ = nullptr;

TEST_F(OddPaths, OfScenesAndImages) {
  expect_refused({"compare", item(1), "--out", out(), "--after"});
  expect_refused({"compare", "--out", out(), "--after", item(1), "--before"});
  expect_refused(
      {"index", "--index", "NDVI", "--date", "2021-07-01", "--bands", "B04=1,B08=2", "--out", out() + ".tif"});
  expect_refused({"compare", item(1), item(2), "--out", out(), "--aoi"});
  expect_refused({"compare", item(1), item(2), "--out", out(), "--config"});
  expect_refused({"scenes"});
  expect_refused({"index", "--index", "NDVI", "--out", out() + ".tif"});
  expect_refused({"index", item(1), "--index", "NDVI", "--out", out() + ".tif", "--aoi"});
  expect_refused({"series"});
  expect_refused({"fetch", "--sites", sites(), "--out", out(), "--source"});
}

TEST_F(OddPaths, OfTheNight) {
  const auto run = [](const Words& more) {
    Words words{"run", "--state", *nights_ / "other", "--history-days", "150"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  expect_refused(run({"--source", nights_->inbox(), "--sites"}));
  expect_refused(run({"--sites", sites(), "--source"}));
  for (const std::string option : {"--context", "--elevation", "--notify", "--register", "--ca-file", "--cache"}) {
    expect_refused(run({"--sites", sites(), "--source", nights_->inbox(), option}));
  }
  expect_refused({"run", "--history-days", "150", "--sites", sites(), "--source", nights_->inbox(), "--state"});
  expect_refused(run({"--sites", sites(), "--source", "https://127.0.0.1:9/", "--ca-file"}));
}

TEST_F(OddPaths, OfStatesAndRegisters) {
  for (const std::string command : {"status", "verify", "doctor", "coverage"}) expect_refused({command, "--state"});
  expect_refused({"prune", "--keep-checkpoints", "1", "--state"});
  expect_refused({"verify"});
  expect_refused({"report", "--all", "--out", out() + "_report", "--state"});
  expect_refused({"map", "--out", out() + "_map", "--state"});
  expect_refused({"inspect", "--at", "46.61,40.15", "--sites", sites(), "--source", nights_->inbox(), "--out",
                  out() + ".png", "--state"});
  expect_refused({"alerts", "list", "--register"});
  expect_refused({"alerts", "show", "PW-1", "--register"});
  expect_refused({"alerts", "diff", alerts()});
  expect_refused({"context", "--state", state(), "--layers"});
  expect_refused({"account", "--state", state(), "--out", out(), "--reference"});
  expect_refused({"notify", "--state", state(), "--subscriptions"});
  expect_refused({"score", "--alerts", alerts(), "--truth"});
  expect_refused({"score", "--alerts", alerts(), "--label"});
  test::write_text(out() + ".csv", "map,area_ha\npit,1\n");
  expect_refused({"score", "--strata", out() + ".csv", "--samples"});
}

}  // namespace
}  // namespace pitwatch
