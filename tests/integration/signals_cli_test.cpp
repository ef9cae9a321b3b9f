// SIGTERM and SIGINT end a command cleanly.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/integration/nights.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::Contents;
using test::lasting_contents;
using test::Nights;
using test::Outcome;
using test::run_process;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Runs a command that gets a signal after so many seconds, if it is still there.
Outcome signalled(const std::vector<std::string>& command, const std::string& signal, const std::string& seconds) {
  std::vector<std::string> words{"/usr/bin/timeout", "--preserve-status", "-s", signal, seconds};
  words.insert(words.end(), command.begin(), command.end());
  return run_process(words);
}

std::vector<std::string> leftovers(const std::string& folder) {
  std::vector<std::string> names;
  if (!fs::exists(folder)) return names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().string().find(".tmp-") != std::string::npos) names.push_back(entry.path().string());
  }
  return names;
}

class Signals : public ::testing::TestWithParam<std::pair<const char*, int>> {};

TEST_P(Signals, EndARunCleanly) {
  const auto& [signal, exit_code] = GetParam();
  const Nights nights;
  nights.deliver(0, 34);
  const std::string whole = nights / "whole";
  ASSERT_EQ(nights.run(whole).exit_code, 0);
  const Contents expected = lasting_contents(whole);
  int ended = 0;
  std::vector<std::string> moments{"0.3"};
  if (exit_code == 143) moments = {"0.1", "0.2", "0.4", "0.6", "0.8", "1.2"};
  for (const std::string& seconds : moments) {
    SCOPED_TRACE(seconds);
    const std::string state = nights / ("state" + seconds);
    const Outcome outcome = signalled(nights.command(state), signal, seconds);
    if (outcome.exit_code != 0) {
      ++ended;
      EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
      // On a busy machine the signal may come before the program heeds any.
      if (fs::exists(state)) {
        EXPECT_EQ(outcome.err, std::string("pitwatch: error: ended by SIG") + signal + "\n");
      }
      EXPECT_THAT(outcome.out, IsEmpty());
    }
    EXPECT_THAT(leftovers(state), IsEmpty());
    const Outcome next = nights.run(state);
    EXPECT_EQ(next.exit_code, 0) << next.err;
    EXPECT_THAT(test::differences(expected, lasting_contents(state)), IsEmpty());
    EXPECT_EQ(test::verify(state).exit_code, 0);
  }
  EXPECT_GE(ended, moments.size() > 1 ? 2 : 1);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Signals,
                         ::testing::Values(std::pair{"TERM", 143}, std::pair{"INT", 130}, std::pair{"HUP", 129}),
                         [](const auto& tested) { return std::string(tested.param.first); });

TEST(SignalsCli, AnEndedNightIsOnRecord) {
  const Nights nights;
  nights.deliver(0, 20);
  const std::string state = nights / "state";
  ASSERT_EQ(nights.run(state).exit_code, 0);
  nights.deliver(20, 50);
  nlohmann::json status;
  for (const char* const seconds : {"0.3", "0.5", "0.8", "1.2"}) {
    static_cast<void>(signalled(nights.command(state), "TERM", seconds));
    status = nlohmann::json::parse(run_process({PITWATCH_PROGRAM, "status", "--state", state, "--json"}).out);
    if (status.at("last_run").at("exit_code") == 143) break;
  }
  EXPECT_EQ(status.at("last_run").at("exit_code"), 143);
  EXPECT_THAT(status.at("last_run").at("message").get<std::string>(), HasSubstr("ended by SIGTERM"));
  EXPECT_EQ(status.at("at_work"), false);
}

TEST(SignalsCli, WhatIsIgnoredStaysIgnored) {
  const Nights nights;
  nights.deliver(0, 28);
  std::string line =
      "trap '' HUP; exec /usr/bin/timeout --preserve-status -s HUP 0.2 /bin/sh -c 'trap \"\" HUP; exec \"$@\"' sh";
  for (const std::string& word : nights.command(nights / "state")) line += " '" + word + "'";
  EXPECT_EQ(run_process({"/bin/sh", "-c", line}).exit_code, 0);
}

/// A limit of sizes has the system send a signal that would kill the program in the middle of its work.
TEST(SignalsCli, AFileBeyondTheLimitOfSizesIsAnErrorWithItsReason) {
  const Nights nights;
  nights.deliver(0, 34);
  std::vector<std::string> words{"/bin/sh", "-c", "ulimit -f 8; exec \"$@\"", "sh"};
  const std::vector<std::string> run = nights.command(nights / "state");
  words.insert(words.end(), run.begin(), run.end());
  const Outcome outcome = run_process(words);
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("File too large"));
  EXPECT_EQ(nights.run(nights / "state").exit_code, 0);
}

TEST(SignalsCli, EndASimulation) {
  const test::TemporaryFolder folder;
  const Outcome simulation = signalled({PITWATCH_PROGRAM, "simulate", "--sites", test::night_scenes().sites(), "--from",
                                        "2021-01-01", "--to", "2023-12-31", "--out", folder / "series", "--quiet"},
                                       "INT", "0.5");
  EXPECT_EQ(simulation.exit_code, 130) << simulation.err;
  EXPECT_THAT(leftovers(folder.path()), IsEmpty());
}

}  // namespace
}  // namespace pitwatch
