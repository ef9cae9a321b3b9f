#pragma once
// Reviews by eight people at once.

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/nights.hpp"

namespace pitwatch::test {

class ReviewCrowd {
 public:
  static constexpr int reviewers = 8;
  static constexpr int of_each = 25;

  /// Begins; `more` are options of each review.
  ReviewCrowd(const std::string& state, const std::vector<std::string>& more)
      : acknowledged_(reviewers), refused_(reviewers) {
    const std::set<std::string> published = published_ids(state);
    const std::vector<std::string> ids(published.begin(), published.end());
    EXPECT_FALSE(ids.empty());
    for (int who = 0; who < reviewers && !ids.empty(); ++who) {
      threads_.emplace_back([this, who, state, more, ids] {
        const auto n = static_cast<std::size_t>(who);
        for (int i = 0; i < of_each; ++i) {
          const std::string reason = std::to_string(who) + "/" + std::to_string(i);
          std::vector<std::string> words{PITWATCH_PROGRAM, "alerts",
                                         "review",         ids[static_cast<std::size_t>(who + i) % ids.size()],
                                         "--state",        state,
                                         "--verdict",      "natural",
                                         "--reviewer",     "R" + std::to_string(who),
                                         "--reason",       reason};
          words.insert(words.end(), more.begin(), more.end());
          const Outcome done = run_process(words);
          if (done.exit_code == 0) acknowledged_[n].push_back(reason);
          if (done.exit_code != 0) refused_[n].push_back(done);
        }
        --at_work_;
      });
    }
  }
  ~ReviewCrowd() { join(); }

  bool is_at_work() const { return at_work_ > 0; }
  void join() {
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  /// Each review that was acknowledged is there once, and no other. Returns how many they are.
  std::size_t expect_in(const std::string& target) const {
    std::multiset<std::string> recorded;
    for (const RegisteredReview& each : read_reviews(target)) recorded.insert(each.review.reason);
    std::size_t count = 0;
    for (const auto& of_one : acknowledged_) {
      for (const std::string& reason : of_one) EXPECT_EQ(recorded.count(reason), 1U) << reason;
      count += of_one.size();
    }
    EXPECT_GE(recorded.size(), count);
    recorded_beyond_ = recorded.size() - count;
    return count;
  }
  /// Reviews that are there though their reviewers were told that something failed.
  std::size_t recorded_beyond() const { return recorded_beyond_; }
  std::vector<Outcome> refused() const {
    std::vector<Outcome> all;
    for (const auto& of_one : refused_) all.insert(all.end(), of_one.begin(), of_one.end());
    return all;
  }

 private:
  std::atomic<int> at_work_ = reviewers;
  std::vector<std::vector<std::string>> acknowledged_;
  std::vector<std::vector<Outcome>> refused_;
  std::vector<std::thread> threads_;
  mutable std::size_t recorded_beyond_ = 0;
};

}  // namespace pitwatch::test
