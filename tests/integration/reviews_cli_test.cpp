// Reviews by many at once, beside nightly runs and checks: none is lost that was acknowledged.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/nights.hpp"

namespace pitwatch {
namespace {

using test::Nights;
using test::Outcome;
using test::run_process;

TEST(ReviewsCli, NoneThatWasAcknowledgedIsLostBesideRuns) {
  constexpr int reviewers = 8;
  constexpr int of_each = 25;
  constexpr std::size_t first_night = 30;
  const Nights nights;
  const std::string state = nights / "state";
  nights.deliver(0, first_night);
  ASSERT_EQ(nights.run(state).exit_code, 0);
  const std::set<std::string> published = test::published_ids(state);
  const std::vector<std::string> ids(published.begin(), published.end());
  ASSERT_FALSE(ids.empty());

  std::atomic<int> at_work = reviewers;
  std::vector<std::vector<std::string>> acknowledged(reviewers);
  std::vector<std::string> refused(reviewers);
  std::vector<std::thread> threads;
  for (int who = 0; who < reviewers; ++who) {
    threads.emplace_back([&, who] {
      const auto n = static_cast<std::size_t>(who);
      for (int i = 0; i < of_each; ++i) {
        const std::string reason = std::to_string(who) + "/" + std::to_string(i);
        const Outcome done = run_process(
            {PITWATCH_PROGRAM, "alerts", "review", ids[static_cast<std::size_t>(who + i) % ids.size()], "--state",
             state, "--verdict", "natural", "--reviewer", "R" + std::to_string(who), "--reason", reason});
        if (done.exit_code == 0) acknowledged[n].push_back(reason);
        if (done.exit_code != 0) refused[n] += done.err;
      }
      --at_work;
    });
  }
  std::size_t scene = first_night;
  int runs = 0;
  while (at_work > 0) {
    if (scene < test::night_scenes().names().size()) {
      nights.deliver(scene, scene + 1);
      ++scene;
    }
    const Outcome night = nights.run(state);
    EXPECT_EQ(night.exit_code, 0) << night.err;
    ++runs;
    const Outcome verified = test::verify(state);
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  }
  for (std::thread& thread : threads) thread.join();

  std::multiset<std::string> recorded;
  for (const RegisteredReview& each : read_reviews(state + "/register.gpkg")) recorded.insert(each.review.reason);
  std::size_t count = 0;
  for (const auto& of_one : acknowledged) {
    for (const std::string& reason : of_one) EXPECT_EQ(recorded.count(reason), 1U) << reason;
    count += of_one.size();
  }
  for (const std::string& error : refused) EXPECT_EQ(error, "");
  EXPECT_EQ(recorded.size(), count) << "none that was refused is there";
  EXPECT_EQ(count, static_cast<std::size_t>(reviewers * of_each));
  EXPECT_GE(runs, 2);
  EXPECT_EQ(nights.run(state).exit_code, 0);
  const Outcome verified = test::verify(state);
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  std::cout << runs << " runs\n";
}

}  // namespace
}  // namespace pitwatch
