#include "pipeline/schedule/slot_pipeline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/schedule/arena.hpp"

namespace pitwatch {
namespace {

struct Slot {
  int number = -1;
  int result = 0;
};

/// Squares of 0 ... count - 1 in the order in which they are sunk.
std::vector<int> squares(int count, int slots, int threads) {
  std::vector<int> sunk;
  in_arena(threads, [&] {
    std::vector<Slot> pool(static_cast<std::size_t>(slots));
    int next = 0;
    run_slots(
        std::span(pool),
        [&](Slot& slot) {
          if (next == count) return false;
          slot.number = next++;
          return true;
        },
        [](Slot& slot) { slot.result = slot.number * slot.number; }, [&](Slot& slot) { sunk.push_back(slot.result); });
  });
  return sunk;
}

TEST(SlotPipeline, SinksInTheOrderOfTheSource) {
  std::vector<int> expected(200);
  for (int i = 0; i < 200; ++i) expected[static_cast<std::size_t>(i)] = i * i;
  for (const int threads : {1, 2, 4}) {
    for (const int slots : {1, 2, 7}) EXPECT_EQ(squares(200, slots, threads), expected) << threads << " " << slots;
  }
  EXPECT_TRUE(squares(0, 3, 2).empty());
}

TEST(SlotPipeline, HasNoMoreInFlightThanThereAreSlots) {
  std::atomic<int> in_flight = 0;
  std::atomic<int> most = 0;
  in_arena(4, [&] {
    std::vector<Slot> pool(3);
    int next = 0;
    run_slots(
        std::span(pool),
        [&](Slot& slot) {
          slot.number = next++;
          if (next <= 300) ++in_flight;
          return next <= 300;
        },
        [&](Slot&) { most = std::max(most.load(), in_flight.load()); }, [&](Slot&) { --in_flight; });
  });
  EXPECT_LE(most, 3);
  EXPECT_GE(most, 1);
  EXPECT_EQ(in_flight, 0);
}

/// Fails at number 20 in one of the steps. Returns the message, and how many were sunk.
std::pair<std::string, int> fail_in(const std::string& step, int threads) {
  std::string message;
  int sunk = 0;
  const auto maybe_fail = [&](const std::string& here, const Slot& slot) {
    if (here == step && slot.number == 20) throw std::runtime_error(here);
  };
  in_arena(threads, [&] {
    std::vector<Slot> pool(4);
    int next = 0;
    try {
      run_slots(
          std::span(pool),
          [&](Slot& slot) {
            slot.number = next++;
            maybe_fail("source", slot);
            return next < 10'000;
          },
          [&](Slot& slot) { maybe_fail("work", slot); },
          [&](Slot& slot) {
            maybe_fail("sink", slot);
            ++sunk;
          });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
  });
  return {message, sunk};
}

TEST(SlotPipeline, ThrowsWhatAStepThrewOnceItHasRunEmpty) {
  for (const std::string step : {"source", "work", "sink"}) {
    for (const int threads : {1, 3}) {
      const auto [message, sunk] = fail_in(step, threads);
      EXPECT_EQ(message, step);
      EXPECT_LE(sunk, 20) << step;  // nothing behind the failure is sunk
      EXPECT_GE(sunk, 16) << step;  // what had been sunk before stays
    }
  }
}

}  // namespace
}  // namespace pitwatch
