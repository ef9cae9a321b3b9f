// Nights at whose every write, sync and rename the disk fails, or the process is killed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "tests/integration/faulty_night.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::Call;
using test::calls_of;
using test::FaultyNight;
using test::lasting_contents;
using test::Nights;
using test::Outcome;
using test::run_process;
using ::testing::IsEmpty;

/// Of many writes in a row to one file some: they are alike.
std::vector<Call> telling(const std::vector<Call>& calls, std::size_t most_writes) {
  std::vector<Call> some;
  std::string path;
  std::size_t alike = 0;
  for (const Call& call : calls) {
    const bool is_write = call.kind == "write" || call.kind == "open";
    alike = call.path == path && is_write ? alike + 1 : 0;
    path = call.path;
    if (alike < most_writes || alike % 16 == 0) some.push_back(call);
  }
  return some;
}

void expect_all_mended(const FaultyNight& night, std::size_t most_writes) {
  const std::vector<Call> calls = telling(night.calls(), most_writes);
  std::cout << calls.size() << " of " << night.calls().size() << " calls\n";
  for (const Call& call : calls) {
    for (const char* const with : {"ENOSPC", "EIO"}) night.expect_mended({call.number, with});
    night.expect_mended({call.number, "ENOSPC", true});
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(FaultsAtEveryCall, OfALaterNight) {
  if (!test::can_preload) GTEST_SKIP() << "nothing can be preloaded under a sanitizer";
  expect_all_mended(FaultyNight(30, 1), 1000);
}

TEST(FaultsAtEveryCall, OfTheFirstNight) {
  if (!test::can_preload) GTEST_SKIP() << "nothing can be preloaded under a sanitizer";
  expect_all_mended(FaultyNight(0, 28), 4);
}

TEST(FaultsAtEveryCall, OfANightThatLearnsFromWhatWasKept) {
  if (!test::can_preload) GTEST_SKIP() << "nothing can be preloaded under a sanitizer";
  expect_all_mended(FaultyNight(12, 16), 4);
}

/// One command on a state, and the state before it.
struct Step {
  std::string what;
  std::vector<std::string> command;
  std::string before;
  std::vector<Call> calls;
  std::chrono::milliseconds duration{};
  test::Contents after;
  std::set<std::string> published;  // up to then
};

class Kills : public ::testing::Test {
 protected:
  static constexpr std::size_t late = 26;

  /// Does a step undisturbed.
  void add(const std::string& what, const std::vector<std::string>& command) {
    Step step{what, command, nights_ / ("before" + std::to_string(steps_.size())), {}, {}, {}, {}};
    Nights::copy(state_, step.before);
    const auto start = std::chrono::steady_clock::now();
    step.calls = calls_of(command, state_);
    step.duration = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    step.after = lasting_contents(state_);
    published_.merge(test::published_ids(state_));
    step.published = published_;
    steps_.push_back(std::move(step));
  }
  void add_run(const std::string& what, const std::vector<std::string>& more = {}) {
    add(what, nights_.command(state_, more));
  }

  bool is_done(const Step& step) const {
    return step.what != "review" || !read_reviews(state_ + "/register.gpkg").empty();
  }

  /// Kills the step, once or several times, and has the next run finish it.
  void kill(const Step& step, std::size_t times, std::size_t& kills_done) {
    Nights::copy(step.before, state_);
    std::string moments;
    for (std::size_t i = 0; i < times; ++i) {
      Outcome cut;
      if (kills_done % 3 == 0) {
        const Call& call = publishing(step)[random_() % publishing(step).size()];
        cut = test::run_with_fault(step.command, state_, {call.number, "KILL"});
        moments += " " + call.kind + " " + call.path;
      } else {
        const std::chrono::milliseconds moment(random_() % static_cast<unsigned>(step.duration.count() + 1));
        cut = run_process({step.command, {}, {}, moment});
        moments += " " + std::to_string(moment.count()) + " ms";
      }
      if (cut.exit_code == -1) ++kills_done;
    }
    SCOPED_TRACE(step.what + ", killed at" + moments);
    if (fs::exists(state_ + "/register.gpkg")) {
      const Outcome verified = test::verify(state_);
      EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
    }
    // A review that came through is not made again.
    if (step.what == "review") {
      const Outcome next = nights_.run(state_);
      EXPECT_EQ(next.exit_code, 0) << next.err;
    }
    const Outcome finished = is_done(step) && step.what == "review" ? nights_.run(state_) : run_process(step.command);
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    test::Contents now = lasting_contents(state_);
    test::Contents expected = step.after;
    if (step.what == "review") {  // runs since then have told of it
      now.erase("alerts.geojson");
      expected.erase("alerts.geojson");
    }
    EXPECT_THAT(test::differences(expected, now), IsEmpty());
    const std::set<std::string> registered = test::registered_ids(state_);
    for (const std::string& id : step.published) EXPECT_EQ(registered.count(id), 1U) << id;
    const Outcome verified = test::verify(state_);
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
    EXPECT_EQ(verified.out.find("ended while it published"), std::string::npos) << verified.out;
  }

  /// Calls from the manifest on.
  static const std::vector<Call>& publishing(const Step& step) {
    static std::map<const Step*, std::vector<Call>> known;
    std::vector<Call>& calls = known[&step];
    if (calls.empty()) {
      const auto first = std::find_if(step.calls.begin(), step.calls.end(), [](const Call& call) {
        return call.path.find("/runs/") != std::string::npos && call.path.find(".json") != std::string::npos;
      });
      calls.assign(first, step.calls.end());
    }
    return calls;
  }

  std::mt19937 random_{test::seed_of_run()};
  Nights nights_;
  std::string state_ = nights_ / "state";
  std::vector<Step> steps_;
  std::set<std::string> published_;
};

TEST_F(Kills, ThreeHundredChangeNothingInTheEnd) {
  if (!test::can_preload) GTEST_SKIP() << "nothing can be preloaded under a sanitizer";
  constexpr std::size_t kills = 300;
  // The source has everything from the step on to which it belongs: each step is killed right after it was done.
  std::size_t done = 0;
  const auto kill_newest = [&](std::size_t share) {
    const std::string undisturbed = nights_ / "undisturbed";
    Nights::copy(state_, undisturbed);
    const Step& step = steps_.back();
    for (const std::size_t last = done + share; done < last;) {
      kill(step, std::min<std::size_t>(1 + random_() % 3, last - done), done);
      if (HasFatalFailure()) return;
    }
    Nights::copy(undisturbed, state_);
  };
  nights_.deliver(0, 12);
  add_run("first night, learning");
  kill_newest(30);
  nights_.deliver(12, late);
  nights_.deliver(late + 1, 31);
  add_run("night that learns");
  kill_newest(50);
  nights_.deliver(31, 32);
  add_run("night");
  kill_newest(50);
  nights_.deliver(late, late + 1);
  add_run("late scene");
  kill_newest(50);
  const std::string id = *test::published_ids(state_).begin();
  add("review", {PITWATCH_PROGRAM, "alerts", "review", id, "--state", state_, "--verdict", "natural", "--reviewer", "A",
                 "--at", "2023-01-02T03:04:05Z"});
  kill_newest(40);
  nights_.deliver(32, 33);
  add_run("night after the review");
  kill_newest(40);
  add_run("relearn", {"--confirm-observations", "4", "--relearn"});
  kill_newest(40);
  EXPECT_GE(done, kills);
  std::cout << done << " kills\n";
}

}  // namespace
}  // namespace pitwatch
